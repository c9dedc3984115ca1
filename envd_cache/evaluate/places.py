"""Finds places in files by what the interpreter says: frames of its stack, lines and columns of its errors.

`prepared` are the files by the id under which the interpreter knows them.
"""

from __future__ import annotations

from envd_cache.evaluate.model import Frame
from envd_cache.evaluate.traceback import parse_frame
from envd_cache.source import Location, Position, SourceFile, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from envd_cache.evaluate.dialect import Prepared


def frames(prepared: Mapping[str, Prepared], function: str, texts: Iterable[str]) -> tuple[Frame, ...]:
    """Return the call of a builtin and the calls that led to it, from debug texts of the stack."""
    found: list[Frame] = []
    for text in texts:
        raw = parse_frame(text)
        file = prepared.get(raw.file) if raw else None
        if raw is None or file is None:
            continue
        span = Span(file.offset_of_byte(raw.start), file.offset_of_byte(raw.end))
        name = raw.function if found else function
        found.append(Frame(name, Location(file.source, span)))
    return tuple(found)


def place(prepared: Mapping[str, Prepared], file: str, line: int, column: int, width: int) -> Location | None:
    """Return the location of a 1-based line and column of what the interpreter was given.

    Without a column the whole line, without its indentation.
    """
    known = prepared.get(file)
    if known is None:
        return None
    given = SourceFile(file, known.text)
    shown = given.line(line - 1)
    at = column - 1 if column else len(shown) - len(shown.lstrip())
    start = given.offset(Position(line - 1, at))
    end = start + (width or max(len(shown.rstrip()) - at, 1))
    byte = len(given.text[:start].encode())
    last = byte + len(given.text[start:end].encode())
    return Location(known.source, Span(known.offset_of_byte(byte), known.offset_of_byte(last)))
