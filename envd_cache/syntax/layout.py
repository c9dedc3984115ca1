"""Makes lines and blocks of lark's tokens, the way go-starlark does. Knows tokens only by their shape."""

from __future__ import annotations

from envd_cache.syntax.scan import indent_width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

OPENING = frozenset(("LPAR", "LSQB", "LBRACE"))
CLOSING = frozenset(("RPAR", "RSQB", "RBRACE"))
# starlark-rust reserves `assert`, envd does not.
RESERVED = frozenset(
    {
        "as",
        "assert",
        "async",
        "await",
        "class",
        "del",
        "except",
        "finally",
        "from",
        "global",
        "import",
        "is",
        "nonlocal",
        "raise",
        "try",
        "while",
        "with",
        "yield",
    }
)


class LayoutError(Exception):
    """A fault that the layout sees before the parser: where, and what."""

    def __init__(self, start: int, end: int, message: str) -> None:
        super().__init__(message)
        self.start = start
        self.end = end
        self.message = message


class Layout:
    """Lark's `postlex`. Holds what it saw in the text that is being parsed: one text at a time."""

    always_accept = ("_NL", "COMMENT")

    def __init__(self) -> None:
        self.comments: list[Any] = []
        self.open: list[Any] = []

    def process(self, stream: Iterator[Any]) -> Iterator[Any]:
        """Yield the tokens of the parser: line ends only behind statements, indents, no comments."""
        self.comments = []
        self.open = []
        levels = [0]
        line_end: Any = None
        last: Any = None
        for token in stream:
            kind = token.type
            if kind == "COMMENT":
                self.comments.append(token)
                continue
            if kind == "_NL":
                if not self.open:
                    line_end = token
                continue
            if line_end is not None and not self.open:
                if last is not None:
                    yield line_end
                yield from _indent(levels, line_end, token)
            line_end = None
            if kind in OPENING:
                self.open.append(token)
            elif kind in CLOSING and self.open:
                self.open.pop()
            elif kind == "NAME":
                token = _checked(token)  # noqa: PLW2901 - the same token, of another type
            last = token
            yield token
        if last is not None:
            if not self.open:
                yield _like(last, "_NL")
            for _ in levels[1:]:
                yield _like(last, "_DEDENT")


def _like(token: Any, kind: str) -> Any:
    """Return an empty token at the end of another."""
    return type(token)(
        kind,
        "",
        token.end_pos,
        token.end_line,
        token.end_column,
        token.end_line,
        token.end_column,
        token.end_pos,
    )


def _indent(levels: list[int], line_end: Any, token: Any) -> Iterator[Any]:
    width = indent_width(line_end.rpartition("\n")[2])
    if width > levels[-1]:
        levels.append(width)
        yield token.update(type="_INDENT")
    while width < levels[-1]:
        levels.pop()
        if width > levels[-1]:
            message = "unindent does not match any outer indentation level"
            raise LayoutError(token.start_pos, token.end_pos, message)
        yield _like(line_end, "_DEDENT")


def _checked(token: Any) -> Any:
    if token in RESERVED:
        return token.update(type="RESERVED")
    if not token.isascii():
        for number, char in enumerate(token):
            if not (char.isascii() or char.isalpha()):
                at = token.start_pos + number
                raise LayoutError(at, at + 1, f"unexpected input character `{char}`")
    return token
