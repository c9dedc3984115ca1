"""Applies fixes to texts, and knows the fixes of what other phases find.

A safe fix never changes the plan of a target that has one: it mends a file that is refused, or removes what
has no effect on any output. An unsafe one changes the plan as its title says. A fix is applied whole or not
at all; one that touches what another has changed waits for the next run.
"""

from __future__ import annotations

import re

from envd_cache.catalog import BACKENDS
from envd_cache.catalog.common import KEY
from envd_cache.diagnostics import Fix
from envd_cache.lint.edits import is_literal, replaced, restring, without_argument
from envd_cache.source import Span
from envd_cache.syntax import nodes
from envd_cache.syntax.names import dotted
from envd_cache.syntax.parse import parse
from envd_cache.syntax.walk import children, statements_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from envd_cache.diagnostics import Diagnostic, Edit
    from envd_cache.source import SourceFile
    from envd_cache.syntax.nodes import Call, File, Node

_MEANT_NAME = re.compile(r"did you mean `([\w.]+)`\?")
_MEANT_WORD = re.compile(r'did you mean "([^"`]*)"\?')
_WRITE = re.compile(r'write `([^`"\\]+)`')
_WRITE_VALUE = re.compile(r"write `\w+=([^`]+)`")
_IN_QUOTES = re.compile(r'write it in quotes: `("[^`"\\]*")`')
# The parameter that each function takes by position.
_FIRST = {f"cache.{backend.name}": backend.params[0].name for backend in BACKENDS}
# The parameter that `key` completes, of those that cannot do without it.
_KEYED = {f"cache.{one.name}": one.key.param for one in BACKENDS if one.key and one.key.style == "tag"}
_LEAVE_OUT = "leave the argument out"
_NO_EFFECT = "has no effect"
_OTHER_DIRECTION = "has no effect: only "


def apply(text: str, fixes: Iterable[Fix]) -> str:
    """Return a text with the fixes in it that do not overlap with an earlier one."""
    taken: list[tuple[int, int, str]] = []
    for fix in fixes:
        edits = [(edit.location.span.start, edit.location.span.end, edit.text) for edit in fix.edits]
        # Two findings can ask for the same edit.
        new = [edit for edit in edits if edit not in taken]
        if not any(_overlap(edit, other) for edit in new for other in taken):
            taken += new
    for start, end, replacement in sorted(taken, reverse=True):
        text = text[:start] + replacement + text[end:]
    return text


def _overlap(one: tuple[int, int, str], other: tuple[int, int, str]) -> bool:
    # Two insertions at one place would have to agree on an order.
    return (one[0] < other[1] and other[0] < one[1]) or one[:2] == other[:2]


def fixed(diagnostics: Iterable[Diagnostic], *, unsafe: bool = False) -> Mapping[SourceFile, str]:
    """Return the new text of each file that a fix changes; the diagnostics are those of `with_fixes`."""
    by_file: dict[SourceFile, list[Fix]] = {}
    for found in diagnostics:
        fix = found.fix
        if fix is not None and fix.edits and (fix.safe or unsafe):
            sources = {edit.location.source for edit in fix.edits}
            if len(sources) == 1:
                by_file.setdefault(sources.pop(), []).append(fix)
    made = {source: apply(source.text, fixes) for source, fixes in by_file.items()}
    return {source: text for source, text in made.items() if text != source.text}


