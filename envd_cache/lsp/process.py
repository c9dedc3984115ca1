"""A process of the server's own: how it is started, read from and ended.

It serves requests with `main(take, give)` of a module of this package, and gets the facts first. The module
itself does without this one, which loads asyncio.
"""

from __future__ import annotations

import asyncio
import marshal
import os
import sys
from contextlib import suppress

from envd_cache.check.frames import HEAD, frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Coroutine
    from typing import Any

    from envd_cache.evaluate.facts import Facts

# Adds the folder of this package behind all others: the working folder is never looked in (`-P`).
_PROGRAM = "import sys; sys.path.append({folder!r}); from {module} import main; main(0, 1)"


async def start(module: str, facts: Facts, *more: object, folder: str | None = None) -> Process:
    """Start a process that serves with a module, in a working folder, and send it the facts and more.

    Raises OSError.
    """
    ours = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-c",
        _PROGRAM.format(folder=ours, module=module),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=folder,
        # An editor's Ctrl-C is not for it: it ends with the server.
        start_new_session=True,
    )
    first = dict(facts.environ), dict(facts.given), facts.machine, facts.clones
    if process.stdin is not None:
        process.stdin.write(frame((*first, *more)))
    return process


class Start:
    """The last start of a process. It goes on when whoever waits for it is cancelled.

    Python 3.11 waits for ever when a start is cancelled while the loop ends.
    """

    def __init__(self) -> None:
        self._last: asyncio.Task[Process] | None = None

    async def of(self, starting: Coroutine[Any, Any, Process]) -> Process:
        """Return the process when it has started. Raises OSError."""
        self._last = asyncio.ensure_future(starting)
        return await asyncio.shield(self._last)

    async def settled(self) -> Process | None:
        """Return what was started last, as soon as it has; None for nothing."""
        try:
            return await self._last if self._last else None
        except OSError:
            return None


async def answers(process: Process) -> AsyncIterator[Any]:
    """Yield what a process sends, until it has ended."""
    stream = process.stdout
    while stream is not None:
        try:
            head = await stream.readexactly(HEAD.size)
            body = await stream.readexactly(*HEAD.unpack(head))
        except asyncio.IncompleteReadError:
            break
        yield marshal.loads(body)  # noqa: S302 - our own process's
    await process.wait()


async def end(process: Process | None) -> None:
    """End a process: by closing its pipe, or by force when that does not do."""
    if process is not None and process.stdin is not None:
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 2)
        except TimeoutError:
            with suppress(ProcessLookupError):  # it has just ended
                process.kill()
            await process.wait()
