"""Forks processes that end with this one, even when it is killed."""

from __future__ import annotations

import os
import select
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def forked(work: Callable[[], None], ours: tuple[int, ...]) -> tuple[int, int]:
    """Do work in a process of its own, which ends with it; return its id and what holds it.

    `ours` are the ends of pipes that the process has no use for, and closes. It is held by the end of one
    more pipe: who closes that, or loses it by its own end, ends the process.
    """
    lifeline, held = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            for end in (*ours, held):
                os.close(end)
            if _end_with_parent(lifeline):
                work()
                os._exit(0)
        finally:
            # It must not run what its parent runs at its end.
            os._exit(1)
    os.close(lifeline)
    return pid, held


def _end_with_parent(lifeline: int) -> bool:
    """Have this process ended when nobody can write to a pipe any more, whatever the process is at.

    Nobody ever writes to it: the parent holds its other end, and loses it even when it is killed. On Linux
    the signal of that ends a process; other systems ignore it, and the limit of the time is left. False
    when the parent has gone already, so that there will be no signal.
    """
    import fcntl  # noqa: PLC0415 - POSIX only, as are workers

    with suppress(OSError):  # a sandbox may not know it
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    return not select.select([lifeline], [], [], 0)[0]