def with_fixes(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return the diagnostics, with a fix where other phases have found what can be mended from its place."""
    trees: dict[SourceFile, File | None] = {}
    return tuple([_with_fix(found, trees) for found in diagnostics])


def _with_fix(found: Diagnostic, trees: dict[SourceFile, File | None]) -> Diagnostic:
    make = _FIXES.get(found.code)
    if found.fix is not None or make is None or found.location is None:
        return found
    source = found.location.source
    if source not in trees:
        trees[source] = parse(source).value
    tree = trees[source]
    fix = make(found, source, tree) if tree else None
    return found.replace(fix=fix) if fix else found


# ---- fixes of other phases ----


def _renamed_argument(found: Diagnostic, source: SourceFile, tree: File) -> Fix | None:
    """Return the right name for a misspelt argument, unless the call has that argument too."""
    meant, location = _MEANT_NAME.fullmatch(found.hint), found.location
    if meant is None or location is None:
        return None
    for call in _calls_around(tree, location.span):
        for argument in call.arguments:
            if argument.name_span == location.span:
                given = [other.name for other in call.arguments]
                if call.arguments[0].kind == "positional":
                    given.append(_FIRST.get(dotted(call.callee), meant[1]))
                if meant[1] in given or any(other.kind in ("*", "**") for other in call.arguments):
                    return None
                return Fix(f"write `{meant[1]}`", (replaced(source, location.span, meant[1]),))
    return None


def _renamed(found: Diagnostic, source: SourceFile, tree: File) -> Fix | None:
    """Return the right spelling of a name that is bound nowhere."""
    meant, location = _MEANT_NAME.fullmatch(found.hint), found.location
    if meant is None or location is None:
        return None
    node = _node_at(tree, location.span)
    name = dotted(node) if node else source.text[location.span.start : location.span.end]
    if not name or name.count(".") != meant[1].count("."):
        return None
    return Fix(f"write `{meant[1]}`", (replaced(source, location.span, meant[1]),))


def _revalued(found: Diagnostic, source: SourceFile, tree: File) -> Fix | None:
    """Return what the hint says in place of a literal: nothing but a literal is touched."""
    node = _node_at(tree, found.location.span) if found.location else None
    if node is None or not is_literal(node):
        return None
    edit: Edit | None = None
    meant = _MEANT_WORD.fullmatch(found.hint) or _WRITE.fullmatch(found.hint)
    value = _WRITE_VALUE.fullmatch(found.hint) or _IN_QUOTES.fullmatch(found.hint)
    if found.code == "EC103":
        if found.hint == _LEAVE_OUT:
            return _removed(source, tree, node.span, safe=True)
        if value and "cache." not in value[1]:
            edit = replaced(source, node.span, value[1])
    elif meant and isinstance(node, nodes.String):
        edit = restring(source, node, meant[1])
    return Fix(f"write `{edit.text}`", (edit,)) if edit else None


def _ineffective(found: Diagnostic, source: SourceFile, tree: File) -> Fix | None:
    """Return the removal of an argument without effect.

    It is safe when the call itself decides its direction, so that no other use of it needs the argument.
    """
    if _NO_EFFECT not in found.message or found.location is None:
        return None
    for call in _calls_around(tree, found.location.span):
        for argument in call.arguments:
            if argument.name_span == found.location.span:
                if argument.name == _KEYED.get(dotted(call.callee)) and _gives(call, KEY.name):
                    return None  # `key` cannot stand without it
                safe = _OTHER_DIRECTION in found.message and _decides(call)
                return _removed(source, tree, argument.value.span, safe=safe)
    return None


def _gives(call: Call, name: str) -> bool:
    return any(argument.name == name for argument in call.arguments)


def _decides(call: Call) -> bool:
    splat = any(argument.kind in ("*", "**") for argument in call.arguments)
    use = [argument.value for argument in call.arguments if argument.name == "use"]
    return not splat and all(is_literal(value) for value in use)


def _removed(source: SourceFile, tree: File, value: Span, *, safe: bool) -> Fix | None:
    for call in _calls_around(tree, value):
        for argument in call.arguments:
            if argument.value.span == value and argument.kind == "keyword":
                edit = without_argument(source, call, argument)
                return Fix(f"remove `{argument.name}`", (edit,), safe) if edit else None
    return None


def _repeated(found: Diagnostic, source: SourceFile, tree: File) -> Fix | None:
    """Return the removal of a declaration that the same block has already, both written in literals."""
    location = found.location
    if location is None or not found.labels or found.labels[0].location.source != source:
        return None
    first = found.labels[0].location.span
    for block in _blocks(tree):
        calls = [
            statement
            for statement in block
            if isinstance(statement, nodes.Expression) and statement.value.span in (first, location.span)
        ]
        if len(calls) == 2 and all(_is_plain(statement.value) for statement in calls):
            return _without_lines(source, calls[1].span)
    return None


def _is_plain(node: Node) -> bool:
    return (
        isinstance(node, nodes.Call)
        and dotted(node.callee).startswith("cache.")
        and all(is_literal(argument.value) for argument in node.arguments)
    )


def _without_lines(source: SourceFile, span: Span) -> Fix | None:
    text = source.text
    start = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", span.end)
    end = len(text) if end < 0 else end + 1
    # Another statement or a comment on these lines stays where it is.
    if text[start : span.start].strip() or text[span.end : end].strip() or "#" in text[span.start : span.end]:
        return None
    return Fix("delete the second one", (replaced(source, Span(start, end), ""),))


_FIXES: Mapping[str, Callable[[Diagnostic, SourceFile, File], Fix | None]] = {
    "EC006": _renamed,
    "EC102": _renamed_argument,
    "EC103": _revalued,
    "EC106": _revalued,
    "EC108": _revalued,
    "EC110": _revalued,
    "EC114": _renamed_argument,
    "EC117": _ineffective,
    "EC201": _repeated,
}


# ---- ways through a tree ----


def _calls_around(tree: File, span: Span) -> list[Call]:
    return [node for node in _around(tree, span) if isinstance(node, nodes.Call)]


def _node_at(tree: File, span: Span) -> Node | None:
    """Return the innermost expression with exactly this span."""
    found = None
    for node in _around(tree, span):
        if node.span == span and not isinstance(node, (nodes.Expression, nodes.Group)):
            found = node
    return found


def _around(tree: File, span: Span) -> list[Node]:
    """Return the nodes that hold a span, outermost first."""
    found: list[Node] = []
    rest: list[Node] = [tree]
    while rest:
        node = rest.pop()
        found.append(node)
        rest += (
            child for child in children(node) if child.span.start <= span.start and span.end <= child.span.end
        )
    return found


def _blocks(tree: File) -> list[tuple[Node, ...]]:
    found: list[tuple[Node, ...]] = [tree.statements]
    rest = list(tree.statements)
    while rest:
        node = rest.pop()
        if isinstance(node, nodes.If):
            found += (branch.body for branch in node.branches)
        elif statements_of(node):
            found.append(statements_of(node))
        rest += statements_of(node)
    return found
