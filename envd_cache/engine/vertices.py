"""The vertices of a build as its progress shows them, and the outcome that follows from them.

Both readers fill a `Build`. Facts, recorded with buildx 0.13.1 and 0.29.1, envd 1.3.6 and Docker Engine
20.10, 26.1 and 28.5: a step taken from an imported cache is shown once as cached, and once more, not as
cached, when its layers are fetched; a step that ran has a log, or no layers of its own to fetch.
"""

from __future__ import annotations

import re
import signal
from collections import deque

from envd_cache.catalog.progress import (
    DIRECTORY_TYPE,
    EXPORT_STEPS,
    FOUND_STATUSES,
    IMPORT_STEP,
    INLINE_STATUS,
    INLINE_TYPE,
    LAYER_STATUS,
    MANIFEST_STATUSES,
    SILENT_WHEN_MISSING,
)
from envd_cache.engine.outcome import SILENT, ExportOutcome, ImportOutcome, Outcome, Steps
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal, TypeAlias

    from envd_cache.engine.outcome import ExportState, ImportState

    EventKind: TypeAlias = Literal["start", "log", "status", "done", "text"]

# Lines of a log that are kept, and shown when the step fails.
LOG_LINES = 200
TAIL_LINES = 20

MASK = "***"
SHORTEST_SECRET = 4

# A vertex is named `[stage 2/3] RUN …`, `[internal] …`, and, of several targets, `[target stage 2/3] RUN …`
# or `[target] exporting …` (buildx `util/progress/multiwriter.go`).
_BRACKET = re.compile(r"\[(?P<inside>[^\[\]]*)\] (?P<rest>.*)", re.DOTALL)
_NUMBER = re.compile(r"\d+/\d+")

# What BuildKit, its Dockerfile frontend and buildx do for themselves under `[internal]`. envd gives its own
# steps that mark too, and those do run something.
_INTERNAL = (
    "load ", "booting ", "pulling image ", "creating container ", "starting ", "waiting for ", "connecting ",
    "setting cache mount permissions", "settings cache mount permissions", "reading ",
)  # fmt: skip
_SOURCES = re.compile(
    r"(docker-image|oci-layout|local|git|https?)://|FROM |resolve image config |exporting |pushing "
    r"|building with |sending tarball|importing to docker"
)
_TYPES = frozenset(EXPORT_STEPS.values())
_ENVD_RUN = "bash -c set -euo pipefail\n"
_FETCHES = ("sha256:", "extracting sha256:", "pulling sha256:")
_NOT_THERE = re.compile(
    r"not found\W*$|: not found\b|\b404\b|no such file or directory|manifest unknown|name unknown"
    r"|manifest_unknown|name_unknown|NoSuchKey|BlobNotFound"
)
_LOCAL_IMPORT = re.compile(r"local cache import at (.+?) (not found due to err|skipped): (.*)")
_LOGFMT = re.compile(r'\b(?:msg|error)="((?:[^"\\]|\\.)*)"')
_LOGFMT_ERROR = re.compile(r'\berror="((?:[^"\\]|\\.)*)"')
_FATAL = re.compile(r"level=(?:fatal|error)\b.*")
_ERROR = re.compile(r"(?:ERROR|error): (.*)")
_WRAPS = re.compile(
    r"(?:target [^\s:]+: "
    r"|failed to (?:build the image|build|solve|solve LLB|wait error group|execute bake): )+"
)
_COLOURS = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-_])")


class Event(Record):
    """Something to show: `number` and `text` of a vertex and what happened, or a line of the client's own.

    The text is the vertex's name ("start"; its first line), a line ("log", "status", "text"), or how it
    ended ("done": `CACHED`, `DONE 1.2s`, `CANCELED`, `ERROR: …`). The number of a text is -1. `at` is when
    a line of a log was written, in seconds from the start of its vertex.
    """

    number: int
    kind: EventKind
    text: str
    at: float | None = None


class Vertex:
    """One vertex while the build runs. Times are in seconds, of the engine's clock."""

    def __init__(self, number: int, name: str) -> None:
        self.number = number
        self.name = name
        self.started: float | None = None
        self.first_started: float | None = None
        self.ended: float | None = None
        self.seconds: float | None = None
        self.complete = False
        self.was_cached = False
        self.cancelled = False
        self.error = ""
        self.log: deque[str] = deque(maxlen=LOG_LINES)
        self.statuses: dict[str, bool] = {}

    @property
    def kind(self) -> str:
        """The work: "import", "export", "step", or "other" for what is no step of the build file."""
        return kind_of(self.name)[0]

    @property
    def is_cached(self) -> bool:
        """Whether nothing ran. A log proves that something did."""
        return self.was_cached and not self.log

    @property
    def proves_its_end(self) -> bool:
        """Whether its lines prove that it did its work: the last of an export, what an import found."""
        last = {"export": MANIFEST_STATUSES, "import": FOUND_STATUSES}.get(self.kind, ())
        return any(done and status.startswith(last) for status, done in self.statuses.items() if last)

    @property
    def fetched(self) -> bool:
        """Whether layers were fetched for it."""
        return any(status.startswith(_FETCHES) for status in self.statuses)


