"""Runs another program in our place: its output goes through us, signals go to it, its exit code is ours."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import FrameType

NOT_FOUND, NOT_EXECUTABLE = 127, 126

# How often a live view is drawn anew while nothing arrives, in seconds.
TICK = 0.1
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(
    words: Sequence[str],
    environ: Mapping[str, str],
    *,
    out: Callable[[bytes], None] | None = None,
    err: Callable[[bytes], None] | None = None,
    tick: Callable[[], None] | None = None,
) -> int:
    """Run a program to its end and return its exit code, 128 and the signal's number if one ended it.

    `out` and `err` get what it writes, as it comes; without them it writes where we would. Signals that
    ask us to end are the child's to answer, so that the client can tell its engine; we go on until it has
    ended, and whoever called can clean up. Raises OSError when the program cannot be started.
    """
    child = subprocess.Popen(  # noqa: S603 - the words are the user's own command
        list(words),
        env=dict(environ),
        stdout=subprocess.PIPE if out else None,
        stderr=subprocess.PIPE if err else None,
    )

    def forward(number: int, frame: FrameType | None) -> None:
        del frame
        # The terminal sends Ctrl-C to everyone in front of it; a second one would force the client to quit.
        if number == signal.SIGINT and _in_front():
            return
        child.send_signal(number)

    before = {number: signal.signal(number, forward) for number in _FORWARDED}
    try:
        _copy(child, out, err, tick)
        code = child.wait()
    except BaseException:
        child.kill()
        child.wait()
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for stream in (child.stdout, child.stderr):
            if stream:
                stream.close()
    return 128 - code if code < 0 else code


def captured(words: Sequence[str], environ: Mapping[str, str], timeout: float) -> tuple[int, str, str]:
    """Return exit code, standard output and standard error of a program; 127 when it cannot be started."""
    try:
        done = subprocess.run(  # noqa: S603 - the words are made from the user's own command
            list(words),
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=timeout,
        )
    except subprocess.TimeoutExpired:
        return 124, "", f"no answer within {timeout:g} s"
    except FileNotFoundError:
        return NOT_FOUND, "", f"`{words[0]}` was not found"
    except OSError as error:
        return NOT_EXECUTABLE, "", f"`{words[0]}` cannot be run: {error.strerror}"
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def _copy(
    child: subprocess.Popen[bytes],
    out: Callable[[bytes], None] | None,
    err: Callable[[bytes], None] | None,
    tick: Callable[[], None] | None,
) -> None:
    with selectors.DefaultSelector() as selector:
        for stream, reader in ((child.stdout, out), (child.stderr, err)):
            if stream and reader:
                selector.register(stream, selectors.EVENT_READ, reader)
        while selector.get_map():
            for key, _ in selector.select(TICK if tick else None):
                data = os.read(key.fd, 65536)
                if data:
                    key.data(data)
                else:
                    selector.unregister(key.fileobj)
            if tick:
                tick()


def _in_front() -> bool:
    """Say whether our process group is in front of a terminal, which then sends Ctrl-C to the child too."""
    for stream in (sys.stdin, sys.stderr, sys.stdout):
        try:
            return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
        except (OSError, ValueError):
            continue
    return False
