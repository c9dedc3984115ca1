"""Finds where the keys and values of a TOML document stand; `tomllib` reads them and tells no places.

Only for text that `tomllib` has accepted, so nothing is checked here.
"""

from __future__ import annotations

import re

from envd_cache.record import Record
from envd_cache.source import Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    # Names of keys, and numbers of the elements of arrays.
    Path: TypeAlias = tuple[str | int, ...]

_STRING = (
    r'"""(?:[^"\\]+|\\.|"(?!""))*+"{3,5}'
    r"|'''(?:[^']+|'(?!''))*+'{3,5}"
    r'|"(?:[^"\\\n]+|\\.)*+"'
    r"|'[^'\n]*'"
)
_STRING_HERE = re.compile(_STRING, re.DOTALL)
_KEY = re.compile(rf"[A-Za-z0-9_-]+|{_STRING}", re.DOTALL)
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_GAP = re.compile(r"(?:[ \t\r\n]+|\#[^\n]*)*+")
_BARE = re.compile(r"[^,\]}#\r\n]*")


class Place(Record):
    """Where a key is written, and its value. A table has its header, an element of an array itself."""

    key: Span
    value: Span


def places(text: str) -> dict[Path, Place]:
    """Return the place of every key, table and element of a document, by its path from the top."""
    return _Scanner(text).document()


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Path, Place] = {}
        # How many tables of an array of tables there are so far.
        self._counts: dict[Path, int] = {}

    def document(self) -> dict[Path, Place]:
        table: Path = ()
        self._skip()
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self._header()
            elif not self._pair(table):
                break
            self._skip()
        return self.found

    def _skip(self) -> None:
        found = _GAP.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def _takes(self, mark: str) -> bool:
        """Step over a mark if it stands here."""
        if not self.text.startswith(mark, self.at):
            return False
        self.at += len(mark)
        return True

    def _header(self) -> Path:
        start = self.at
        several = self._takes("[[")
        self.at += 0 if several else 1
        self._skip()
        names = self._names()
        self._skip()
        self.at += 2 if several else 1
        path: Path = ()
        for number, (name, span) in enumerate(names, 1):
            path = (*path, name)
            place = Place(span, Span(start, self.at))
            self.found.setdefault(path, place)
            if several and number == len(names):
                self._counts[path] = self._counts.get(path, 0) + 1
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
                self.found.setdefault(path, place)
        return path

    def _pair(self, table: Path) -> bool:
        names = self._names()
        if not names:
            return False
        self._skip()
        self._takes("=")
        self._skip()
        path = (*table, *(name for name, _ in names))
        value = self._value(path)
        for count, (_, span) in enumerate(names, len(table) + 1):
            self.found.setdefault(path[:count], Place(span, value))
        return True

    def _names(self) -> list[tuple[str, Span]]:
        """Return the parts of a key that may be dotted."""
        names: list[tuple[str, Span]] = []
        while found := _KEY.match(self.text, self.at):
            names.append((_name(found[0]), Span(found.start(), found.end())))
            self.at = found.end()
            dot = _DOT.match(self.text, self.at)
            if dot is None:
                break
            self.at = dot.end()
        return names

    def _value(self, path: Path) -> Span:
        """Step over a value; note the places of what is in it."""
        start = self.at
        if self._takes("["):
            number = 0
            self._skip()
            while self.at < len(self.text) and not self._takes("]"):
                element = self._value((*path, number))
                if element.start == element.end:
                    break
                self.found.setdefault((*path, number), Place(element, element))
                number += 1
                self._skip()
                self._takes(",")
                self._skip()
        elif self._takes("{"):
            self._skip()
            while self.at < len(self.text) and not self._takes("}"):
                if not self._pair(path):
                    break
                self._skip()
                self._takes(",")
                self._skip()
        elif found := _STRING_HERE.match(self.text, self.at) or _BARE.match(self.text, self.at):
            self.at = found.start() + len(found[0].rstrip(" \t"))
        return Span(start, self.at)


def _name(written: str) -> str:
    if written[0] == "'":
        return written[1:-1]
    if written[0] != '"' or "\\" not in written:
        return written.strip('"')
    import tomllib  # noqa: PLC0415 - hardly a key has an escape

    return str(tomllib.loads(f"key = {written}")["key"])