def kind_of(name: str) -> tuple[str, str, str]:
    """Return the kind of a vertex, the target that it belongs to, and its name without that."""
    target, rest, numbered = "", name, False
    if found := _BRACKET.match(name):
        words, rest = found["inside"].split(" "), found["rest"]
        numbered = bool(_NUMBER.fullmatch(words[-1]))
        if words[-1] == "auth":
            return "other", "", rest
        if words[-1] == "internal":
            kind = "other" if rest.startswith(_INTERNAL) else "step"
            return kind, words[0] if len(words) > 1 else "", rest
        if not numbered:
            target = found["inside"]
    if rest.startswith(IMPORT_STEP):
        return "import", target, rest
    if rest in EXPORT_STEPS:
        return "export", target, rest
    if _SOURCES.match(rest):
        return "other", target, rest
    return "step", target, rest


def title(name: str) -> str:
    """Return a vertex's name in one line; of envd's `run` only the script (envd 1.3.6 names it whole)."""
    script = name.removeprefix(_ENVD_RUN).strip()
    return "; ".join(line.strip() for line in script.splitlines() if line.strip()) or name.strip()


class Build:
    """The vertices so far, by the reader's own key, and what the client said beside them."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.vertices: dict[object, Vertex] = {}
        self.error = ""
        self.local_imports: dict[str, str] = {}
        spellings = {form for text in secrets for form in _spellings(text) if len(form) >= SHORTEST_SECRET}
        self._secrets = sorted(spellings, key=lambda text: (-len(text), text))

    def clean(self, text: str) -> str:
        """Return a text without the values of secrets, and without what a terminal takes for commands."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        if text.isprintable():
            return text
        text = _COLOURS.sub("", text)
        return "".join(letter if letter == "\t" or letter.isprintable() else " " for letter in text)

    def is_error(self, line: str) -> bool:
        """Say whether a line is a client's last word on a build that failed."""
        return bool(_FATAL.search(line) or _ERROR.match(line))

    def say(self, line: str) -> list[Event]:
        """Take a line that is not of the progress: a warning, an excerpt; an error is kept for the end."""
        line = line.rstrip("\r\n")
        said = _unquoted(found[1]) if (found := _LOGFMT.search(line)) else line
        if found := _LOCAL_IMPORT.search(said):
            self.local_imports.setdefault(self.clean(found[1]), self.clean(found[3]))
        error = ""
        if found := _FATAL.search(line):
            inside = _LOGFMT_ERROR.search(found[0]) or _LOGFMT.search(found[0])
            error = _unquoted(inside[1]) if inside else found[0]
        elif found := _ERROR.match(line):
            error = found[1]
        elif not self.error and _WRAPS.match(line):
            error = line
        if not error:
            return [Event(-1, "text", self.clean(line))]
        self.error = "\n".join([self.clean(part) for part in unwrapped(error).split("\n")])
        return []

    def outcome(self, exit_code: int | None = None, seconds: float | None = None) -> Outcome:
        """Return what the build did so far.

        With the client's exit code a build whose client was silent about its failure has failed too.
        `seconds` is the time that the caller measured, for a progress without times.
        """
        vertices = list(self.vertices.values())
        failed = [vertex for vertex in vertices if vertex.error and vertex.kind not in ("import", "export")]
        error = self.error
        if exit_code is not None and not exit_code:
            error = ""
        elif exit_code and not error:
            broken = failed or [vertex for vertex in vertices if vertex.error and vertex.kind == "export"]
            error = broken[-1].error if broken else f"{SILENT}{exit_code}{_signal(exit_code)}"
        step = failed[-1] if failed and error else None
        return Outcome(
            self._imports(vertices),
            _with_fatal(_exports(vertices), error),
            _steps(vertices, bool(error)),
            seconds if seconds is not None else _span(vertices),
            error,
            title(step.name) if step else "",
            tuple(step.log)[-TAIL_LINES:] if step else (),
            len(vertices),
        )

    def _imports(self, vertices: list[Vertex]) -> tuple[ImportOutcome, ...]:
        found: list[ImportOutcome] = []
        for vertex in vertices:
            kind, target, name = kind_of(vertex.name)
            if kind != "import":
                continue
            source = name.removeprefix(IMPORT_STEP).strip()
            head, colon, number = source.partition(":")
            typed = head if colon and number.isdecimal() and head in _TYPES else ""
            reason = short_reason(vertex.error, source)
            state = _import_state(vertex, typed)
            found.append(ImportOutcome(source, state, reason, typed, target, vertex.seconds))
        for directory, why in self.local_imports.items():
            state = "missing" if _NOT_THERE.search(why) else "failed"
            found.append(ImportOutcome(directory, state, why))
        return tuple(found)


