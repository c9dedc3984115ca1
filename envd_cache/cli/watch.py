"""Watches a client at work: shows its progress as it comes and keeps what it said of the caches."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import time

from envd_cache.cli.child import run
from envd_cache.engine.line import PlainLines, StatusLine
from envd_cache.engine.plaintext import PlainText
from envd_cache.engine.rawjson import RawJson

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import TextIO

    from envd_cache.engine.outcome import Outcome

# The forms of progress that we can read; with any other the report knows nothing of the caches.
RAW, PLAIN = "rawjson", "plain"

# A line in which a path may have to be replaced, and which does not end, is passed on from this length on.
_LONGEST = 2**20


def watched(
    words: Sequence[str],
    environ: Mapping[str, str],
    *,
    form: str,
    shown: bool,
    on_both: bool = False,
    names: Sequence[tuple[str, str]] = (),
    secrets: Iterable[str] = (),
) -> tuple[int, Outcome]:
    """Run a client and return its exit code and what its progress said.

    `form` is how it tells its progress: RAW, PLAIN or "" when nobody can read it. With `shown` the progress
    is ours to show, else it is passed on as it comes. `on_both`: it tells it on standard output too, where
    other clients write what was built. `names` are texts to replace in what is shown: paths
    of our files by the user's. Raises OSError when the client cannot be started.
    """
    begun = time.monotonic()
    # It is off for short commands; this one can go on for hours.
    gc.enable()
    if not form:
        code = run(words, environ)
        return code, RawJson().outcome(code, time.monotonic() - begun)
    reader = RawJson(secrets) if form == RAW else PlainText(secrets)
    translated = {stream: _Translated(names) for stream in ("out", "err")}
    if not shown:

        def passed(data: bytes) -> None:
            reader.feed(data)
            write(data)

        code = run(words, environ, err=passed)
        reader.close()
        return code, reader.outcome(code, time.monotonic() - begun)
    if sys.stderr.isatty() and environ.get("TERM") != "dumb":
        view: StatusLine | PlainLines = StatusLine(
            reader.build, write, time.monotonic, lambda: shutil.get_terminal_size().columns
        )
    else:
        view = PlainLines(reader.build, write, time.monotonic)

    def taken(stream: str, data: bytes) -> None:
        text = translated[stream].feed(data)
        view.take(reader.feed(text, stream) if isinstance(reader, PlainText) else reader.feed(text))

    code = run(
        words,
        environ,
        out=(lambda data: taken("out", data)) if on_both else None,
        err=lambda data: taken("err", data),
        tick=view.tick,
    )
    for stream, rest in translated.items():
        if left := rest.close():
            view.take(reader.feed(left, stream) if isinstance(reader, PlainText) else reader.feed(left))
    view.take(reader.close())
    outcome = reader.outcome(code, time.monotonic() - begun)
    view.finish(outcome)
    return code, outcome


class _Translated:
    """Replaces texts in a stream, line by line, so that none is cut in two."""

    def __init__(self, names: Sequence[tuple[str, str]]) -> None:
        self._names = [(old.encode(), new.encode(errors="surrogateescape")) for old, new in names]
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        if not self._names:
            return data
        whole, mark, self._rest = (self._rest + data).rpartition(b"\n")
        if len(self._rest) > _LONGEST:
            whole, mark, self._rest = whole + mark + self._rest, b"", b""
        return self._replaced(whole + mark)

    def close(self) -> bytes:
        rest, self._rest = self._rest, b""
        return self._replaced(rest)

    def _replaced(self, data: bytes) -> bytes:
        for old, new in self._names:
            data = data.replace(old, new)
        return data


def write(text: str | bytes) -> None:
    """Write to standard error. Who went away (`| head`, a closed terminal) must not end the build."""
    try:
        if isinstance(text, bytes):
            sys.stderr.flush()
            sys.stderr.buffer.write(text)
        else:
            sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        silence(sys.stderr)


def silence(stream: TextIO) -> None:
    """Let what is written to a stream whose reader went away go nowhere, also what it still holds."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
