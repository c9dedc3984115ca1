"""The live progress of a build: one status line on a terminal, plain lines elsewhere.

A view takes the events of a reader and hands texts to a `write`; it knows the time from a clock in seconds
that only goes forward. Nothing is printed here.
"""

from __future__ import annotations

from unicodedata import combining, east_asian_width

from envd_cache.engine.vertices import kind_of, title

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from envd_cache.engine.outcome import Outcome
    from envd_cache.engine.vertices import Build, Event, Vertex

# A terminal is written to at most this often, in seconds.
PAUSE = 0.1

# BuildKit says that a vertex has ended and lets it go on at once: the end is shown when it stays.
SETTLE = 0.15

CLEAR = "\r\x1b[2K"


class PlainLines:
    """Lines as buildx writes them: `#5 [2/3] RUN …`, `#5 0.128 a line of its log`, `#5 DONE 1.2s`."""

    def __init__(self, build: Build, write: Callable[[str], object], clock: Callable[[], float]) -> None:
        self._build, self._write, self._clock = build, write, clock
        self._named: set[int] = set()
        self._starts: dict[int, float] = {}
        self._ends: dict[int, tuple[float, str]] = {}
        self._cached: set[int] = set()
        # Cached, and then at once fetched: nobody has been told of the first yet.
        self._hits: set[int] = set()

    def take(self, events: Iterable[Event]) -> None:
        """Show what happened."""
        now = self._clock()
        for event in events:
            number = event.number
            if event.kind == "done":
                self._ends[number] = (now, event.text)
            elif event.kind == "start":
                # The name waits a moment: it can have more lines than the one that is here.
                if self._ends.pop(number, (0.0, ""))[1] == "CACHED":
                    self._hits.add(number)
                self._starts.setdefault(number, now)
            elif event.kind == "text":
                self._flush(now)
                self._write(f"{event.text}\n")
            else:
                if event.kind == "log":
                    # It ran after all.
                    self._hits.discard(number)
                    self._cached.discard(number)
                self._name(number)
                at = "" if event.at is None else f"{event.at:#.4g}"[:5] + " "
                self._write(f"#{number} {at}{event.text}\n")
        self._flush(now, SETTLE)

    def tick(self) -> None:
        """Show what was held back for a moment; to be called now and then."""
        self._flush(self._clock(), SETTLE)

    def finish(self, outcome: Outcome) -> None:
        """Show what is left, and why the build failed."""
        self._flush(self._clock())
        self._write(failure(outcome))

    def _name(self, number: int) -> None:
        self._starts.pop(number, None)
        if number not in self._named:
            vertex = _vertex(self._build, number)
            gap = "\n" if self._named else ""
            self._write(f"{gap}#{number} {title(vertex.name) if vertex else ''}\n")
            self._named.add(number)

    def _flush(self, now: float, settle: float = 0.0) -> None:
        for number, then in list(self._starts.items()):
            if now - then >= settle and number not in self._ends:
                self._name(number)
        for number, (then, text) in list(self._ends.items()):
            if now - then < settle:
                continue
            del self._ends[number]
            fetched = text.startswith("DONE")
            if fetched and number in self._cached:
                # Its layers were fetched afterwards, for the image or for a step that runs.
                continue
            is_cached = text == "CACHED" or (fetched and number in self._hits)
            if is_cached:
                self._cached.add(number)
            self._name(number)
            self._write(f"#{number} {'CACHED' if is_cached else text}\n")


class StatusLine:
    """One line on a terminal, written over and over: `[12/34] RUN pip install …  8.2s`."""

    def __init__(
        self,
        build: Build,
        write: Callable[[str], object],
        clock: Callable[[], float],
        width: Callable[[], int],
    ) -> None:
        self._build, self._write, self._clock, self._width = build, write, clock, width
        self._begun = clock()
        self._since: dict[int, float] = {}
        self._shown = ""
        self._shown_at = float("-inf")

    def take(self, events: Iterable[Event]) -> None:
        """Show what happened; what the client says itself stays on a line of its own."""
        now = self._clock()
        for event in events:
            if event.kind == "start":
                self._since.setdefault(event.number, now)
            elif event.kind == "done":
                self._since.pop(event.number, None)
            elif event.kind == "text" and event.text:
                self._clear()
                self._write(f"{event.text}\n")
        self._show(now)

    def tick(self) -> None:
        """Let the time on the line go on; to be called a few times a second."""
        self._show(self._clock())

    def finish(self, outcome: Outcome) -> None:
        """Take the line away and show why the build failed."""
        self._clear()
        self._write(failure(outcome))

    def _clear(self) -> None:
        if self._shown:
            self._write(CLEAR)
        self._shown = ""

    def _show(self, now: float) -> None:
        if now - self._shown_at < PAUSE:
            return
        line = self._line(now)
        if line != self._shown:
            self._write(f"{CLEAR}{line}")
            self._shown = line
        self._shown_at = now

    def _line(self, now: float) -> str:
        vertices = list(self._build.vertices.values())
        done = sum(vertex.complete for vertex in vertices)
        running = [vertex for vertex in vertices if vertex.number in self._since]
        # The newest step of the build file says most; the engine's own work when there is no other.
        steps = [vertex for vertex in running if vertex.kind != "other"] or running
        since, name = self._begun, "building"
        if steps:
            newest = max(steps, key=lambda vertex: (self._since[vertex.number], vertex.number))
            since, name = self._since[newest.number], title(kind_of(newest.name)[2])
        more = f" (+{len(running) - 1})" if len(running) > 1 else ""
        head, tail = f"[{done}/{len(vertices)}] ", f"{more}  {max(now - since, 0.0):.1f}s"
        # The last column stays free: some terminals go to the next line when it is written.
        return cut(head, name, tail, self._width() - 1)


def failure(outcome: Outcome) -> str:
    """Return the step that failed, the end of its log and the error, "" when the build went well."""
    if not outcome.error:
        return ""
    lines = [f"failed: {outcome.failed_step}"] if outcome.failed_step else []
    lines += [f"  | {line}" for line in outcome.failed_log]
    lines.append(f"error: {outcome.error}")
    return "".join(f"{line}\n" for line in lines)


def cut(head: str, name: str, tail: str, width: int) -> str:
    """Return the three parts in so many cells of a terminal; the name gives way first."""
    room = width - _cells(head) - _cells(tail)
    if _cells(name) > room:
        name = _first_cells(name, room - 1) + "…" if room > 1 else ""
    return _first_cells(head + name + tail, max(width, 0))


def _cells(text: str) -> int:
    return len(text) if text.isascii() else sum(map(_cell, text))


def _cell(letter: str) -> int:
    if combining(letter):
        return 0
    return 2 if east_asian_width(letter) in ("W", "F") else 1


def _first_cells(text: str, width: int) -> str:
    used = 0
    for index, letter in enumerate(text):
        used += _cell(letter)
        if used > width:
            return text[:index]
    return text


def _vertex(build: Build, number: int) -> Vertex | None:
    return next((vertex for vertex in build.vertices.values() if vertex.number == number), None)
