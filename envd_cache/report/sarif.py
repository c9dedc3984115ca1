"""Diagnostics as SARIF 2.1.0, which code scanning services and editors read.

Source: OASIS Static Analysis Results Interchange Format 2.1.0. Lines and columns are 1-based there,
columns count code points here (`columnKind`), and the end of a region is the column behind it.
"""

from __future__ import annotations

from envd_cache.record import Record
from envd_cache.report.places import Paths, file_of
from envd_cache.report.redact import Redactor
from envd_cache.report.text import cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envd_cache.diagnostics import Diagnostic, Fix, Severity
    from envd_cache.source import Location

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
VERSION = "2.1.0"
# The name by which services know the root of the repository.
ROOT = "%SRCROOT%"


class Described(Record):
    """What a report tells of a rule. `severity` is what its findings have by default."""

    code: str
    name: str
    why: str
    instead: str
    severity: Severity
    url: str = ""


class Tool(Record):
    """What a report tells of the program."""

    version: str
    url: str = ""
    name: str = "envd-cache"


def sarif(
    diagnostics: Sequence[Diagnostic], rules: Iterable[Described], tool: Tool, paths: Paths | None = None
) -> dict[str, object]:
    """Return the problems as a SARIF log with one run.

    Of the rules those are told that have a finding, in the order of their codes. Only a safe fix is in
    it, because a reader may make it without asking. Nothing of a credential is.
    """
    found = {diagnostic.code for diagnostic in diagnostics}
    told = sorted((rule for rule in rules if rule.code in found), key=lambda rule: rule.code)
    writer = _Writer(Redactor(diagnostics), paths or Paths(), [rule.code for rule in told])
    driver: dict[str, object] = {"name": tool.name, "version": tool.version}
    if tool.url:
        driver["informationUri"] = tool.url
    driver["rules"] = [_rule(rule) for rule in told]
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [writer.result(diagnostic) for diagnostic in diagnostics],
    }
    return {"$schema": SCHEMA, "version": VERSION, "runs": [run]}


def _rule(rule: Described) -> dict[str, object]:
    made: dict[str, object] = {
        "id": rule.code,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": f"{rule.name.replace('-', ' ').capitalize()}."},
        "fullDescription": {"text": rule.why},
        "help": {"text": f"{rule.why}\n\nInstead: {rule.instead}"},
        "defaultConfiguration": {"level": rule.severity},
    }
    return made | {"helpUri": rule.url} if rule.url else made


class _Writer:
    def __init__(self, redactor: Redactor, paths: Paths, codes: list[str]) -> None:
        self._redactor = redactor
        self._paths = paths
        self._codes = codes

    def result(self, diagnostic: Diagnostic) -> dict[str, object]:
        made: dict[str, object] = {"ruleId": diagnostic.code}
        if diagnostic.code in self._codes:
            made["ruleIndex"] = self._codes.index(diagnostic.code)
        text = cut(self._redactor.text(diagnostic.message))
        if diagnostic.hint:
            text += f"\nhint: {cut(self._redactor.text(diagnostic.hint))}"
        made |= {"level": diagnostic.severity, "message": {"text": text}}
        if diagnostic.location:
            made["locations"] = [{"physicalLocation": self._place(diagnostic.location)}]
        elif diagnostic.path:
            place = {"artifactLocation": self._file(file_of(diagnostic))}
            made["locations"] = [{"physicalLocation": place}]
        if diagnostic.labels:
            made["relatedLocations"] = [
                {
                    "id": number,
                    "message": {"text": cut(self._redactor.text(label.text))},
                    "physicalLocation": self._place(label.location),
                }
                for number, label in enumerate(diagnostic.labels, 1)
            ]
        if diagnostic.fix and diagnostic.fix.safe and self._is_clean(diagnostic.fix):
            made["fixes"] = [self._fix(diagnostic.fix)]
        return made

    def _is_clean(self, fix: Fix) -> bool:
        return all(self._redactor.text(edit.text) == edit.text for edit in fix.edits)

    def _fix(self, fix: Fix) -> dict[str, object]:
        changes: dict[str, list[dict[str, object]]] = {}
        for edit in fix.edits:
            replacement: dict[str, object] = {"deletedRegion": _region(edit.location)}
            if edit.text:
                replacement["insertedContent"] = {"text": edit.text}
            changes.setdefault(edit.location.source.path, []).append(replacement)
        return {
            "description": {"text": self._redactor.text(fix.title)},
            "artifactChanges": [
                {"artifactLocation": self._file(path), "replacements": replacements}
                for path, replacements in changes.items()
            ],
        }

    def _place(self, location: Location) -> dict[str, object]:
        return {"artifactLocation": self._file(location.source.path), "region": _region(location)}

    def _file(self, path: str) -> dict[str, object]:
        uri = self._paths.uri(path)
        return {"uri": uri} if uri.startswith("file:") else {"uri": uri, "uriBaseId": ROOT}


def _region(location: Location) -> dict[str, object]:
    start = location.source.position(location.span.start)
    end = location.source.position(location.span.end)
    return {
        "startLine": start.line + 1,
        "startColumn": start.column + 1,
        "endLine": end.line + 1,
        "endColumn": end.column + 1,
    }
