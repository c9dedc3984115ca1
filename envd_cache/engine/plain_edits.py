"""The changes that take `cache` out of the text of one file. No line comes, goes or moves."""

from __future__ import annotations

from envd_cache.diagnostics import ERROR, Diagnostic, Result
from envd_cache.engine.plain_values import MEMBERS, READERS, Expression, members, namespace, reader
from envd_cache.evaluate.prelude import NAMESPACE
from envd_cache.record import Record
from envd_cache.source import Location, Span
from envd_cache.syntax import nodes
from envd_cache.syntax.names import unbound
from envd_cache.syntax.scan import skeleton, unify_newlines
from envd_cache.syntax.walk import walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from envd_cache.evaluate.model import FactRead
    from envd_cache.source import SourceFile
    from envd_cache.syntax.nodes import Node


class Change(Record):
    """What stands in place of a range of a text."""

    start: int
    end: int
    text: str


class Uses(Record):
    """Where a file uses names that it does not bind.

    `free` maps the offset of each such name to it. `fields` are the spans of `cache.X`, `values` those of
    every other `cache`: as an argument, in a list, behind `=`.
    """

    free: dict[int, str]
    fields: frozenset[Span] = frozenset()
    values: frozenset[Span] = frozenset()


class Words(Record):
    """What is written for what: an expression for each name of `cache`, and one for `cache` itself.

    `as_value`: some file uses `cache` as a value, so any value of any file may be it.
    """

    members: dict[str, Expression]
    namespace: Expression
    as_value: bool


def words(facts: Iterable[FactRead], *, as_value: bool) -> Words:
    """Return what is written in place of `cache` after an evaluation that read these facts."""
    made = members(facts)
    return Words(made, namespace(made), as_value)


def uses_of(tree: nodes.File) -> Uses:
    """Return where a file uses the `cache` that it does not bind, and every other such name."""
    free = {node.span.start: node.name for node in unbound(tree, (), {})}
    fields: list[Span] = []
    within: set[Span] = set()
    values: list[Span] = []
    if NAMESPACE in free.values():
        for node in walk(tree):
            if isinstance(node, nodes.Attribute):
                root = _without_brackets(node.value)
                if _is_cache(root, free):
                    fields.append(node.span)
                    within.add(root.span)
            elif _is_cache(node, free) and node.span not in within:
                values.append(node.span)
    return Uses(free, frozenset(fields), frozenset(values))


def changes(source: SourceFile, tree: nodes.File, uses: Uses, using: Words) -> Result[tuple[Change, ...]]:
    """Return the changes of one file in the order of the text; none with EC508 where there is no way."""
    if not uses.fields and not using.as_value:
        return Result(())
    code = skeleton(unify_newlines(source.text)).code
    bound, targets = _bound(tree)
    made: list[Change] = []
    for node in walk(tree):
        written: Expression | None = None
        if node.span in uses.fields and isinstance(node, nodes.Attribute):
            if node.span in targets:
                return _refused(
                    source, node.span, "a field of `cache` cannot be set", "remove the assignment"
                )
            # A name that `cache` does not have fails when it is reached, not before.
            written = using.members.get(node.name, Expression(f"(None.{node.name})"))
            made += (_at(_without_brackets(node.value).span, written.text), *_field(node, code, ""))
        elif isinstance(node, nodes.Attribute):
            may_be_ours = using.as_value and node.name in MEMBERS
            if may_be_ours and node.span not in targets:
                written = reader(node.name)
                start = node.span.start
                made += (Change(start, start, f"{written.text}("), *_field(node, code, ")"))
        elif isinstance(node, nodes.Name):
            if node.span in uses.values:
                written = using.namespace
            elif using.as_value and node.span.start in uses.free:
                written = READERS.get(node.name)
            if written:
                made.append(_at(node.span, written.text))
        for name in written.uses if written else ():
            if name in bound:
                message = (
                    f"plain envd needs its own `{name}` here, and the file gives that name another meaning"
                )
                return _refused(source, node.span, message, f"use another name than `{name}`")
    return Result(tuple(sorted(made, key=lambda change: change.start)))


def changed(text: str, made: Iterable[Change]) -> str:
    """Return a text with its changes; what stood on several lines still does."""
    pieces: list[str] = []
    done = 0
    for change in made:
        pieces += (text[done : change.start], change.text, "\n" * text.count("\n", change.start, change.end))
        done = change.end
    return "".join((*pieces, text[done:]))


def _refused(source: SourceFile, span: Span, message: str, hint: str) -> Result[tuple[Change, ...]]:
    return Result((), (Diagnostic("EC508", ERROR, message, Location(source, span), hint=hint),))


def _at(span: Span, text: str) -> Change:
    return Change(span.start, span.end, text)


def _field(node: nodes.Attribute, code: str, end: str) -> tuple[Change, Change]:
    """Return the changes that write `end` in place of a dot, and nothing in place of the name behind it."""
    dot = code.find(".", node.value.span.end)
    return Change(dot, dot + 1, end), _at(node.name_span, "")


def _without_brackets(node: Node) -> Node:
    while isinstance(node, nodes.Group):
        node = node.value
    return node


def _is_cache(node: Node, free: dict[int, str]) -> bool:
    return isinstance(node, nodes.Name) and free.get(node.span.start) == NAMESPACE


def _bound(tree: nodes.File) -> tuple[set[str], set[Span]]:
    """Return every name that a file binds anywhere, and the spans of the fields that it sets."""
    names: set[str] = set()
    fields: set[Span] = set()
    targets: list[Node] = []
    for node in walk(tree):
        if isinstance(node, nodes.FunctionDef | nodes.Parameter):
            names.add(node.name)
        elif isinstance(node, nodes.LoadedName):
            names.add(node.alias)
        elif isinstance(node, nodes.Assign):
            targets.append(node.target)
        elif isinstance(node, nodes.For | nodes.Clause) and node.targets is not None:
            targets.append(node.targets)
    while targets:
        node = _without_brackets(targets.pop())
        if isinstance(node, nodes.Name):
            names.add(node.name)
        elif isinstance(node, nodes.Attribute):
            fields.add(node.span)
        elif isinstance(node, nodes.Tuple | nodes.List):
            targets += node.items
    return names, fields
