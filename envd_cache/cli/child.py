"""Runs another program in our place: its output goes through us, signals go to it, its exit code is ours."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, nullcontext, suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from types import FrameType
    from typing import BinaryIO

NOT_FOUND, NOT_EXECUTABLE = 127, 126

# How often a live view is drawn anew while nothing arrives, in seconds.
TICK = 0.1

# How long we read on when the client has ended and another program still holds its end of the pipe: docker's
# plugin when docker itself was killed, or something that was sent to the background. In seconds.
LINGER = 1.0
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(
    words: Sequence[str],
    environ: Mapping[str, str],
    *,
    out: Callable[[bytes], None] | None = None,
    err: Callable[[bytes], None] | None = None,
    tick: Callable[[], None] | None = None,
    begun: Callable[[], None] | None = None,
) -> int:
    """Run a program to its end and return its exit code, 128 and the signal's number if one ended it.

    `out` and `err` get what it writes, as it comes; without them it writes where we would. `begun` is called
    before them, while the program starts and has nothing to say yet. Signals that
    ask us to end are the child's to answer, so that the client can tell its engine; we go on until it has
    ended, and whoever called can clean up. Raises OSError when the program cannot be started.
    """
    child: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def forward(number: int, frame: FrameType | None) -> None:
        del frame
        if child is None:
            early.append(number)
        # The terminal sends Ctrl-C to everyone in front of it; a second one would force the client to quit.
        elif number != signal.SIGINT or not _in_front():
            # One that runs as another user cannot be told.
            with suppress(PermissionError):
                child.send_signal(number)

    with handled(_FORWARDED, forward):
        child = subprocess.Popen(  # noqa: S603 - the words are the user's own command
            list(words),
            env=dict(environ),
            stdout=subprocess.PIPE if out else None,
            stderr=subprocess.PIPE if err else None,
        )
        try:
            for number in early:
                child.send_signal(number)
            if begun:
                begun()
            _copy(child, out, err, tick)
            code = child.wait()
        except BaseException:
            child.kill()
            child.wait()
            raise
        finally:
            for stream in (child.stdout, child.stderr):
                if stream:
                    stream.close()
    return 128 - code if code < 0 else code


@contextmanager
def handled(numbers: Sequence[int], handler: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    """Answer signals while this is entered; one that is ignored stays so (`nohup`, a background job)."""
    known = {number: signal.getsignal(number) for number in numbers}
    before = {number: was for number, was in known.items() if was not in (signal.SIG_IGN, None)}
    for number in before:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, was in before.items():
            signal.signal(number, was)


def program(name: str, environ: Mapping[str, str]) -> str | None:
    """Return where a program lies, as `shutil.which` finds it, which takes 2 ms to load."""
    path = environ.get("PATH", os.defpath)
    for folder in [""] if os.path.dirname(name) else path.split(os.pathsep) if path else []:
        found = os.path.join(folder, name)
        if os.path.isfile(found) and os.access(found, os.X_OK):
            return found
    return None


def open_streams() -> None:
    """Open the standard streams that we were started without, or a pipe would get the number of one."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8"))  # noqa: SIM115


class Questions:
    """Questions to other programs. One that was asked ahead is answered while we do something else."""

    def __init__(self, environ: Mapping[str, str], timeout: float) -> None:
        """Ask in an environment; a program has `timeout` seconds to answer once its answer is wanted."""
        self._environ = environ
        self._timeout = timeout
        self._ahead: dict[tuple[str, ...], subprocess.Popen[bytes]] = {}
        self._answers: dict[tuple[str, ...], tuple[int, str, str]] = {}

    def ahead(self, words: Sequence[str]) -> None:
        """Start a program whose answer will be wanted. What stands in its way is told then."""
        with suppress(OSError):
            self._ahead[tuple(words)] = self._start(words)

    def __call__(self, words: Sequence[str]) -> tuple[int, str, str]:
        """Return exit code, standard output and standard error of a program; 127 when there is none.

        A question is asked once.
        """
        known = tuple(words)
        if known not in self._answers:
            self._answers[known] = self._answer(known)
        return self._answers[known]

    def _answer(self, words: tuple[str, ...]) -> tuple[int, str, str]:
        try:
            child = self._ahead.pop(words, None) or self._start(words)
        except FileNotFoundError:
            return NOT_FOUND, "", f"`{words[0]}` was not found"
        except OSError as error:
            return NOT_EXECUTABLE, "", f"`{words[0]}` cannot be run: {error.strerror}"
        try:
            output, errors = child.communicate(timeout=self._timeout)
        except BaseException as error:
            _stopped(child)
            if isinstance(error, subprocess.TimeoutExpired):
                return 124, "", f"no answer within {self._timeout:g} s"
            raise
        return child.returncode, output.decode(errors="replace"), errors.decode(errors="replace")

    def close(self) -> None:
        """End what was asked and is not wanted any more."""
        while self._ahead:
            _stopped(self._ahead.popitem()[1])

    def _start(self, words: Sequence[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - the words are made from the user's own command
            list(words),
            env=dict(self._environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )


def _stopped(child: subprocess.Popen[bytes]) -> None:
    """End a program, and everything that we hold of it."""
    child.kill()
    child.wait()
    for stream in (child.stdout, child.stderr):
        if stream:
            stream.close()


def _copy(
    child: subprocess.Popen[bytes],
    out: Callable[[bytes], None] | None,
    err: Callable[[bytes], None] | None,
    tick: Callable[[], None] | None,
) -> None:
    open_ = [
        (stream, reader) for stream, reader in ((child.stdout, out), (child.stderr, err)) if stream and reader
    ]
    until = float("inf")
    with selectors.DefaultSelector() as selector, _end_of(child) as ended:
        for stream, reader in open_:
            selector.register(stream, selectors.EVENT_READ, reader)
        if ended is not None:
            selector.register(ended, selectors.EVENT_READ)
        while open_ and time.monotonic() < until:
            for key, _ in selector.select(TICK if tick or until < float("inf") else None):
                if key.fileobj is ended:
                    selector.unregister(ended)
                    until = time.monotonic() + LINGER
                elif data := os.read(key.fd, 65536):
                    key.data(data)
                else:
                    selector.unregister(key.fileobj)
                    open_ = [each for each in open_ if each[0] is not key.fileobj]
            if tick:
                tick()


def _end_of(child: subprocess.Popen[bytes]) -> AbstractContextManager[BinaryIO | None]:
    """Return a file that can be read from when the child has ended, None where there is no such thing."""
    try:
        return os.fdopen(os.pidfd_open(child.pid), "rb", buffering=0)
    except (AttributeError, OSError):
        return nullcontext()


def _in_front() -> bool:
    """Say whether our process group is in front of a terminal, which then sends Ctrl-C to the child too."""
    for stream in (sys.stdin, sys.stderr, sys.stdout):
        try:
            return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
        except (AttributeError, OSError, ValueError):
            continue
    return False
