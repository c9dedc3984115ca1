"""Cuts a text into logical lines, each of which is read by itself: a broken line costs only itself.

A logical line goes on while a bracket or a string is open. One that never closes, or that cannot be read,
ends where a later line is indented no deeper than its own start: people type from top to bottom, and what
follows an unfinished call is nearly always whole. What a line means is kept by its text, so an edit reads
one line and not the file.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right

from envd_cache.lsp.line import Line, line_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_BLANK = re.compile(r"[ \t\r\f]*+")
_MARK = re.compile(r'"""|\'\'\'|["\'#\n()\[\]{}]|\\\r?\n')
_TRIPLE = {
    '"""': re.compile(r'(?:[^"\\]++|\\[\s\S]|"(?!""))*+"""'),
    "'''": re.compile(r"(?:[^'\\]++|\\[\s\S]|'(?!''))*+'''"),
}
_SINGLE = {
    '"': re.compile(r'(?:[^"\\\n]++|\\(?:\r\n|[\s\S]))*+"?'),
    "'": re.compile(r"(?:[^'\\\n]++|\\(?:\r\n|[\s\S]))*+'?"),
}
_INDENTED = re.compile(r"\n([ \t]*+)(?=[^\s#)\]}])")


class Unit:
    """A logical line of a text. `head` is where its first physical line begins, `start` its first letter.

    `reach` is how many letters from its start decided where it ends. With `unclosed` it is all the rest of
    the text: a bracket or a string is open at the end of the file, so any later edit can change the line.
    """

    __slots__ = ("head", "line", "reach", "start", "unclosed")

    def __init__(self, head: int, start: int, line: Line, reach: int, *, unclosed: bool) -> None:
        self.head = head
        self.start = start
        self.line = line
        self.reach = reach
        self.unclosed = unclosed

    @property
    def indent(self) -> int:
        """How far the line is indented, in characters."""
        return self.start - self.head

    @property
    def end(self) -> int:
        """The offset behind its last letter."""
        return self.start + len(self.line.text)


class Lines:
    """The logical lines of one text, kept up to date by edits."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.units: list[Unit] = list(_units(text, 0))
        self._starts = [unit.start for unit in self.units]

    def edit(self, start: int, end: int, replacement: str) -> None:
        """Replace a range of the text; only the lines that it touches are read again."""
        delta = len(replacement) - (end - start)
        text = self.text = self.text[:start] + replacement + self.text[end:]
        old, starts = self.units, self._starts
        first = max(bisect_right(starts, start) - 1, 0)
        # A line that was cut short depends on what follows it.
        for number in range(first):
            unit = old[number]
            if unit.unclosed or unit.start + unit.reach >= start:
                first = number
                break
        at = old[first].head if old else 0
        at = text.rfind("\n", 0, min(at, start)) + 1
        heads = [unit.head for unit in old[first:]]
        made: list[Unit] = []
        kept = len(old)
        behind = start + len(replacement)
        for unit in _units(text, at):
            if unit.head > behind:
                number = bisect_left(heads, unit.head - delta)
                if number < len(heads) and heads[number] == unit.head - delta:
                    kept = first + number
                    break
            made.append(unit)
        rest = old[kept:]
        if delta:
            for unit in rest:
                unit.head += delta
                unit.start += delta
        self.units = old[:first] + made + rest
        self._starts = [unit.start for unit in self.units]

    def at(self, offset: int) -> Unit | None:
        """Return the line that an offset is in or right behind; None between lines."""
        number = bisect_right(self._starts, offset) - 1
        if number < 0 or offset > self.units[number].end:
            return None
        return self.units[number]

    def before(self, offset: int) -> int:
        """Return the number of the last line that starts at or before an offset, -1 for none."""
        return bisect_right(self._starts, offset) - 1


def _units(text: str, at: int) -> Iterator[Unit]:
    size = len(text)
    while at < size:
        blank = _BLANK.match(text, at)
        start = blank.end() if blank else at
        if start == size:
            return
        if text[start] == "\n":
            at = start + 1
            continue
        end, closed = _end_of(text, start)
        reach = end - start + 1
        line = line_of(text[start:end].rstrip("\r"))
        if (not closed or ("\n" in line.text and line.is_broken)) and (cut := _cut(text, start, end)):
            end = cut
            line = line_of(text[start:end].rstrip("\r"))
        yield Unit(at, start, line, reach, unclosed=not closed)
        at = end + 1


def _end_of(text: str, start: int) -> tuple[int, bool]:
    """Return where a logical line ends, and whether all that it opens is closed there."""
    size = len(text)
    depth = 0
    at = start
    while True:
        found = _MARK.search(text, at)
        if found is None:
            return size, depth <= 0
        mark = found[0]
        at = found.end()
        if mark == "\n":
            if depth <= 0:
                return found.start(), True
        elif mark == "#":
            at = text.find("\n", at)
            if at < 0:
                return size, depth <= 0
        elif mark in "([{":
            depth += 1
        elif mark in ")]}":
            depth -= depth > 0
        elif mark in _TRIPLE:
            body = _TRIPLE[mark].match(text, at)
            if body is None:
                return size, False
            at = body.end()
        elif mark in _SINGLE:
            body = _SINGLE[mark].match(text, at)
            at = body.end() if body else at


def _cut(text: str, start: int, end: int) -> int:
    """Return the end of the line before the first one that is indented no deeper than `start`; 0 if none."""
    indent = start - (text.rfind("\n", 0, start) + 1)
    at = start
    while found := _INDENTED.search(text, at, end):
        if len(found[1]) <= indent:
            return found.start()
        at = found.end()
    return 0
