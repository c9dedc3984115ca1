"""Edits of calls that keep comments and layout. Everything is worked out from the tree and the text."""

from __future__ import annotations

from envd_cache.diagnostics import Edit
from envd_cache.source import Location, Span
from envd_cache.syntax import nodes
from envd_cache.syntax.scan import skeleton, unify_newlines
from envd_cache.syntax.walk import walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.source import SourceFile
    from envd_cache.syntax.nodes import Argument, Call, Node

_BLANK = " \t"
_CONSTANTS = ("True", "False", "None")
_LITERALS = (nodes.String, nodes.Number, nodes.List, nodes.Tuple, nodes.Group, nodes.Unary)
_PLAIN = set(map(chr, range(0x20, 0x7F))) - set('"\\')


def text_of(source: SourceFile, node: Node) -> str:
    """Return a node as it is written."""
    return source.text[node.span.start : node.span.end]


def quoted(text: str) -> str:
    """Return a string literal for a text, "" when it would need an escape."""
    return f'"{text}"' if _PLAIN.issuperset(text) else ""


def replaced(source: SourceFile, span: Span, text: str) -> Edit:
    """Return the edit that puts a text in place of a span."""
    return Edit(Location(source, span), text)


def restring(source: SourceFile, node: nodes.String, text: str) -> Edit | None:
    """Return the edit that gives a string literal another value and leaves its quotes as they are."""
    written = text_of(source, node)
    mark = written[-1:]
    if node.prefix or written.startswith(mark * 3) or mark in text or not (_PLAIN | {'"'}).issuperset(text):
        return None
    return replaced(source, node.span, f"{mark}{text}{mark}")


def is_literal(node: Node) -> bool:
    """Say whether an expression has the same value at each evaluation: no name and no call in it."""
    return all(
        part.name in _CONSTANTS if isinstance(part, nodes.Name) else isinstance(part, _LITERALS)
        for part in walk(node)
    )


def without_argument(source: SourceFile, call: Call, gone: Argument) -> Edit | None:
    """Return the edit that takes one argument out of a call, and the line that it had for itself."""
    at = call.arguments.index(gone)
    text = source.text
    start, end = gone.span.start, gone.span.end
    code = skeleton(unify_newlines(text)).code
    comma = code.find(",", end, call.span.end)
    if comma >= 0 and not code[end:comma].strip():
        end = comma + 1
    elif at:
        # The last argument has no comma behind it: the one before it goes.
        before = call.arguments[at - 1].span.end
        if text[before:start].strip(", \t\r\n"):
            return None  # a comment stands between
        return replaced(source, Span(before, end), "")
    while end < len(text) and text[end] in _BLANK:
        end += 1
    line = text.rfind("\n", 0, start) + 1
    if not text[line:start].strip() and text[end : end + 1] in ("\n", "\r"):
        return replaced(source, Span(line, text.find("\n", end) + 1), "")
    if text[line:start].strip() and text[end : end + 1] in ("\n", "\r", "#"):
        end -= len(text[:end]) - len(text[:end].rstrip(_BLANK))
    return replaced(source, Span(start, end), "")


def with_argument(source: SourceFile, call: Call, written: str) -> Edit | None:
    """Return the edit that adds `name=value` behind the named arguments of a call."""
    named = [argument for argument in call.arguments if argument.kind in ("positional", "keyword", "*")]
    if not named:
        at = call.span.end - 1
        return replaced(source, Span(at, at), written) if not call.arguments else None
    last, text = named[-1], source.text
    end = last.span.end
    line = text.rfind("\n", 0, last.span.start) + 1
    indent = text[line : last.span.start]
    if not indent.strip() and "\n" in text[call.span.start : last.span.start]:
        # One argument a line: the new one gets a line too.
        newline = "\r\n" if text[line - 2 : line] == "\r\n" else "\n"
        return replaced(source, Span(end, end), f",{newline}{indent}{written}")
    return replaced(source, Span(end, end), f", {written}")
