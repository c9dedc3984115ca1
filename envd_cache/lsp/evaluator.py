"""The server's side of the evaluating process: one request at a time, the newest wins.

The process is started when it is first needed and again when it dies. Evaluations are due a moment after
the last edit; an edit ends the evaluation of a text that it makes old.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from envd_cache.check.frames import frame
from envd_cache.lsp import process, worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from envd_cache.evaluate.facts import Facts

DEBOUNCE_SECONDS = 0.12


class Evaluator:
    """Runs evaluations in a process of their own."""

    def __init__(self, facts: Facts, time_limit: float) -> None:
        self._facts = facts
        self._limit = time_limit
        self._start = process.Start()
        self._process: asyncio.subprocess.Process | None = None
        self._number = 0
        self._waiting: asyncio.Future[tuple[str, Any] | None] | None = None
        self._reader: asyncio.Task[None] | None = None

    async def evaluate(self, path: str, texts: dict[str, str], *, library: bool) -> tuple[str, Any] | None:
        """Return kind and data of an answer (see `worker`), None when it was cancelled."""
        started = await self._started()
        self._number += 1
        self._waiting = asyncio.get_running_loop().create_future()
        stream = started.stdin
        try:
            if stream is not None:
                stream.write(frame((self._number, path, texts, library)))
                await stream.drain()
        except (BrokenPipeError, ConnectionError):
            return None
        return await self._waiting

    def cancel(self) -> None:
        """Give up the evaluation that runs; the next request ends it in its process."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.write(frame((0, "", {}, False)))

    async def close(self) -> None:
        """End the process."""
        ended, self._process = self._process or await self._start.settled(), None
        await process.end(ended)

    async def _started(self) -> asyncio.subprocess.Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        self._process = await self._start.of(process.start(worker.__name__, self._facts, self._limit))
        self._reader = asyncio.ensure_future(self._read(self._process))
        return self._process

    async def _read(self, started: asyncio.subprocess.Process) -> None:
        async for number, kind, data in process.answers(started):
            if number == self._number and self._waiting is not None and not self._waiting.done():
                self._waiting.set_result((kind, data))
        # Ended from outside, perhaps for want of memory: the next request starts another.
        if self._waiting is not None and not self._waiting.done() and self._process is started:
            self._waiting.set_result(("died", -1))


class Schedule:
    """Which files are to be evaluated, and when. `work` evaluates one; it is called for one at a time.

    What it raises is a fault of ours: `failed` is told of it, and the other files are evaluated.
    """

    def __init__(self, work: Callable[[str], Awaitable[None]], failed: Callable[[Exception], None]) -> None:
        self._work = work
        self._failed = failed
        self._due: dict[str, float] = {}
        self._woken = asyncio.Event()
        self.current = ""

    def want(self, path: str, delay: float = DEBOUNCE_SECONDS) -> None:
        """Have a file evaluated after a delay, counted anew with each call."""
        self._due[path] = asyncio.get_running_loop().time() + delay
        self._woken.set()

    def drop(self, path: str) -> None:
        """Forget a file."""
        self._due.pop(path, None)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is due and nothing runs."""
        return not self._due and not self.current

    def is_done_with(self, path: str) -> bool:
        """Say whether a file neither waits to be evaluated nor is."""
        return path not in self._due and path != self.current

    async def run(self) -> None:
        """Evaluate what is due, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            self._woken.clear()
            if not self._due:
                await self._woken.wait()
                continue
            path = min(self._due, key=self._due.__getitem__)
            wait = self._due[path] - loop.time()
            if wait > 0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), wait)
                continue
            del self._due[path]
            self.current = path
            try:
                await self._work(path)
            except Exception as error:
                self._failed(error)
            finally:
                self.current = ""
