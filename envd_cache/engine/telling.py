"""The report after a build: what its caches did, as text and as data.

Nothing is said that the progress did not show; where BuildKit itself does not tell, that is said.
"""

from __future__ import annotations

from envd_cache.catalog.progress import DIRECTORY_TYPE, REFERENCE_TYPE
from envd_cache.emit.losses import location_of
from envd_cache.emit.wire import shown
from envd_cache.remote.held import Absent, too_large

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from envd_cache.diagnostics import Diagnostic
    from envd_cache.emit.wire import WireEntry
    from envd_cache.engine.outcome import ExportOutcome, ImportOutcome, Outcome
    from envd_cache.remote.held import Held

_UNITS = ("B", "kB", "MB", "GB", "TB")

_SILENT = "asked without an error; BuildKit does not say whether it was there"


def text(outcome: Outcome, label: str, *, ends: bool = True) -> str:
    """Return the report. `label` is the target as `//team/service:build`.

    `ends`: how the whole build ended follows. Of several targets the last one's report tells it, for the
    steps of all are counted together: targets share steps, and BuildKit names each after one of them.
    """
    rows = [
        *[("import", f"{each.type} {each.source}".strip(), _import(each)) for each in outcome.imports],
        *[("export", f"{each.type} {each.where}".strip(), _export(each)) for each in outcome.exports],
    ]
    width = max([len(what) for _, what, _ in rows], default=0)
    lines = [f"caches of {label}"] if rows else []
    lines += [f"  {direction}  {what:<{width}}  {state}" for direction, what, state in rows]
    if ends:
        lines.append(_steps(outcome))
    if ends and outcome.error and not any(each.fatal for each in outcome.exports):
        lines.append(f"the build failed: {_one_line(outcome.error)}")
    return "".join(f"{line}\n" for line in lines if line)


def as_data(outcome: Outcome) -> dict[str, object]:
    """Return the report as JSON values. Sizes are in bytes, times in seconds, null when nobody knows.

    Steps, time and error are those of the whole build, also where several targets were built.
    """
    return {
        "imports": [
            _without_empty(
                type=each.type,
                source=each.source,
                state=each.state,
                reason=each.reason,
                target=each.target,
                seconds=_rounded(each.seconds),
            )
            for each in outcome.imports
        ],
        "exports": [
            _without_empty(
                type=each.type,
                where=each.where,
                state=each.state,
                reason=each.reason,
                failed_the_build=each.fatal or None,
                target=each.target,
                bytes=each.bytes,
                layers=each.layers or None,
                digest=each.digest,
                seconds=_rounded(each.seconds),
            )
            for each in outcome.exports
        ],
        "steps": {
            "total": outcome.steps.total,
            "cached": outcome.steps.cached,
            "run": outcome.steps.run,
            "failed": outcome.steps.failed,
            "left": outcome.steps.left,
        },
        "seconds": _rounded(outcome.seconds),
        "error": outcome.error,
        "failed_step": outcome.failed_step,
        "failed_log": list(outcome.failed_log),
    }


def measured(
    outcome: Outcome, look: Callable[[WireEntry], Held | str | None]
) -> tuple[Outcome, tuple[Diagnostic, ...]]:
    """Return the outcome with the sizes of what was written, and EC507 for what BuildKit cannot read.

    `look` asks the place of an export: None when it cannot be asked, a str with the reason. It is called
    for exports that were written and have a place of their own.
    """
    exports: list[ExportOutcome] = []
    diagnostics: list[Diagnostic] = []
    for export in outcome.exports:
        exports.append(export)
        entry = export.entry
        if entry is None or export.state != "written" or entry.type not in (REFERENCE_TYPE, DIRECTORY_TYPE):
            continue
        found = look(entry)
        if outcome.error and entry.type == DIRECTORY_TYPE and isinstance(found, Absent):
            # The client notes a cache in the directory's index when all else is done. It came to nothing.
            exports[-1] = export.replace(state="failed", reason=str(found), digest="", layers=0)
        if found is None or isinstance(found, str):
            continue
        if export.digest and found.digest and found.digest != export.digest:
            # Another build has written this place since; its size is not ours.
            continue
        if found.is_cache:
            digest = export.digest or found.digest
            exports[-1] = export.replace(bytes=found.total, digest=digest, layers=found.layers)
        problem = too_large(found, shown(entry), location_of(entry))
        diagnostics += [problem] if problem else []
    return outcome.replace(exports=tuple(exports)), tuple(diagnostics)


def size(number: int) -> str:
    """Return a size for people, in decimal units as docker writes them: `12.3 MB`."""
    amount = float(number)
    for unit in _UNITS:
        if amount < 999.95 or unit == _UNITS[-1]:
            return f"{number} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return ""


def duration(seconds: float) -> str:
    """Return a time for people: `4.1 s`, `3 min 20 s`."""
    whole = round(seconds)
    return f"{seconds:.1f} s" if seconds < 99.95 else f"{whole // 60} min {whole % 60} s"


def _import(found: ImportOutcome) -> str:
    reason = _brief(found.reason)
    if found.state == "read":
        return _SILENT
    if found.state == "missing":
        return f"missing ({reason})" if reason else "missing"
    return f"{found.state}: {reason}" if reason else found.state


def _export(found: ExportOutcome) -> str:
    if found.state == "written":
        parts = f", {size(found.bytes)}" if found.bytes is not None else ""
        return f"written{parts}{f' in {duration(found.seconds)}' if found.seconds is not None else ''}"
    end = f": {_brief(found.reason)}" if found.reason else ""
    if found.fatal:
        end += "; this failed the build"
    return f"{found.state}{end}"


def _steps(outcome: Outcome) -> str:
    steps = outcome.steps
    time = f", {duration(outcome.seconds)}" if outcome.seconds is not None else ""
    if not steps.total:
        return f"no steps{time}" if outcome.seen else ""
    parts = [f"{steps.cached} cached", f"{steps.run} run"]
    parts += [f"{steps.failed} failed"] if steps.failed else []
    parts += [f"{steps.left} not reached"] if steps.left else []
    return f"{steps.total} step{'s' if steps.total > 1 else ''}: {', '.join(parts)}{time}"


def _brief(reason: str) -> str:
    """Return a reason without the addresses and paths that lead to it; the diagnostic has it whole."""
    reason = _one_line(reason)
    if "://" in reason or reason.endswith("no such file or directory"):
        return reason.rpartition(": ")[2]
    return reason


def _one_line(text_: str) -> str:
    return " ".join(text_.split())


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _without_empty(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value not in ("", None)}
