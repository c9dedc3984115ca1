"""Says what a check would find when nothing at all changed since the last one, without looking at any result.

A check depends on the folders that it walked (a folder's times change with the names in it), on the files
that it read and where links led to them, on files that were not there and would have counted, and on the
answers to what build files asked. When all of these are as they were, so is what it finds. What `store` says
about times that cannot be trusted holds here too: then nothing is kept, and the next check looks at each
result.
"""

from __future__ import annotations

import os
from time import time_ns

from envd_cache.check.kept import path_for, read, steady, write
from envd_cache.check.result import FileResult, Packer, Report, source_reader, unpacked
from envd_cache.check.roots import GIT, MARKS
from envd_cache.check.world import World, signature

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    Stamp = tuple[int, ...] | None

# The stamp of what is there, whatever is in it.
THERE: tuple[int, ...] = ()

_PATH, _INPUTS, _ASKED = (FileResult._fields.index(name) for name in ("path", "inputs", "asked"))


class Trail:
    """What a walk depended on, noted while it goes on and before anything is read.

    `folders` are the absolute folders of which everything is noted that counts.
    """

    def __init__(self) -> None:
        self.stamps: dict[str, Stamp] = {}
        self.folders: set[str] = set()

    def stamp(self, path: str) -> None:
        """Note how a file or a folder is, or that it is not there."""
        if path not in self.stamps:
            self.stamps[path] = signature(path)

    def presence(self, path: str) -> None:
        """Note only whether something is there."""
        if path not in self.stamps:
            self.stamps[path] = THERE if os.path.lexists(path) else None

    def marks(self, folder: str) -> None:
        """Note what makes a folder a root, or is not there."""
        for name in MARKS:
            path = os.path.join(folder, name)
            if name == GIT:
                self.presence(path)
            else:
                self.stamp(path)

    def beside(self, folder: str) -> None:
        """Note a folder that the walk left out though something in it was read, up to one that is noted.

        Links that lead to the folder make a second way up.
        """
        while folder not in self.folders:
            self.folders.add(folder)
            self.stamp(folder)
            self.marks(folder)
            if os.path.islink(folder):
                self.beside(os.path.realpath(folder))
            folder = os.path.dirname(folder)


class Unchanged:
    """The last check of the same paths from the same folder.

    `folder` is where it is kept, `key` all that it depends on beside files and answers.
    """

    def __init__(self, folder: str, key: str, paths: Sequence[str], world: World) -> None:
        self.trail = Trail()
        self._world = world
        self._began = time_ns()
        self._here = os.path.abspath("")
        self._key = key
        self._path = path_for(folder, "\0".join((self._here, *paths)), "whole")

    def report(self) -> Report | None:
        """Return what the last check found, None when anything may have changed."""
        found = read(self._path)
        if found is None or found[0] != self._key:
            return None
        _, stamps, asked, files, targets, names, problems = found
        if not _hold(stamps):
            return None
        for name, argument, folder, was in asked:
            if self._world.digest(name, argument, folder) != was:
                return None
        diagnostics = unpacked(FileResult("", "", names, problems), source_reader()) if problems else ()
        return Report(files, targets, diagnostics, ())

    def keep(self, report: Report) -> None:
        """Keep a report whose results are all that was read, if the next check can trust the times."""
        self._beside(report.results)
        stamps = dict(self.trail.stamps)
        start = self._here.rstrip("/") + "/"
        for data in report.results:
            for path, _, signed in data[_INPUTS]:
                # The shorter, the sooner it is found.
                stamps[path.removeprefix(start)] = signed or None
                if not signed:
                    return
        if not all(not stamp or steady(stamp, self._began) for stamp in stamps.values()):
            return
        packer = Packer()
        problems = packer.pack(report.diagnostics)
        asked = self._asked(report.results)
        values = (self._key, list(stamps.items()), asked, report.files, report.targets)
        write(self._path, (*values, tuple(packer.files), problems), self._began)

    def _beside(self, results: Iterable[tuple[Any, ...]]) -> None:
        """Note the folders of all files that were read: what files load may lie where nobody walked."""
        for path in dict.fromkeys([path for data in results for path, _, _ in data[_INPUTS]]):
            self.trail.beside(path.rpartition("/")[0] or "/")
            if os.path.islink(path):
                self.trail.beside(os.path.dirname(os.path.realpath(path)))

    def _asked(self, results: Iterable[tuple[Any, ...]]) -> list[tuple[str, str, str, bytes]]:
        """Return the questions of all files, each once a repository, with a digest of the answer."""
        found: Mapping[tuple[str, str, str], bytes] = {
            (name, argument, self._world.repository(os.path.dirname(os.path.abspath(data[_PATH])))): was
            for data in results
            for name, argument, was in data[_ASKED]
        }
        return [(*question, was) for question, was in found.items()]


def _hold(stamps: Iterable[tuple[str, Stamp]]) -> bool:
    return all(
        signature(path) == was if was else os.path.lexists(path) == (was is not None) for path, was in stamps
    )
