"""A terminal for one program: it sees a pty of its own, and a test what comes out and types what goes in."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import termios
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import TracebackType

CTRL_C = b"\x03"
_PATIENCE = 60


class Terminal:
    """A program in front of a terminal while this is entered; `text` is all that it wrote so far."""

    def __init__(self, words: Sequence[str], folder: Path, environ: dict[str, str]) -> None:
        self.text = ""
        self.code: int | None = None
        self._pid, self._fd = pty.fork()
        if not self._pid:
            os.chdir(folder)
            os.execvpe(words[0], list(words), environ)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.code is None:
            os.kill(self._pid, 9)
            os.waitpid(self._pid, 0)
        os.close(self._fd)

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._fd, keys)

    def until(self, seen: Callable[[str], bool] | None = None) -> None:
        """Read until a test likes the text, or without one to the end."""
        while not (seen and seen(self.text)):
            ready, _, _ = select.select([self._fd], [], [], _PATIENCE)
            assert ready, self.text
            try:
                data = os.read(self._fd, 65536)
            except OSError:  # nobody holds the other end any more
                data = b""
            if not data:
                assert seen is None, self.text
                return
            self.text += data.decode(errors="replace").replace("\r\n", "\n")

    def end(self) -> int:
        """Read to the end and return the exit code."""
        self.until()
        _, status = os.waitpid(self._pid, 0)
        self.code = os.waitstatus_to_exitcode(status)
        return self.code
