"""Offsets of a text and positions of the protocol, in the unit that server and client agreed on.

A position is a 0-based line and a number of code units in it: bytes (utf-8), 16-bit words (utf-16) or code
points (utf-32). The protocol ends a line at `\\n`, `\\r\\n` and a lone `\\r`; a position behind the end of
a line means its end.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate

UTF8, UTF16, UTF32 = "utf-8", "utf-16", "utf-32"
_LINE_END = re.compile(r"\r\n|\n|\r")


def units(text: str, encoding: str) -> int:
    """Return how many code units a text has."""
    if encoding == UTF32 or text.isascii():
        return len(text)
    if encoding == UTF8:
        return len(text.encode(errors="surrogatepass"))
    return len(text) + sum(letter > "\uffff" for letter in text)


class Index:
    """Where the lines of a text begin, and what stands where in one unit."""

    __slots__ = ("_ascii", "_starts", "encoding", "text")

    def __init__(self, text: str, encoding: str = UTF16) -> None:
        self.text = text
        self.encoding = encoding
        self._ascii = encoding == UTF32 or text.isascii()
        self._starts: list[int] | None = None

    @property
    def starts(self) -> list[int]:
        """The offsets at which lines begin."""
        if self._starts is None:
            if "\r" in self.text:
                self._starts = [0, *[found.end() for found in _LINE_END.finditer(self.text)]]
            else:
                sizes = map(len, self.text.split("\n"))
                self._starts = [0, *[end + number for number, end in enumerate(accumulate(sizes), 1)]]
                self._starts.pop()  # the text's own end begins no line
        return self._starts

    def position(self, offset: int) -> tuple[int, int]:
        """Return line and character of an offset."""
        starts = self.starts
        line = bisect_right(starts, offset) - 1
        start = starts[line]
        if self._ascii:
            return line, offset - start
        return line, units(self.text[start:offset], self.encoding)

    def range(self, start: int, end: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return the positions of both ends of a span."""
        return self.position(start), self.position(end)

    def offset(self, line: int, character: int) -> int:
        """Return the offset of a position, moved into its line and into the text.

        A position inside a letter of several units is taken for the one before it.
        """
        starts = self.starts
        if line < 0:
            return 0
        if line >= len(starts):
            return len(self.text)
        start = starts[line]
        end = starts[line + 1] if line + 1 < len(starts) else len(self.text)
        while end > start and self.text[end - 1] in "\r\n":
            end -= 1
        if self._ascii:
            return min(start + max(character, 0), end)
        rest = character
        at = start
        while at < end and rest > 0:
            rest -= units(self.text[at], self.encoding)
            if rest < 0:
                break
            at += 1
        return at


class Mapping:
    """Leads from spans of an old text to the same spans of a new one: what stands outside of the change."""

    __slots__ = ("_delta", "_head", "_tail")

    def __init__(self, old: str, new: str) -> None:
        self._delta = len(new) - len(old)
        if old == new:
            self._head, self._tail = len(old) + 1, len(old) + 1
            return
        self._head = _common(old, new)
        most = min(len(old), len(new)) - self._head
        self._tail = len(old) - _common_end(old, new, most)

    def span(self, start: int, end: int) -> tuple[int, int] | None:
        """Return a span's place in the new text; None when the change touches it."""
        if end < self._head or (end == self._head and start < end):
            return start, end
        if start >= self._tail:
            return start + self._delta, end + self._delta
        return None


def _common(old: str, new: str) -> int:
    """Return how many letters two texts begin with that are the same."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _common_end(old: str, new: str, most: int) -> int:
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if old[len(old) - middle : len(old) - low] == new[len(new) - middle : len(new) - low]:
            low = middle
        else:
            high = middle - 1
    return low