def _import_state(vertex: Vertex, typed: str) -> ImportState:
    if vertex.cancelled:
        return "not asked"
    if vertex.error:
        # The client took the digest of a directory's cache from its index: of one that is gone, a part is.
        there = typed == DIRECTORY_TYPE or not _NOT_THERE.search(vertex.error)
        return "failed" if there else "missing"
    if not vertex.complete:
        return "not asked"
    if typed in SILENT_WHEN_MISSING and not any(
        status.startswith(FOUND_STATUSES) for status in vertex.statuses
    ):
        return "read"
    return "found"


def _exports(vertices: list[Vertex]) -> tuple[ExportOutcome, ...]:
    found: list[ExportOutcome] = []
    for vertex in vertices:
        kind, target, name = kind_of(vertex.name)
        if kind == "export":
            type_ = EXPORT_STEPS[name]
        elif INLINE_STATUS in vertex.statuses:
            type_ = INLINE_TYPE
        else:
            continue
        state: ExportState = "not reached"
        if vertex.error:
            state = "failed"
        elif vertex.complete and not vertex.cancelled:
            state = "written"
        digests = [
            status.removeprefix(start)
            for status in vertex.statuses
            for start in MANIFEST_STATUSES
            if status.startswith(start)
        ]
        layers = sum(status.startswith(LAYER_STATUS) for status in vertex.statuses)
        digest = digests[-1] if digests and state == "written" else ""
        seconds = vertex.seconds if kind == "export" else None
        found.append(
            ExportOutcome(
                type_, state, "", None, seconds, digest, layers, vertex.error.strip(), target=target
            )
        )
    return tuple(found)


def _with_fatal(exports: tuple[ExportOutcome, ...], error: str) -> tuple[ExportOutcome, ...]:
    """Mark the exports that failed the build; one that was stopped by another names that one's reason."""
    if not error:
        return exports
    same = [export for export in exports if export.state == "failed" and export.reason == error]
    near = [
        export
        for export in exports
        if export.state == "failed" and export.reason and (export.reason in error or error in export.reason)
    ]
    chosen = same or near
    return tuple(
        export.replace(fatal=True) if any(export is one for one in chosen) else export for export in exports
    )


def _steps(vertices: list[Vertex], broken: bool) -> Steps:
    """Count the steps. In a build that went well one that never began was merged with another's."""
    cached = run = failed = left = 0
    for vertex in vertices:
        if vertex.kind != "step":
            continue
        if vertex.error:
            failed += 1
        elif vertex.is_cached:
            cached += 1
        elif not vertex.complete or vertex.cancelled:
            left += broken
        else:
            run += 1
    return Steps(cached, run, failed, left)


def _signal(exit_code: int) -> str:
    """Return the signal that an exit code stands for by the custom of shells."""
    try:
        return f" ({signal.Signals(exit_code - 128).name})"
    except ValueError:
        return ""


def _span(vertices: list[Vertex]) -> float | None:
    starts = [vertex.first_started for vertex in vertices if vertex.first_started is not None]
    ends = [vertex.ended for vertex in vertices if vertex.ended is not None]
    return max(max(ends) - min(starts), 0.0) if starts and ends else None


def unwrapped(error: str) -> str:
    """Return an error without what each layer put before it: `failed to solve: `, `target app: `."""
    return _WRAPS.sub("", error, count=1).strip() if _WRAPS.match(error) else error.strip()


def short_reason(error: str, source: str) -> str:
    """Return why an import failed, without what the place of the message says already."""
    reason = re.sub(r"^failed to configure \w+ cache importer: ", "", error.strip())
    return reason.removeprefix(f"{source}: ")


def _spellings(secret: str) -> set[str]:
    """Return the forms in which a secret can stand in a message: as it is, quoted, in a URL, its lines."""
    from urllib.parse import quote, quote_plus  # noqa: PLC0415 - hardly a build has secrets

    quoted = secret.replace("\\", "\\\\").replace('"', '\\"')
    return {secret, quoted, quote(secret, safe=""), quote_plus(secret), *secret.splitlines()}


def _unquoted(text: str) -> str:
    """Return what is inside of a Go string as far as messages use escapes."""
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t"}.get(found[1], found[1]), text)
