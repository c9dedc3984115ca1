"""What a rule of one file or of one target looks at: a tree, or a plan."""

from __future__ import annotations

from envd_cache.diagnostics import Label
from envd_cache.evaluate.facts import PLACEHOLDER
from envd_cache.evaluate.locate import argument_location
from envd_cache.source import Location

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.evaluate.model import Evaluation, RecordedCall
    from envd_cache.ir.model import CacheDecl, CachePlan
    from envd_cache.lint.engines_wanted import Engines
    from envd_cache.source import SourceFile, Span
    from envd_cache.syntax.nodes import Argument, Call, File

# Of a value, in a message. A longer one is no name that a person gave.
LONGEST = 120


class SyntaxContext:
    """One file: its text and its tree."""

    __slots__ = ("source", "tree")

    def __init__(self, source: SourceFile, tree: File) -> None:
        self.source = source
        self.tree = tree

    def at(self, span: Span) -> Location:
        """Return a place of the file."""
        return Location(self.source, span)


class PlanContext:
    """One target: what it did, the plan that was made of it, and the engines that must take it."""

    __slots__ = ("engines", "evaluation", "plan")

    def __init__(self, evaluation: Evaluation, plan: CachePlan, engines: Engines) -> None:
        self.evaluation = evaluation
        self.plan = plan
        self.engines = engines

    def of(self, *backends: str) -> Iterator[CacheDecl]:
        """Yield the declarations of some backends."""
        for decl in self.plan.declarations:
            if decl.backend.name in backends:
                yield decl

    def calls(self, function: str) -> Iterator[RecordedCall]:
        """Yield the calls of one of envd's functions."""
        for call in self.evaluation.calls:
            if call.function == function:
                yield call


def is_guess(decl: CacheDecl) -> bool:
    """Say whether a declaration holds a fact that nobody knew here, so that its values say nothing."""
    return any(PLACEHOLDER in value for value in decl.values.values() if isinstance(value, str)) or any(
        PLACEHOLDER in key for key in decl.keys
    )


def known_part(plan: CachePlan) -> CachePlan:
    """Return a plan without the declarations that hold an unknown fact."""
    if not any(is_guess(decl) for decl in plan.declarations):
        return plan
    return plan.replace(
        exports=tuple([entry for entry in plan.exports if not is_guess(entry.decl)]),
        imports=tuple([entry for entry in plan.imports if not is_guess(entry.decl)]),
        declarations=tuple([decl for decl in plan.declarations if not is_guess(decl)]),
    )


def at(decl: CacheDecl, *names: str, on_name: bool = False) -> Location | None:
    """Return where the first of some parameters was given to a declaration, else the call."""
    for name in names:
        if name in decl.places:
            return argument_location(decl.site, decl.places[name], on_name=on_name)
    return decl.site.location


def labelled(location: Location | None, text: str) -> tuple[Label, ...]:
    """Return a label, none when there is no place for it."""
    return (Label(location, text),) if location else ()


def shown(text: str) -> str:
    """Return a value for a message: one line, of a length that people read."""
    line = text
    if not text.isprintable():
        line = "".join([letter if letter.isprintable() else "\ufffd" for letter in text])
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def effective(decl: CacheDecl, name: str) -> object:
    """Return what BuildKit takes a parameter for: the value given, or its default."""
    param = decl.backend.param(name)
    return decl.values.get(name, param.default if param else None)


def written_call(decl: CacheDecl) -> Call | None:
    """Return the tree of the call that declares a cache, None when it is in no file."""
    from envd_cache.syntax.calls import arguments_of  # noqa: PLC0415 - loads lark

    location = decl.site.location
    return arguments_of(location.source, location.span) if location else None


def written_argument(decl: CacheDecl, name: str) -> Argument | None:
    """Return how a parameter is written at its call; None when it came through `*` or `**`, or not at all."""
    place, call = decl.places.get(name), written_call(decl)
    positional = -1
    for argument in call.arguments if call else ():
        positional += argument.kind == "positional"
        if place == (positional if argument.kind == "positional" else argument.name) and place != "":
            return argument
    return None
