"""Keeps the results of files between runs, and says which of them still hold.

One file a working folder, in the cache folder of the person: a repository that somebody cloned cannot bring
results with it, a checkout may be read-only, and nothing has to be ignored. It may be deleted at any time.
It is replaced whole, so that runs at the same time do not disturb each other: the last one wins.

A result holds when everything that it depends on is as it was: the program, the configuration, the bytes
of every file that was read, where links led to loaded ones, and the answers to what the file asked. A file
that has the same size, times and inode as before is taken for unchanged without reading it, unless it was
written so shortly before that a second change might have the same time. A result that depends on more (a
file that was missing, a clone) is not kept, nor is one in which a credential was found.
"""

from __future__ import annotations

import os
from hashlib import blake2b
from time import time_ns

from envd_cache.check.kept import path_for, read, steady, write
from envd_cache.check.result import FileResult
from envd_cache.check.world import DIGEST_SIZE, signature

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from envd_cache.check.roots import Roots
    from envd_cache.check.world import World

    Input = tuple[str, bytes, tuple[int, ...]]

_FIELDS = {name: number for number, name in enumerate(FileResult._fields)}
_PROBLEMS, _ROOT = _FIELDS["problems"], _FIELDS["root"]
_INPUTS, _ASKED, _WHOLE = _FIELDS["inputs"], _FIELDS["asked"], _FIELDS["whole"]
_REDACT = 8  # of a packed problem

# What comes of a limit may come out differently the next time.
_UNSTEADY = frozenset(("EC008", "EC009", "EC010"))


class Store:
    """The results of former runs in one working folder.

    `folder` is where they are kept. `key` is what all of them depend on beside their files.
    """

    def __init__(self, folder: str, key: str, world: World, roots: Roots) -> None:
        self._here = os.path.abspath("")
        self._path = path_for(folder, self._here, "files")
        self._key = key
        self._world = world
        self._roots = roots
        self._began = time_ns()
        self._results: dict[str, tuple[Any, ...]] = {}
        self._inputs: list[Input] = []
        self._holds: list[bool | None] = []
        self._places: dict[str, bytes] = {}
        self._between: tuple[bytes, Any] = (b"", None)
        self._kept: dict[str, tuple[Any, ...]] = {}
        self._changed = False
        self._load()

    def find(self, path: str) -> tuple[Any, ...] | None:
        """Return the fields of a file's result, if there is one that still holds."""
        stored = self._results.get(path)
        if stored is None:
            return None
        folder = (path if path.startswith("/") else f"{self._here}/{path}").rpartition("/")[0] or "/"
        if ".." in folder:
            folder = os.path.normpath(folder)
        root = self._roots.of(folder).value
        if stored[_ROOT] != root.folder:
            return None
        numbers = stored[_INPUTS]
        # Of a configuration that is new no input tells. It is always the second one.
        if root.config.path and root.config.path != self._inputs[numbers[len(numbers) > 1]][0]:
            return None
        for number in numbers:
            if not (self._holds[number] if self._holds[number] is not None else self._look(number)):
                return None
        if not all(self._places_hold(number) for number in numbers[1:]):
            return None
        for name, argument, was in stored[_ASKED]:
            if self._world.digest(name, argument, folder) != was:
                return None
        inputs = tuple([self._inputs[number] for number in numbers])
        data = (*stored[:_INPUTS], inputs, *stored[_INPUTS + 1 :])
        self._kept[path] = data
        return data

    def keep(self, path: str, data: tuple[Any, ...]) -> None:
        """Keep the fields of a new result, unless it may not hold the next time."""
        self._changed = True
        problems = data[_PROBLEMS]
        if data[_WHOLE] and not any(one[_REDACT] or one[0] in _UNSTEADY for one in problems):
            first, *loaded = data[_INPUTS]
            placed = [(name, content + self._place(name), signed) for name, content, signed in loaded]
            self._kept[path] = (*data[:_INPUTS], (first, *placed), *data[_INPUTS + 1 :])

    @property
    def kept(self) -> int:
        """How many results were found or kept in this run."""
        return len(self._kept)

    def between(self, of: bytes) -> Any:
        """Return what was found between targets that have this digest, None when that is not known."""
        return self._between[1] if self._between[0] == of else None

    def keep_between(self, of: bytes, found: Any) -> None:
        """Keep what was found between the targets that have this digest."""
        self._between = of, found
        self._changed = True

    def save(self, *, everything: bool) -> None:
        """Write the results, if any is new. Without `everything` the files that were not looked at stay.

        A folder that cannot be written is no problem: the next run takes longer.
        """
        if not self._changed and len(self._kept) == len(self._results):
            return
        numbers: dict[Input, int] = {}
        results: dict[str, tuple[Any, ...]] = {}
        if not everything:
            for path, stored in self._results.items():
                if path not in self._kept:
                    inputs = tuple([self._inputs[number] for number in stored[_INPUTS]])
                    self._kept[path] = (*stored[:_INPUTS], inputs, *stored[_INPUTS + 1 :])
        for path, data in self._kept.items():
            inputs = tuple([numbers.setdefault(self._steady(one), len(numbers)) for one in data[_INPUTS]])
            results[path] = (*data[:_INPUTS], inputs, *data[_INPUTS + 1 :])
        write(self._path, (self._key, list(numbers), results, self._between), self._began)

    def _steady(self, one: Input) -> Input:
        """Return an input whose signature may be trusted the next time, or is left out."""
        path, content, signed = one
        return one if signed and steady(signed, self._began) else (path, content, ())

    def _look(self, number: int) -> bool:
        """Say whether an input is as it was, reading it only if its signature does not tell."""
        path, content, signed = self._inputs[number]
        now = signature(path)
        holds = now is not None and now == signed
        if now is not None and not holds:
            holds = _digest_of(path) == content[:DIGEST_SIZE]
            if holds:
                self._inputs[number] = path, content, now
                self._changed = True
        self._holds[number] = holds
        return holds

    def _places_hold(self, number: int) -> bool:
        """Say whether a loaded file lies where it did."""
        path, content, _ = self._inputs[number]
        return content[DIGEST_SIZE:] == self._place(path)

    def _place(self, path: str) -> bytes:
        """Return where links lead that a path goes through, b"" without any.

        It decides whether a file may be loaded, and whether two names load one file.
        """
        found = self._places.get(path)
        if found is None:
            real = self._world.real(path)
            found = self._places[path] = b"" if real == path else os.fsencode(real)
        return found

    def _load(self) -> None:
        content = read(self._path)
        if content is None:
            return
        key, inputs, results, between = content
        if key == self._key:
            self._inputs, self._results, self._between = inputs, results, between
            self._holds = [None] * len(inputs)


def _digest_of(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return blake2b(file.read(), digest_size=DIGEST_SIZE).digest()
    except (OSError, ValueError):
        return b""
