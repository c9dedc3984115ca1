"""Reads positions out of the interpreter's texts. Here its units meet ours.

starlark-pyo3 2026.1 gives a call on the stack as a Rust debug text with UTF-8 byte offsets, and an error
as a text with `--> file:line:column`, 1-based, in characters. Both are read with plain string methods.
"""

from __future__ import annotations

from envd_cache.record import Record


class RawFrame(Record):
    """A call on the interpreter's stack: function, file id, byte offsets; -1 where it has no place."""

    function: str
    file: str
    start: int
    end: int


class RawError(Record):
    """An error of the interpreter: its message, and the file id, line, column and width of its place.

    Line and column are 1-based; the file id is "" and they are 0 when the error has no place.
    """

    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    width: int = 0


def parse_frame(text: str) -> RawFrame | None:
    """Return the frame in the debug text of a `call_stack_frame`, or None when it has no place.

    Shape: `Value(StackFrame { name: "f", location: Some(FileSpan { file: CodeMap("id"), span:
    Span { begin: Pos(1), end: Pos(2) } }) })`.
    """
    parts = text.split('"')
    if len(parts) != 5:
        return None
    _, name, _, file, span = parts
    # `), span: Span { begin: Pos(`, `1), end: Pos(`, `2) } …`
    numbers = span.split("Pos(")
    if len(numbers) != 3:
        return None
    start, end = numbers[1].partition(")")[0], numbers[2].partition(")")[0]
    if not (start.isdigit() and end.isdigit()):
        return None
    return RawFrame(name, file, int(start), int(end))


def parse_error(text: str) -> RawError:
    """Return the parts of an error's text.

    `fail` can put anything into its message, so the first `error:` and the last `-->` are the real ones.
    The arrow is indented as far as the line number is wide; what is drawn below it starts with a number
    or a bar.
    """
    start = 0 if text.startswith("error: ") else text.find("\nerror: ") + 1
    lines = text[start:].removeprefix("error: ").split("\n")
    at = len(lines) - 1
    while at and not lines[at].lstrip(" ").startswith("--> "):
        at -= 1
    file, line, column = ([*lines[at].lstrip(" ").removeprefix("--> ").rsplit(":", 2), "", ""])[:3]
    if not at or not (line.isdigit() and column.isdigit()):
        return RawError("\n".join(lines).strip())
    head, width = "\n".join(lines[:at]), 0
    above = ""
    for drawn in lines[at + 1 :]:
        marks = drawn.partition("|")[2].strip()
        if marks and not marks.strip("^"):
            width = _characters(above[int(column) - 1 :], len(marks))
        above = drawn.partition("| ")[2]
    return RawError(head.strip(), file, int(line), int(column), width)


def _characters(text: str, cells: int) -> int:
    """Return how many characters of a text fill that many cells of a terminal: the marks are drawn so."""
    if text.isascii():
        return cells
    from unicodedata import combining, east_asian_width  # noqa: PLC0415 - only for text beyond ASCII

    for number, letter in enumerate(text):
        if cells <= 0:
            return number
        cells -= 0 if combining(letter) else 2 if east_asian_width(letter) in ("W", "F") else 1
    return len(text) + max(cells, 0)
