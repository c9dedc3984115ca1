"""Where the arguments of a call are written, and which functions and loads a file has.

Each answer reads as little of the file as it can, so that it is quick in a long file and does not
depend on the rest of a broken one.
"""

from __future__ import annotations

from envd_cache.source import Span
from envd_cache.syntax import nodes
from envd_cache.syntax.parse import parse_expression, parse_piece
from envd_cache.syntax.scan import logical_lines, skeleton, unify_newlines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.source import SourceFile
    from envd_cache.syntax.nodes import Call, FunctionDef, Node


def arguments_of(source: SourceFile, span: Span) -> Call | None:
    """Return the call at exactly `span`, as the interpreter reports it; None when that is no call.

    The text of the span is all that is read.
    """
    node = parse_expression(source, span)
    return node if isinstance(node, nodes.Call) else None


def item_span(value: Node, path: tuple[int | str, ...]) -> Span:
    """Return the span of the element that `path` leads to: indexes of lists, keys of dicts.

    Where the value is not written as a literal, or has no such element, the way ends at what was found.
    """
    for step in path:
        while isinstance(value, nodes.Group):
            value = value.value
        inner = _element(value, step)
        if inner is None:
            break
        value = inner
    return value.span


def _element(value: Node, step: int | str) -> Node | None:
    if isinstance(value, nodes.Dict):
        for entry in value.entries:
            key = entry.key
            if isinstance(key, nodes.String) and key.value == step:
                return entry.value
            if isinstance(key, nodes.Number) and isinstance(step, int) and key.text == str(step):
                return entry.value
    elif (
        isinstance(value, (nodes.List, nodes.Tuple))
        and isinstance(step, int)
        and 0 <= step < len(value.items)
    ):
        return value.items[step]
    return None


def functions(source: SourceFile) -> tuple[FunctionDef, ...]:
    """Return the functions that the top level defines, in order; one that cannot be read is left out."""
    return tuple(node for node in _top_level(source, "def") if isinstance(node, nodes.FunctionDef))


def loads(source: SourceFile) -> tuple[nodes.Load, ...]:
    """Return the load statements of the top level, in order."""
    return tuple(node for node in _top_level(source, "load") if isinstance(node, nodes.Load))


def load_span(source: SourceFile, module: str, name: str = "") -> Span | None:
    """Return where a file loads `module`: the string that names it, or that names `name` of it.

    None when no load statement of the top level does so.
    """
    for load in loads(source):
        if load.module == module:
            if not name:
                return load.module_span
            for loaded in load.names:
                if loaded.name == name:
                    return loaded.name_span
    return None


def _top_level(source: SourceFile, word: str) -> Iterator[Node]:
    """Yield the statements of those top-level pieces that begin with a word."""
    text = unify_newlines(source.text)
    code = skeleton(text).code
    starts: list[int] = []
    for start, end in logical_lines(code):
        if text[start] not in " \t":
            starts.append(end - len(code[start:end].lstrip()))
        # A bracket that is never closed must not hide the functions behind it.
        at = code.find("\ndef ", start, end)
        while at >= 0:
            starts.append(at + 1)
            at = code.find("\ndef ", at + 1, end)
    ends = [*starts[1:], len(text)] if starts else []
    for start, end in zip(starts, ends, strict=True):
        if code.startswith(word, start):
            yield from parse_piece(source, Span(start, end))
