"""Texts and places in them: files, spans, positions, labels.

All offsets are code points, 0-based, half open. Lines and columns are 0-based here too; only `report`
makes them 1-based. Nothing in this module reads a file.
"""

from __future__ import annotations

import os

from envd_cache.record import Record

BUILD_FILE = "build.envd"
ENTRY_FUNCTION = "build"


class Span(Record):
    """A range of one text: `start` up to, but without, `end`, in code points."""

    start: int
    end: int


class Position(Record):
    """A 0-based line and a 0-based column in code points."""

    line: int
    column: int


class SourceFile:
    """One text with the names under which people know it.

    `path` is how it was asked for and is shown to people; `label` is where it lies in the repository
    (`//team/caches.envd`), or the path again when it has no repository.
    """

    __slots__ = ("_byte_starts", "_line_starts", "label", "path", "text")

    def __init__(self, path: str, text: str, label: str = "") -> None:
        self.path = path
        self.text = text
        self.label = label or path
        self._line_starts: list[int] | None = None
        self._byte_starts: list[int] | None = None

    def __repr__(self) -> str:
        return f"SourceFile({self.path!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SourceFile) and (self.path, self.text) == (other.path, other.text)

    def __hash__(self) -> int:
        return hash(self.path)

    @property
    def line_starts(self) -> list[int]:
        """Offsets at which the lines begin. Only `\\n` ends a line, as in Starlark."""
        if self._line_starts is None:
            text, starts, at = self.text, [0], -1
            while (at := text.find("\n", at + 1)) >= 0:
                starts.append(at + 1)
            self._line_starts = starts
        return self._line_starts

    def position(self, offset: int) -> Position:
        """Return the line and column of an offset."""
        from bisect import bisect_right  # noqa: PLC0415 - not for a compile without problems

        starts = self.line_starts
        line = max(bisect_right(starts, offset) - 1, 0)
        return Position(line, offset - starts[line])

    def offset(self, position: Position) -> int:
        """Return the offset of a position, moved into the text when it lies outside."""
        starts = self.line_starts
        if position.line >= len(starts):
            return len(self.text)
        return min(starts[position.line] + max(position.column, 0), len(self.text))

    def line(self, number: int) -> str:
        """Return one line, without its line end; "" when there is none of that number."""
        starts = self.line_starts
        if not 0 <= number < len(starts):
            return ""
        end = starts[number + 1] if number + 1 < len(starts) else len(self.text)
        return self.text[starts[number] : end].rstrip("\r\n")

    def offset_of_byte(self, byte: int) -> int:
        """Return the code point offset of a UTF-8 byte offset (the interpreter counts bytes)."""
        text = self.text
        if text.isascii():
            return byte
        from bisect import bisect_right  # noqa: PLC0415 - only for text beyond ASCII

        starts = self.line_starts
        if self._byte_starts is None:
            sizes = [0]
            for number, start in enumerate(starts):
                end = starts[number + 1] if number + 1 < len(starts) else len(text)
                sizes.append(sizes[-1] + len(text[start:end].encode()))
            self._byte_starts = sizes
        line = max(bisect_right(self._byte_starts, byte, 0, len(starts)) - 1, 0)
        rest = byte - self._byte_starts[line]
        return starts[line] + len(text[starts[line] :].encode()[:rest].decode(errors="ignore"))


class Location(Record):
    """A span of a file."""

    source: SourceFile
    span: Span

    def is_inside(self, other: Location) -> bool:
        """Say whether this place is a part of another one, or the same."""
        within = other.span.start <= self.span.start and self.span.end <= other.span.end
        return within and self.source == other.source


class Target(Record):
    """What is built: a function of a build file, as in envd's `--from FILE:FUNCTION`."""

    path: str
    function: str = ENTRY_FUNCTION


def parse_target(text: str) -> Target | None:
    """Return the target that `FILE[:FUNCTION]` names, or None when it has two colons.

    `file`, `file:` and `:function` are all legal, as in envd 1.3.6; an empty part takes its default.
    """
    path, colon, function = text.partition(":")
    if ":" in function:
        return None
    return Target(path or BUILD_FILE, function or ENTRY_FUNCTION) if colon else Target(path or BUILD_FILE)


def lies_in(path: str, folder: str) -> bool:
    """Say whether an absolute path is a folder or lies in it, as they are spelled: no link is followed."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def target_label(folder: str, name: str, function: str) -> str:
    """Return `//folder:function`; a file that is not called build.envd stands in the path too."""
    where = folder if name == BUILD_FILE else f"{folder}/{name}".lstrip("/")
    return f"//{where}:{function}"
