"""Records what a build file does, and answers what it asks. Knows nothing of the interpreter."""

from __future__ import annotations

from envd_cache.catalog import fact as fact_named
from envd_cache.catalog.bind import bind
from envd_cache.catalog.model import DataSource, Secret
from envd_cache.evaluate.facts import PLACEHOLDER, is_utf8, known, variable
from envd_cache.evaluate.model import CallSite, FactRead, Frame, RecordedCall
from envd_cache.evaluate.prelude import NAMESPACE
from envd_cache.problem import Foreign, Problem
from envd_cache.source import Location, Position, SourceFile, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    from envd_cache.diagnostics import Diagnostic
    from envd_cache.evaluate.dialect import Prepared
    from envd_cache.evaluate.facts import Answer, Facts

    Answered: TypeAlias = str | Secret | DataSource | None

_CACHE = NAMESPACE + "."


class Recorder:
    """What one evaluation has done so far.

    `label` is the target, `folder` where git is asked. `prepared` are the files by the id under which
    the interpreter knows them.
    """

    def __init__(self, label: str, facts: Facts, folder: str) -> None:
        self._label = label
        self._facts = facts
        self._folder = folder
        self.calls: list[RecordedCall] = []
        self.facts_read: list[FactRead] = []
        self.printed: list[str] = []
        self.diagnostics: list[Diagnostic] = []
        self.prepared: dict[str, Prepared] = {}

    def called(
        self, function: str, args: list[object], kwargs: dict[str, object], frames: list[str]
    ) -> Answered:
        """Record one call of a builtin, or answer it; returns what the build file gets.

        `args` and `kwargs` are as `_plain` of the prelude made them, `frames` debug texts of the stack.
        """
        call = RecordedCall(
            function,
            tuple([_value(value) for value in args]),
            {name: _value(value) for name, value in kwargs.items()},
            CallSite(lambda: self._frames(function, frames)),
        )
        if function.startswith(_CACHE):
            name = function[len(_CACHE) :]
            if fact_named(name) is not None and name != "none":
                return self._fact(name, call)
        self.calls.append(call)
        if function == "data.envd":
            return DataSource(str((*args, *kwargs.values(), "")[0]))
        return None

    def _frames(self, function: str, texts: list[str]) -> tuple[Frame, ...]:
        from envd_cache.evaluate.traceback import parse_frame  # noqa: PLC0415 - only for problems

        frames: list[Frame] = []
        for text in texts:
            raw = parse_frame(text)
            prepared = self.prepared.get(raw.file) if raw else None
            if raw is None or prepared is None:
                continue
            span = Span(prepared.offset_of_byte(raw.start), prepared.offset_of_byte(raw.end))
            name = raw.function if frames else function
            frames.append(Frame(name, Location(prepared.source, span)))
        return tuple(frames)

    def _fact(self, name: str, call: RecordedCall) -> Answered:
        signature = fact_named(name)
        if signature is None:
            return None
        bound = bind(call.function, signature.params, call.args, call.kwargs, len(signature.params))
        if bound.problems:
            self._refuse(call, bound.problems)
            return Secret("") if name == "secret" else PLACEHOLDER
        values = bound.values
        if name == "slug":
            text = str(values["text"])
            if not text:
                empty = Problem("EC106", "`cache.slug` needs a text that is not empty", bound.places["text"])
                self._refuse(call, (empty,))
                return PLACEHOLDER
            from envd_cache.evaluate.slug import slug  # noqa: PLC0415 - many files ask for none

            return slug(text)
        if name == "secret":
            variable_name = str(values["name"])
            self.facts_read.append(FactRead(name, variable_name, "", "the environment", call.site))
            return Secret(variable_name)
        return self._known_fact(name, values, call)

    def _known_fact(self, name: str, values: Mapping[str, object], call: RecordedCall) -> str:
        argument = str(values.get("name", ""))
        if name == "target":
            value, origin = self._label, "the target"
        elif answer := variable(self._facts, argument) if name == "env" else self._world(name):
            value, origin = answer.value, answer.origin
        elif "default" in values or name == "branch":
            value, origin = str(values.get("default", "main")), "the default"
        else:
            what = (
                f"the environment variable `{argument}` is not set"
                if name == "env"
                else f"no {name} is known"
            )
            given = f"env.{argument}" if name == "env" else name
            hint = f"give it with `--fact {given}=…`"
            if name == "env":
                hint = f'set it, give it with `--fact {given}=…`, or write `default="…"`'
            self._refuse(call, (Problem("EC116", what, hint=hint),))
            return PLACEHOLDER
        if not is_utf8(value):
            what = f"the environment variable `{argument}`" if name == "env" else f"the {name}"
            self._refuse(call, (Problem("EC116", f"{what} is not UTF-8, from {origin}"),))
            return PLACEHOLDER
        if name in ("branch", "commit") and not value and origin != "--fact":
            self._refuse(call, (Problem("EC116", f"the {name} from {origin} is no plain text"),))
            return PLACEHOLDER
        self.facts_read.append(FactRead(name, argument, value, origin, call.site))
        return value

    def _world(self, name: str) -> Answer | None:
        return known(self._facts, name, self._folder)

    def _refuse(self, call: RecordedCall, problems: tuple[Problem, ...]) -> None:
        from envd_cache.evaluate.locate import diagnostic_at  # noqa: PLC0415 - only for problems

        self.diagnostics += (diagnostic_at(call.site, problem) for problem in problems)

    def place(self, file: str, line: int, column: int, width: int) -> Location | None:
        """Return the location of a 1-based line and column of what the interpreter was given.

        Without a column the whole line, without its indentation.
        """
        prepared = self.prepared.get(file)
        if prepared is None:
            return None
        given = SourceFile(file, prepared.text)
        shown = given.line(line - 1)
        at = column - 1 if column else len(shown) - len(shown.lstrip())
        start = given.offset(Position(line - 1, at))
        end = start + (width or max(len(shown.rstrip()) - at, 1))
        byte = len(given.text[:start].encode())
        last = byte + len(given.text[start:end].encode())
        return Location(prepared.source, Span(prepared.offset_of_byte(byte), prepared.offset_of_byte(last)))


def _value(value: object) -> object:
    """Undo `_plain` of the prelude."""
    if type(value) is list:
        return [_value(item) for item in value]
    if type(value) is dict:
        if "tuple" in value:
            return tuple([_value(item) for item in value["tuple"]])
        if "dict" in value:
            return {_hashable(_value(key)): _value(item) for key, item in value["dict"]}
        return Foreign(str(value.get("other")))
    return value


def _hashable(key: object) -> object:
    return Foreign("tuple") if type(key) is tuple else key
