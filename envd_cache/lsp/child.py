"""A forked process that does one piece of work and tells of it in frames. It ends with this one."""

from __future__ import annotations

import os
import signal

from envd_cache.check.forked import forked
from envd_cache.check.frames import frames_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Child:
    """One such process: its pipe, and what came so far.

    `work` is given a pipe to write to. With `group` the process has a group of its own, so that it can be
    ended with all that it starts.
    """

    def __init__(self, work: Callable[[int], None], *, group: bool = False) -> None:
        self._received = bytearray()
        self._group = group
        self.pipe, give = os.pipe()

        def body() -> None:
            if group:
                os.setpgid(0, 0)
            work(give)

        self._pid, self._held = forked(body, (self.pipe,))
        os.close(give)

    def read(self) -> bool:
        """Take what the process wrote; say whether more may come."""
        data = os.read(self.pipe, 1 << 20)
        self._received += data
        return bool(data)

    def told(self) -> list[Any]:
        """Return the data of the whole frames so far, and take them out."""
        return frames_in(self._received)

    def wait(self) -> int:
        """Wait for the end of the process, and return its status."""
        os.close(self.pipe)
        os.close(self._held)
        return os.waitpid(self._pid, 0)[1]

    def end(self) -> None:
        """End the process, and its group if it has one, by the id, and wait for it."""
        for end in (os.killpg, os.kill) if self._group else (os.kill,):
            try:
                end(self._pid, signal.SIGKILL)  # it is not waited for yet, so the id is its own
            except ProcessLookupError:
                continue
        self.wait()
