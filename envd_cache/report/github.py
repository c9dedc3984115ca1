"""Diagnostics as workflow commands of GitHub Actions, which become annotations beside the lines.

Source: `actions/toolkit` `packages/core/src/command.ts`: in a message `%`, CR and LF are escaped, in a
property `:` and `,` too. Columns count from 1; `endColumn` is the last one. GitHub shows columns only
where a finding is within one line.
"""

from __future__ import annotations

from envd_cache.report.places import Paths, file_of
from envd_cache.report.redact import Redactor
from envd_cache.report.text import cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envd_cache.diagnostics import Diagnostic

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}
_MESSAGE = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def github(diagnostics: Sequence[Diagnostic], names: Mapping[str, str], paths: Paths | None = None) -> str:
    """Return one line for each problem. `names` are the names of the rules by code."""
    redactor = Redactor(diagnostics)
    return "".join([_one(diagnostic, names, paths or Paths(), redactor) for diagnostic in diagnostics])


def _one(diagnostic: Diagnostic, names: Mapping[str, str], paths: Paths, redactor: Redactor) -> str:
    properties: dict[str, str | int] = {}
    if path := file_of(diagnostic):
        properties["file"] = paths.shown(path)
    if diagnostic.location:
        source, span = diagnostic.location.source, diagnostic.location.span
        start, end = source.position(span.start), source.position(span.end)
        properties |= {"line": start.line + 1, "endLine": end.line + 1}
        if start.line == end.line:
            # The end of a span is behind its last character.
            properties |= {"col": start.column + 1, "endColumn": max(end.column, start.column + 1)}
    name = names.get(diagnostic.code, "")
    properties["title"] = f"{diagnostic.code} {name}".strip()
    lines = [cut(redactor.text(diagnostic.message))]
    for label in diagnostic.labels:
        place = label.location.source.position(label.location.span.start)
        where = f"{paths.shown(label.location.source.path)}:{place.line + 1}:{place.column + 1}"
        lines.append(f"{where}: {cut(redactor.text(label.text))}")
    if diagnostic.hint:
        lines.append(f"hint: {cut(redactor.text(diagnostic.hint))}")
    lines.append(f"more: {diagnostic.help}")
    given = ",".join(f"{key}={str(value).translate(_PROPERTY)}" for key, value in properties.items())
    message = "\n".join(lines).translate(_MESSAGE)
    return f"::{_COMMANDS[diagnostic.severity]} {given}::{message}\n"
