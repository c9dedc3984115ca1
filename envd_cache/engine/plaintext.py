"""Reads BuildKit's progress as text: what envd 1.3.6 prints on a pipe, and `--progress=plain` of buildx.

Facts (BuildKit `util/progress/progressui/printer.go` and `display.go`, and recorded output):

- a vertex begins with `#5 NAME`, after an empty line when another one was shown before. A name can have
  several lines: envd's `run` names its step after the whole script, which ends in a line end.
- `#5 0.128 TEXT` is a line of its log, seconds in four digits. envd's release numbers the first lines of a
  log `#0`; they belong to the vertex whose name was printed last.
- `#5 DONE 1.2s`, `#5 CACHED`, `#5 CANCELED`, `#5 ERROR: …` end it, and `#5 ...` leaves it for another one.
  The name is printed again when it goes on. A step that buildx shares between two targets changes its name.
- the end of a vertex that was left is not always told: when the build ends with another one, buildx 0.13
  prints nothing more of it (measured: one of two exports that run side by side).
- all else that begins with the number is a status: `#5 writing layer sha256:… 0.1s done`.
- after the last vertex every failed one is told again between lines of dashes. envd prints log lines with
  their numbers there.
"""

from __future__ import annotations

import codecs
import re

from envd_cache.engine.rawjson import MAX_OBJECT
from envd_cache.engine.vertices import Build, Event, Vertex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from envd_cache.engine.outcome import Outcome

_NUMBERED = re.compile(r"#(\d{1,9}) (.*)")
_LOG = re.compile(r"(\d{1,4}\.\d{0,3}) (.*)|(\d{1,4}\.\d{1,3})$")
_END = re.compile(r"DONE(?: (\d+(?:\.\d+)?)s)?$|(CACHED)$|(CANCELED)$|ERROR: (.*)")
_STATUS = re.compile(r"(.*?)(?: [\d.]+[kMGTP]?B(?: / [\d.]+[kMGTP]?B)?)?(?: \d+\.\d+s)?( done)?$")
# Only envd's `run` makes names of several lines; buildx joins those of a Dockerfile.
_SCRIPT = "bash -c "
_DASHES = "------"


class PlainText:
    """Takes a client's output in pieces as they come; `outcome()` can be asked at any time.

    stdout and stderr are told apart by `stream`, so that a line of one does not cut one of the other.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.build = Build(secrets)
        self._decoders: dict[str, codecs.IncrementalDecoder] = {}
        self._rest: dict[str, str] = {}
        self._current: Vertex | None = None
        # The stream in which a name with several lines is being read.
        self._named_in: str | None = None
        self._after_gap = True
        self._summary = False

    def feed(self, data: bytes, stream: str = "") -> list[Event]:
        """Take some bytes and return what happened; a line that is not whole is kept for the next call."""
        decoder = self._decoders.get(stream)
        if decoder is None:
            decoder = self._decoders[stream] = codecs.getincrementaldecoder("utf-8")("replace")
        *lines, rest = (self._rest.get(stream, "") + decoder.decode(data)).split("\n")
        self._rest[stream] = rest if len(rest) <= MAX_OBJECT else ""
        return [event for line in lines for event in self._line(line.rstrip("\r"), stream)]

    def close(self) -> list[Event]:
        """Take the last lines as whole, at the end of the output."""
        rest, self._rest = self._rest, {}
        return [
            event for stream, line in rest.items() if line for event in self._line(line.rstrip("\r"), stream)
        ]

    def outcome(self, exit_code: int | None = None, seconds: float | None = None) -> Outcome:
        """Return what the build did so far."""
        for vertex in self.build.vertices.values():
            if exit_code == 0 and vertex.proves_its_end:
                vertex.complete = True
            if vertex.kind == "step" and vertex.fetched:
                # Nothing else fetches layers for a step: it came from an imported cache.
                vertex.was_cached = True
        return self.build.outcome(exit_code, seconds)

    def _line(self, line: str, stream: str) -> list[Event]:
        if self._named_in not in (None, stream):
            # A log beside the progress, in the middle of a name.
            return self.build.say(line) if line else []
        found = _NUMBERED.match(line)
        if self._summary or (line == _DASHES and self._named_in is None):
            return self._after_all(line, found)
        gap, self._after_gap = self._after_gap, not line
        if found:
            return self._numbered(int(found[1]), found[2], gap, stream)
        if self._named_in is not None and not (gap and self.build.is_error(line)):
            return self._more_of_name(line)
        return self.build.say(line) if line else []

    def _after_all(self, line: str, found: re.Match[str] | None) -> list[Event]:
        """Take a line of the summary, which repeats; only what the client says below it is new."""
        if line == _DASHES:
            self._summary = not self._summary
            return []
        return [] if self._summary or found else self.build.say(line)

    def _numbered(self, number: int, rest: str, gap: bool, stream: str) -> list[Event]:
        vertex, current = self.build.vertices.get(number), self._current
        log = _LOG.match(rest)
        if number == 0:
            # Else it is buildx's `#0 building with …`, which never ends.
            if not (current and log):
                return []
            vertex = current
        if self._named_in is not None and not gap and vertex is not current:
            # A line of a script that looks like one of ours: another vertex comes after an empty line.
            return self._more_of_name(f"#{number} {rest}")
        again = vertex is not None and rest == vertex.name.split("\n", 1)[0]
        if vertex is None or (gap and (again or vertex is not current)):
            return self._header(number, rest, stream)
        self._named_in, self._current = None, vertex
        if rest == "...":
            return []
        if log:
            text = self.build.clean(log[2] or "")
            vertex.log.append(text)
            return [Event(vertex.number, "log", text, float(log[1] or log[3]))]
        if found := _END.match(rest):
            return self._end(vertex, found, rest)
        name = _STATUS.match(rest)
        if name is None:
            return []
        done = bool(name[2])
        vertex.statuses[name[1]] = vertex.statuses.get(name[1], False) or done
        return [Event(vertex.number, "status", self.build.clean(rest))] if done else []

    def _more_of_name(self, line: str) -> list[Event]:
        if self._current and (line or not self._current.name.endswith("\n")):
            self._current.name += f"\n{self.build.clean(line)}"
        return []

    def _header(self, number: int, name: str, stream: str) -> list[Event]:
        vertex = self.build.vertices.get(number)
        name = self.build.clean(name)
        if vertex is None:
            vertex = self.build.vertices[number] = Vertex(number, name)
        vertex.name, vertex.started = name, 0.0
        self._current, self._named_in = vertex, stream if name.startswith(_SCRIPT) else None
        return [Event(number, "start", name)]

    def _end(self, vertex: Vertex, found: re.Match[str], rest: str) -> list[Event]:
        vertex.complete = True
        if found[2]:
            vertex.was_cached = True
        elif found[3]:
            vertex.cancelled = True
        elif found[4] is not None:
            vertex.error = self.build.clean(found[4])
        elif found[1]:
            vertex.seconds = float(found[1])
        return [Event(vertex.number, "done", self.build.clean(rest))]
