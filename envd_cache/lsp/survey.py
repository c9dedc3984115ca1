"""The process that knows what all targets of the workspace do, and what is wrong between them.

It runs in the first workspace folder. Frames come as in `worker`. The first one is `(environ, given, machine,
clones, time limit, store)`: `store` is the folder where a check keeps its results. Then come requests:

- `(WHOLE, folders)`: check every build file below some folders, as `envd-cache check` does there.
- `(PARTS, number, texts, parts)`: what the evaluation of open files told, in place of what is on disk.
  `texts` has the open files, `parts` for each evaluated file what `parts.part_of` made of it and of its
  loads, the file itself first.

Answers are `(PROGRESS, done, found)` and `(FOUND, number, known, problems, files,
whole)`: `known` are the open files that belong to the repository, `problems` what is wrong between their
targets and all others, packed as in `check.result`; with `whole` it comes of a new check. The check runs in
a child: what it does reaches nobody else. While one runs, no second one is begun.
"""

from __future__ import annotations

import gc
import os
import select

from envd_cache.check.frames import frame, frames_in, write
from envd_cache.lsp.child import Child
from envd_cache.lsp.worker import begin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from envd_cache.evaluate.facts import Facts
    from envd_cache.lsp.parts import Part

WHOLE, PARTS, PROGRESS, FOUND = "whole", "parts", "progress", "found"
# People are waiting for the editor and not for this.
NICENESS = 10


def main(take: int, give: int) -> None:
    """Read the facts from the first frame, and serve until the other side closes the pipe."""
    from envd_cache.evaluate.facts import Facts  # noqa: PLC0415 - only in this process

    os.nice(NICENESS)
    received = bytearray()
    requests = begin(take, received)
    if not requests:
        return
    environ, given, machine, clones, time_limit, store = requests[0]
    facts = Facts(environ, given, machine, clones)
    Surveyor(facts, time_limit, store, give).serve(take, received, requests[1:])


class Surveyor:
    """Answers requests; a check runs in a child meanwhile."""

    def __init__(self, facts: Facts, time_limit: float, store: str, give: int) -> None:
        self._facts = facts
        self._limit = time_limit
        self._store = store
        self._give = give
        self._child: Child | None = None
        self._known: dict[str, Part] | None = None
        self._open: tuple[int, dict[str, str], dict[str, tuple[Part, ...]]] = 0, {}, {}

    def serve(self, take: int, received: bytearray, waiting: list[Any]) -> None:
        """Answer requests until the other side closes the pipe; `waiting` came with the first frame."""
        self._handle(waiting)
        while True:
            child = self._child
            watched = [take] if child is None else [take, child.pipe]
            ready, _, _ = select.select(watched, [], [])
            if child is not None and child.pipe in ready:
                self._listen(child)
            if take in ready:
                data = os.read(take, 1 << 18)
                if not data:
                    if self._child is not None:
                        self._child.end()
                    return
                received += data
                self._handle(frames_in(received))

    def _handle(self, requests: list[Any]) -> None:
        parts = [request for request in requests if request[0] == PARTS]
        if parts:
            self._open = parts[-1][1:]
        wanted: list[tuple[str, ...]] = [request[1] for request in requests if request[0] == WHOLE]
        if wanted and self._child is None:
            self._child = Child(lambda give: self._check(wanted[0], give), group=True)
        if parts:
            self._tell(whole=False)

    def _listen(self, child: Child) -> None:
        more = child.read()
        for kind, *data in child.told():
            if kind == FOUND:
                self._known = {part[0]: part for part in data[0]}
            elif kind == PROGRESS:
                write(self._give, frame((kind, *data)))
        if more:
            return
        child.end()
        self._child = None
        gc.collect()
        self._tell(whole=True)

    def _tell(self, *, whole: bool) -> None:
        """Say what is wrong between the targets of open files and all others, as soon as all are known.

        `whole`: it comes of a new check.
        """
        if self._known is None:
            if whole:
                write(self._give, frame((FOUND, self._open[0], (), (), (), whole)))
            return
        from envd_cache.check.result import Packer  # noqa: PLC0415 - only in this process
        from envd_cache.lsp.parts import between  # noqa: PLC0415 - only in this process

        number, texts, parts = self._open
        now = dict(self._known)
        known = [path for path in parts if path in self._known]
        mine = {part[0] for path in known for part in parts[path]}
        for path in known:
            now.update({part[0]: part for part in parts[path][1:]})
        # What others say of a file that they load counts less than what it says itself.
        now.update({path: parts[path][0] for path in known})
        texts = {path: text for path, text in texts.items() if path in now}
        packer = Packer()
        problems = packer.pack(between(now.values(), texts, mine))
        write(self._give, frame((FOUND, number, tuple(known), problems, tuple(packer.files), whole)))

    def _check(self, folders: tuple[str, ...], give: int) -> None:
        """Check all build files, in a child."""
        from envd_cache.check.discover import discover  # noqa: PLC0415 - only in this process
        from envd_cache.check.repository import Wish, check  # noqa: PLC0415 - only in this process
        from envd_cache.check.result import FileResult  # noqa: PLC0415 - only in this process
        from envd_cache.check.roots import Roots  # noqa: PLC0415 - only in this process
        from envd_cache.lint.engine import NAMES  # noqa: PLC0415 - only in this process
        from envd_cache.lsp.parts import part_of  # noqa: PLC0415 - only in this process

        def progress(done: int, found: int) -> None:
            write(give, frame((PROGRESS, done, found)))

        roots = Roots(lambda: NAMES)
        wish = Wish(self._facts, self._limit, 1, self._store, walked=folders, progress=progress)
        # The working folder is the first one, as for a person who checks it: so both share what is kept.
        report = check(discover([".", *folders[1:]], roots), wish, roots)
        write(give, frame((FOUND, [part_of(FileResult(*data), folders[0]) for data in report.results])))
