"""What one process remembers while it checks many files, so that each is read and looked at once."""

from __future__ import annotations

import os

from envd_cache.check.world import World, digest, signature
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from envd_cache.evaluate.dialect import Prepared
    from envd_cache.evaluate.engine import Module
    from envd_cache.evaluate.facts import Facts


class Shared(Record):
    """A module that others load. Running it called nothing and asked nothing, so it is the same for all."""

    module: Module
    prepared: Mapping[str, Prepared]
    inputs: tuple[str, ...]


class Memory:
    """Modules by absolute path, where loads lead, how files were and what they held, answers of the world.

    `loaded` has the path of a module by its name in a `load`, the label of the file that loads it ("" where
    that does not count) and the root.
    """

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.world = World(facts)
        self.shared: dict[str, Shared] = {}
        self.loaded: dict[tuple[str, str, str], str] = {}
        self._here = os.path.abspath("")
        self._signatures: dict[str, tuple[int, ...] | None] = {}
        self._digests: dict[str, bytes] = {}

    def absolute(self, path: str) -> str:
        """Return the absolute path of a path."""
        return os.path.normpath(path if path.startswith("/") else f"{self._here}/{path}")

    def stamp(self, path: str) -> None:
        """Note how a file is before it is read for the first time."""
        if path not in self._signatures:
            self._signatures[path] = signature(path)

    def keep(self, path: str, text: str) -> None:
        """Note what was read of a file."""
        self._digests[path] = digest(text)

    def holds(self, path: str) -> bool:
        """Say whether it was noted what was read of a file."""
        return path in self._digests

    def inputs(self, paths: Iterable[str]) -> tuple[tuple[str, bytes, tuple[int, ...]], ...]:
        """Return some files that were read, with the digests of their texts and how they were."""
        return tuple([(path, self._digests[path], self._signatures[path] or ()) for path in paths])
