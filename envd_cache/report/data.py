"""Diagnostics as data for programs: the shape that `--format json` writes, with 1-based positions."""

from __future__ import annotations

from envd_cache.diagnostics import folded
from envd_cache.report.redact import Redactor
from envd_cache.report.text import cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from envd_cache.diagnostics import Diagnostic
    from envd_cache.source import Location


def diagnostics_data(diagnostics: Sequence[Diagnostic]) -> list[dict[str, object]]:
    """Return the problems as JSON values: lines and columns 1-based, columns in characters, ends excluded."""
    redactor = Redactor(diagnostics)
    return [_one(diagnostic, redactor) for diagnostic in folded(diagnostics)]


def _one(diagnostic: Diagnostic, redactor: Redactor) -> dict[str, object]:
    made: dict[str, object] = {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": cut(redactor.text(diagnostic.message)),
    }
    if diagnostic.location is not None:
        made |= location_data(diagnostic.location)
    elif diagnostic.path:
        made["file"] = diagnostic.path
    if diagnostic.hint:
        made["hint"] = cut(redactor.text(diagnostic.hint))
    made["help"] = diagnostic.help
    if diagnostic.labels:
        made["related"] = [
            {"message": cut(redactor.text(label.text)), **location_data(label.location)}
            for label in diagnostic.labels
        ]
    return made


def location_data(location: Location) -> dict[str, object]:
    """Return `file`, `start` and `end` of a place."""
    source = location.source
    start, end = source.position(location.span.start), source.position(location.span.end)
    return {
        "file": source.path,
        "start": {"line": start.line + 1, "column": start.column + 1},
        "end": {"line": end.line + 1, "column": end.column + 1},
    }
