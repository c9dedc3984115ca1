"""Reads the progress of `--progress=rawjson`: BuildKit's `SolveStatus` values, one JSON object after another.

Facts, recorded: buildx 0.13.1 writes them indented over several lines, buildx 0.29.1 (and buildctl, which
uses the same `progressui.RawJSONMode`) one to a line; on stderr, with plain lines of text between them.
Keys: `vertexes` (digest, name, inputs, started, completed, cached, error), `statuses` (id, vertex, current,
total, started, completed), `logs` (vertex, stream, data in base64), `warnings`. Times are RFC 3339.
"""

from __future__ import annotations

import binascii
import codecs
import json
from datetime import datetime

from envd_cache.engine.vertices import Build, Event, Vertex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from envd_cache.engine.outcome import Outcome

# An object or a line beyond this is thrown away: a reader must not fill the memory.
MAX_OBJECT = 16 * 2**20


class RawJson:
    """Takes a client's output in pieces as they come; `outcome()` can be asked at any time."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.build = Build(secrets)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._object: list[str] = []
        self._size = 0
        self._partial: dict[str, str] = {}
        # Vertices are numbered as they begin, as BuildKit's own text does it.
        self._begun = 0

    def feed(self, data: bytes, stream: str = "") -> list[Event]:
        """Take some bytes and return what happened; a line that is not whole is kept for the next call.

        `stream` is where they came from, and says nothing here: clients write JSON to one stream alone.
        """
        del stream
        *lines, self._rest = (self._rest + self._decoder.decode(data)).split("\n")
        if len(self._rest) > MAX_OBJECT:
            self._rest = ""
        return [event for line in lines for event in self._line(line)]

    def close(self) -> list[Event]:
        """Take the last line as whole, at the end of the output."""
        line, self._rest = self._rest + self._decoder.decode(b"", final=True), ""
        events = self._line(line) if line.strip() else []
        for digest in sorted(self._partial):
            events += self._log_lines(digest, "\n", None)
        return events

    def outcome(self, exit_code: int | None = None, seconds: float | None = None) -> Outcome:
        """Return what the build did so far."""
        return self.build.outcome(exit_code, seconds)

    def _line(self, line: str) -> list[Event]:
        line = line.rstrip("\r")
        if self._object:
            if line == "}":
                text, self._object = "\n".join([*self._object, line]), []
                return self._parsed(text)
            if line[:1] in (" ", "\t"):
                self._size += len(line)
                if self._size < MAX_OBJECT:
                    self._object.append(line)
                return []
            if line == "{":
                # The one before was cut.
                self._object, self._size = ["{"], 0
                return []
            return self.build.say(line)
        if line == "{":
            self._object, self._size = ["{"], 0
            return []
        if line.startswith("{"):
            return self._parsed(line)
        return self.build.say(line)

    def _parsed(self, text: str) -> list[Event]:
        """Take the objects of a text; what follows the last of them is a line of its own."""
        events: list[Event] = []
        at, decoder = 0, json.JSONDecoder()
        while text[at:].startswith("{"):
            try:
                value, at = decoder.raw_decode(text, at)
            except (ValueError, RecursionError):
                break
            events += self._status(value)
        rest = text[at:].strip()
        return events + (self.build.say(rest) if rest and not rest.startswith("{") else [])

    def _status(self, value: dict[str, object]) -> list[Event]:
        events: list[Event] = []
        for each in _dicts(value.get("vertexes")):
            events += self._vertex(each)
        for each in _dicts(value.get("statuses")):
            events += self._vertex_status(each)
        for each in _dicts(value.get("logs")):
            events += self._log(each)
        return events

    def _vertex(self, value: dict[str, object]) -> list[Event]:
        digest, name = value.get("digest"), value.get("name")
        if not isinstance(digest, str) or not isinstance(name, str):
            return []
        known = self.build.vertices
        name = (
            self.build.clean(name)
            if "\n" not in name
            else "\n".join([self.build.clean(line) for line in name.split("\n")])
        )
        vertex = known.get(digest)
        if vertex is None:
            vertex = known[digest] = Vertex(0, name)
        vertex.name = name or vertex.name
        started, ended = _time(value.get("started")), _time(value.get("completed"))
        events: list[Event] = []
        if started is not None:
            vertex.started, vertex.complete = started, ended is not None
            if vertex.first_started is None:
                vertex.first_started = started
                self._begun += 1
                vertex.number = self._begun
            events.append(Event(vertex.number, "start", vertex.name))
        vertex.was_cached = vertex.was_cached or value.get("cached") is True
        error = value.get("error")
        if isinstance(error, str) and error:
            error = self.build.clean(error)
            vertex.cancelled = error.endswith("context canceled")
            vertex.error = "" if vertex.cancelled else error
        if ended is not None:
            vertex.ended, vertex.complete = ended, True
            vertex.seconds = ended - (started if started is not None else ended)
            events.append(Event(vertex.number, "done", _ending(vertex, value.get("cached") is True)))
        return events

    def _vertex_status(self, value: dict[str, object]) -> list[Event]:
        name, vertex = value.get("id"), self._of(value)
        if vertex is None or not vertex.number or not isinstance(name, str):
            return []
        done = value.get("completed") is not None
        fresh = done and not vertex.statuses.get(name)
        vertex.statuses[name] = vertex.statuses.get(name, False) or done
        if not fresh:
            return []
        started, ended = _time(value.get("started")), _time(value.get("completed"))
        took = f" {ended - started:.1f}s" if started is not None and ended and ended - started > 0.01 else ""
        amount = _amount(value.get("current"), value.get("total"))
        return [Event(vertex.number, "status", self.build.clean(f"{name}{amount}{took} done"))]

    def _log(self, value: dict[str, object]) -> list[Event]:
        data, vertex, digest = value.get("data"), self._of(value), value.get("vertex")
        if vertex is None or not vertex.number or not isinstance(data, str) or not isinstance(digest, str):
            return []
        try:
            text = binascii.a2b_base64(data).decode("utf-8", "replace")
        except ValueError:
            return []
        when = _time(value.get("timestamp"))
        at = max(when - vertex.started, 0.0) if when is not None and vertex.started is not None else None
        return self._log_lines(digest, text, at)

    def _log_lines(self, digest: str, text: str, at: float | None) -> list[Event]:
        """Return the whole lines of a log; the rest waits for its end, so that no secret is cut in two."""
        vertex = self.build.vertices[digest]
        *lines, rest = (self._partial.pop(digest, "") + text).split("\n")
        if rest:
            self._partial[digest] = rest[-MAX_OBJECT:]
        found = [self.build.clean(_last_written(line)) for line in lines]
        vertex.log.extend(found)
        return [Event(vertex.number, "log", line, at) for line in found]

    def _of(self, value: dict[str, object]) -> Vertex | None:
        digest = value.get("vertex")
        return self.build.vertices.get(digest) if isinstance(digest, str) else None


def _dicts(value: object) -> list[dict[str, object]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _time(value: object) -> float | None:
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _amount(current: object, total: object) -> str:
    """Return how much was moved, as BuildKit writes it: ` 3.00MB / 3.00MB`."""
    sizes = [size for size in (current, total) if isinstance(size, int) and size > 0]
    return f" {' / '.join(map(_size, sizes))}" if sizes else ""


def _size(number: int) -> str:
    amount, unit = float(number), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 1000 or unit == "TB":
            break
        amount /= 1000
    return f"{number}B" if unit == "B" else f"{amount:.2f}{unit}"


def _last_written(line: str) -> str:
    """Return what a terminal would show of a line in which a program went back to its start."""
    parts = [part for part in line.rstrip("\r").split("\r") if part]
    return parts[-1] if parts else ""


def _ending(vertex: Vertex, cached: bool) -> str:
    if vertex.cancelled:
        return "CANCELED"
    if vertex.error:
        return f"ERROR: {vertex.error}"
    return "CACHED" if cached else f"DONE {vertex.seconds or 0:.1f}s"
