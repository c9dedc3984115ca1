"""Watches a client at work: shows its progress as it comes and keeps what it said of the caches."""

from __future__ import annotations

import gc
import os
import sys
import time

from envd_cache.cli.child import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import TextIO

    from envd_cache.engine.line import PlainLines, StatusLine
    from envd_cache.engine.outcome import Outcome
    from envd_cache.engine.plaintext import PlainText
    from envd_cache.engine.rawjson import RawJson
    from envd_cache.engine.vertices import Event

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
    begun: Callable[[], None] = lambda: None,
) -> tuple[int, Outcome]:
    """Run a client and return its exit code and what its progress said.

    `form` is how it tells its progress: RAW, PLAIN or "" when nobody can read it. With `shown` the progress
    is ours to show, else it is passed on as it comes. `on_both`: it tells it on standard output too, where
    other clients write what was built. `names` are texts to replace in what is shown: paths
    of our files by the user's. `begun` is called once while the client starts. Raises OSError when the
    client cannot be started.
    """
    start = time.monotonic()
    if not form:
        code = run(words, environ, begun=lambda: _settle_in(begun))
        return code, _reader(RAW, ()).outcome(code, time.monotonic() - start)
    watching = _Watching(form, names, secrets, shown=shown, dumb=environ.get("TERM") == "dumb")

    def ready() -> None:
        watching.open()
        _settle_in(begun)

    code = run(
        words,
        environ,
        out=(lambda data: watching.take("out", data)) if on_both and shown else None,
        err=lambda data: watching.take("err", data),
        tick=watching.tick if shown else None,
        begun=ready,
    )
    return code, watching.close(code, start)


def _settle_in(begun: Callable[[], None]) -> None:
    """Do what can be done while the client starts."""
    begun()
    # It is off for short commands; this one can go on for hours. What there is now will be there to its end.
    gc.freeze()
    gc.enable()


def _reader(form: str, secrets: Iterable[str]) -> PlainText | RawJson:
    # Readers and views are loaded when the client runs: it takes longer to start than they do.
    if form == PLAIN:
        from envd_cache.engine.plaintext import PlainText  # noqa: PLC0415 - while the client starts

        return PlainText(secrets)
    from envd_cache.engine.rawjson import RawJson  # noqa: PLC0415 - while the client starts

    return RawJson(secrets)


class _Watching:
    """Reads the progress of a client that runs, and shows it or passes it on."""

    _reader: PlainText | RawJson
    _view: StatusLine | PlainLines | None = None

    def __init__(
        self,
        form: str,
        names: Sequence[tuple[str, str]],
        secrets: Iterable[str],
        *,
        shown: bool,
        dumb: bool,
    ) -> None:
        self._form = form
        self._secrets = secrets
        self._shown = shown
        self._dumb = dumb
        self._translated = {stream: _Translated(names) for stream in ("out", "err")}

    def open(self) -> None:
        """Get ready; nothing was taken yet."""
        self._reader = _reader(self._form, self._secrets)
        if not self._shown:
            return
        import shutil  # noqa: PLC0415 - while the client starts

        from envd_cache.engine.line import PlainLines, StatusLine  # noqa: PLC0415 - while the client starts

        build = self._reader.build
        if sys.stderr.isatty() and not self._dumb:
            self._view = StatusLine(build, write, time.monotonic, lambda: shutil.get_terminal_size().columns)
        else:
            self._view = PlainLines(build, write, time.monotonic)

    def take(self, stream: str, data: bytes) -> None:
        """Take what the client wrote."""
        if self._view is None:
            self._reader.feed(data, stream)
            write(data)
        else:
            self._view.take(self._reader.feed(self._translated[stream].feed(data), stream))

    def tick(self) -> None:
        """Draw anew what changes with time."""
        if self._view is not None:
            self._view.tick()

    def close(self, code: int, start: float) -> Outcome:
        """Return the outcome of a client that ended with a code and started at a time."""
        events: list[Event] = []
        for stream, rest in self._translated.items():
            if left := rest.close():
                events += self._reader.feed(left, stream)
        events += self._reader.close()
        outcome = self._reader.outcome(code, time.monotonic() - start)
        if self._view is not None:
            self._view.take(events)
            self._view.finish(outcome)
        return outcome


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
