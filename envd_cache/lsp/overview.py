"""The server's side of the survey: a process that knows all targets of the workspace (see `survey`).

It is started when the workspace was indexed, and told of every evaluation of an open file. Files that others
change are checked again a moment later. When the process dies, findings are those of each file alone.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress

from envd_cache.check.frames import frame
from envd_cache.lsp import process, survey
from envd_cache.lsp.survey import FOUND, PARTS, PROGRESS, WHOLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from envd_cache.evaluate.facts import Facts

# What changes on disk comes in bursts: a checkout, a tool that writes many files.
DEBOUNCE_SECONDS = 0.7
MOST_DEATHS = 5


class Overview:
    """Knows what is wrong between the targets of the workspace.

    `found(texts, known, problems, files)` is called with each answer and the texts that it speaks of,
    `progress(done, found)` while files are checked; `progress(0, 0)` ends that. `failed` is told of a fault
    of ours.
    """

    def __init__(
        self,
        facts: Facts,
        time_limit: float,
        store: str,
        *,
        found: Callable[[dict[str, str], Any, Any, Any], None],
        progress: Callable[[int, int], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self._failed = failed
        self._facts = facts
        self._limit = time_limit
        self._store = store
        self._found = found
        self._progress = progress
        self._folders: tuple[str, ...] = ()
        self._folder = ""
        self._start = process.Start()
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._last: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._due = False
        self._deaths = 0
        self._number = 0
        self._answered = 0
        self._checking = self._again = self._is_known = False
        self._parts: tuple[dict[str, str], dict[str, Any]] = {}, {}
        self._sent: dict[int, dict[str, str]] = {0: {}}

    @property
    def is_idle(self) -> bool:
        """Whether nothing is due, and every answer has come."""
        is_behind = self._is_known and self._answered < self._number
        return not self._due and not self._checking and not is_behind

    def check(self, folders: tuple[str, ...], delay: float = DEBOUNCE_SECONDS) -> None:
        """Have all build files below some folders checked after a delay, counted anew with each call."""
        self._folders = folders
        if self._due and self._last is not None:
            self._last.cancel()
        self._due = True
        self._last = asyncio.ensure_future(self._check(delay))
        self._tasks.add(self._last)
        self._last.add_done_callback(self._tasks.discard)

    def evaluated(self, texts: dict[str, str], parts: dict[str, Any]) -> None:
        """Take note of what evaluations of open files told; see `Session.parts`."""
        if parts == self._parts[1] and texts.keys() == self._parts[0].keys():
            return
        self._parts = texts, parts
        if self._process is not None:
            self._send_parts(self._process)

    async def close(self) -> None:
        """End the process, and forget what is due."""
        self._due = False
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(list(self._tasks))
        self._process = self._process or await self._start.settled()
        await self._end()

    async def _end(self) -> None:
        self._is_known = False
        ended, self._process = self._process, None
        await process.end(ended)

    async def _check(self, delay: float) -> None:
        await asyncio.sleep(delay)
        self._due = False
        if self._checking:
            self._again = True
        else:
            self._checking = True
            await self._begin()

    async def _begin(self) -> None:
        if self._process is not None and self._folder != self._folders[0]:
            await self._end()
        try:
            started = self._process or await self._started()
        except OSError:  # a folder that is gone, no room for another process
            self._checking = False
            return
        self._send(started, (WHOLE, self._folders))

    async def _started(self) -> asyncio.subprocess.Process:
        if self._deaths >= MOST_DEATHS or not hasattr(os, "fork"):
            raise OSError("no more processes")
        self._folder = self._folders[0]
        starting = process.start(survey.__name__, self._facts, self._limit, self._store, folder=self._folder)
        started = self._process = await self._start.of(starting)
        self._send_parts(started)
        self._reader = asyncio.ensure_future(self._read(started))
        return started

    def _send_parts(self, started: asyncio.subprocess.Process) -> None:
        self._number += 1
        self._sent[self._number] = self._parts[0]
        self._send(started, (PARTS, self._number, *self._parts))

    def _send(self, started: asyncio.subprocess.Process, data: Any) -> None:
        with suppress(BrokenPipeError, ConnectionError):
            if started.stdin is not None:
                started.stdin.write(frame(data))

    async def _read(self, started: asyncio.subprocess.Process) -> None:
        async for kind, *data in process.answers(started):
            try:
                await self._take(kind, data)
            except Exception as error:
                self._failed(error)
        # Ended from outside, perhaps for want of memory: the next change on disk starts another.
        if self._process is started:
            self._process = None
            self._deaths += 1
            self._ended()
            self._found({}, (), (), ())

    async def _take(self, kind: str, data: list[Any]) -> None:
        if kind == PROGRESS:
            self._progress(data[0], data[1])
        elif kind == FOUND:
            number, known, problems, files, whole = data
            if whole:
                self._ended()
                self._is_known = True
            self._answered = number
            texts = self._sent.get(number, {})
            self._sent = {one: sent for one, sent in self._sent.items() if one >= number}
            self._found(texts, known, problems, files)
            if whole and self._again:
                self._again, self._checking = False, True
                await self._begin()

    def _ended(self) -> None:
        self._checking = self._is_known = False
        self._progress(0, 0)
