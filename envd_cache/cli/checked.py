"""What `envd-cache check` writes: its report in four forms, the list of targets, fixes."""

from __future__ import annotations

import os
import sys
from time import monotonic

from envd_cache.check.result import FileResult

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from envd_cache.check.bench import Checked
    from envd_cache.check.result import Report
    from envd_cache.diagnostics import Diagnostic
    from envd_cache.report.places import Paths
    from envd_cache.source import SourceFile

# Nobody wants to see a counter for what is done at once.
PATIENCE_SECONDS = 1.0
_REDRAW_SECONDS = 0.1
USUAL_COLUMNS = 80

# To know whether a finding can be mended its file is read as a tree, which takes milliseconds.
COUNTED = 200


# The forms of a report that have a place for the list of targets.
LISTING = ("text", "json")


def refuse_listing(form: str) -> str:
    """Return why a report of a form cannot list targets, "" when it can."""
    return "" if form in LISTING else f"--list goes with --format {' or '.join(LISTING)}"


# ---- the report ----


def as_text(report: Report, found: tuple[Diagnostic, ...], *, coloured: bool, listing: bool) -> str:
    """Return the findings with their lines, and how many there are."""
    from envd_cache.report.text import COLOUR, PLAIN, render  # noqa: PLC0415 - only for text

    listed = _list_text(report) if listing else ""
    return f"{listed}{render(found, COLOUR if coloured else PLAIN)}{summary_line(report, found)}\n"


def summary_line(report: Report, found: tuple[Diagnostic, ...]) -> str:
    """Return how much was checked, and how many findings there are."""
    from envd_cache.report.text import more, summary  # noqa: PLC0415 - only for text

    files, targets = _count(report.files, "build file"), _count(report.targets, "target")
    parts = [f"{files}, {targets}: {summary(found) or 'nothing found'}"]
    if 0 < len(found) <= COUNTED:
        from envd_cache.lint.fixes import with_fixes  # noqa: PLC0415 - only with findings

        able = [one.fix.safe for one in with_fixes(found) if one.fix]
        if safe := sum(able):
            parts.append(f"`--fix` mends {safe}")
        if len(able) > safe:
            parts.append(f"`--unsafe-fixes` mends {len(able)}")
    if found:
        parts.append(more(found))
    return "; ".join(parts)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def as_json(report: Report, found: tuple[Diagnostic, ...], *, listing: bool) -> str:
    """Return the report as a JSON document, with the targets and their caches if they were asked for."""
    from envd_cache.cli.data import VERSION  # noqa: PLC0415 - only for JSON
    from envd_cache.emit.jsontext import dumps  # noqa: PLC0415 - only for JSON
    from envd_cache.report.data import diagnostics_data  # noqa: PLC0415 - only for JSON

    document: dict[str, object] = {"version": VERSION, "files": report.files}
    if listing:
        results = [FileResult(*data) for data in report.results]
        document["targets"] = [
            {"file": one.path, "function": name, **plan}
            for one in results
            for (name, _), (_, plan) in zip(one.targets, one.listings, strict=True)
        ]
    document["diagnostics"] = diagnostics_data(found)
    return dumps(document) + "\n"


def as_sarif(found: tuple[Diagnostic, ...], version: str) -> str:
    """Return the findings as a SARIF log, with what their rules say."""
    from envd_cache.codes import CODES  # noqa: PLC0415 - only for SARIF
    from envd_cache.emit.jsontext import dumps  # noqa: PLC0415 - only for SARIF
    from envd_cache.lint.rules import RULES  # noqa: PLC0415 - only for SARIF
    from envd_cache.report.sarif import Described, Tool, sarif  # noqa: PLC0415 - only for SARIF

    described = [Described(one.code, one.name, one.why, one.instead, "error") for one in CODES]
    described += [Described(one.code, one.name, one.why, one.instead, one.severity) for one in RULES]
    return dumps(sarif(found, described, Tool(version), _paths())) + "\n"


def as_github(found: tuple[Diagnostic, ...]) -> str:
    """Return the findings as annotations of GitHub Actions."""
    from envd_cache.lint.engine import NAMES  # noqa: PLC0415 - only for GitHub
    from envd_cache.report.github import github  # noqa: PLC0415 - only for GitHub

    return github(found, NAMES, _paths())


def _paths() -> Paths:
    from envd_cache.config import git_top  # noqa: PLC0415 - only for services
    from envd_cache.report.places import Paths  # noqa: PLC0415 - only for services

    here = os.getcwd()
    top = git_top(here)
    return Paths(here, top) if top else Paths()


# ---- the list ----


def listed(target: Checked) -> object:
    """Return what `--list` shows of a target, as plain values."""
    from envd_cache.cli.data import plan_data  # noqa: PLC0415 - only for `--list`
    from envd_cache.emit.wire import shown, wire  # noqa: PLC0415 - only for `--list`

    wired = wire(target.plan)
    lines = [f"export {shown(entry)}" for entry in wired.exports]
    lines += [f"import {shown(entry)}" for entry in wired.imports]
    return lines, plan_data(target.plan)


def _list_text(report: Report) -> str:
    from envd_cache.report.text import printable  # noqa: PLC0415 - only for text

    lines: list[str] = []
    for data in report.results:
        result = FileResult(*data)
        for (_, label), (caches, _) in zip(result.targets, result.listings, strict=True):
            lines.append(f"{label}  ({result.path})")
            lines += [f"  {line}" for line in caches or ["no cache"]]
    return "".join(printable(line).replace("\n", "\ufffd") + "\n" for line in lines)


# ---- fixes ----


def fixes(found: Iterable[Diagnostic], *, unsafe: bool) -> Mapping[SourceFile, str]:
    """Return the new texts of the files that fixes change; only files of a repository are changed."""
    from envd_cache.lint.fixes import fixed, with_fixes  # noqa: PLC0415 - only with `--fix`

    new = fixed(with_fixes(found), unsafe=unsafe)
    return {
        source: text
        for source, text in sorted(new.items(), key=lambda pair: pair[0].path)
        if text != source.text and source.label.startswith("//")
    }


def without_credentials(
    new: Mapping[SourceFile, str], found: Iterable[Diagnostic]
) -> tuple[Mapping[SourceFile, str], Sequence[SourceFile]]:
    """Return the new texts that may be shown, and the files of the others."""
    from envd_cache.report.redact import Redactor  # noqa: PLC0415 - only with `--diff`

    redactor = Redactor(tuple(found))
    hidden = [source for source in new if redactor.hides(source)]
    return {source: text for source, text in new.items() if source not in hidden}, hidden


def difference(new: Mapping[SourceFile, str]) -> str:
    """Return what fixes would change, as a unified difference that `patch -p1` reads."""
    from difflib import unified_diff  # noqa: PLC0415 - only with `--diff`

    made: list[str] = []
    for source, text in new.items():
        before, after = (_lines(one) for one in (source.text, text))
        for line in unified_diff(before, after, _name(f"a/{source.path}"), _name(f"b/{source.path}")):
            made.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    return "".join(made)


def _name(path: str) -> str:
    """Return the name of a file as git writes it above its lines."""
    if any(letter in '"\\' or not letter.isprintable() for letter in path):
        octal = [
            chr(byte) if 0x20 <= byte < 0x7F and byte not in b'"\\' else f"\\{byte:03o}"
            for byte in os.fsencode(path)
        ]
        return f'"{"".join(octal)}"'
    return f"{path}\t" if " " in path else path


def _lines(text: str) -> list[str]:
    """Return the lines as `patch` counts them: Python ends one at a form feed too."""
    *whole, rest = text.split("\n")
    return [f"{line}\n" for line in whole] + ([rest] if rest else [])


def write_fixes(new: Mapping[SourceFile, str]) -> int:
    """Write the new texts, each whole or not at all, and return how many files were changed.

    A file that is not any more as it was read is left alone: somebody else is writing it.
    """
    from envd_cache.wholefile import write_whole  # noqa: PLC0415 - only with `--fix`

    changed = 0
    for source, text in new.items():
        path = os.path.realpath(source.path)
        with open(path, "rb") as file:
            if file.read() != source.text.encode(errors="surrogatepass"):
                continue
        write_whole(path, text.encode(), mode=None)
        changed += 1
    return changed


# ---- meanwhile ----


class Progress:
    """A line on the terminal that says how far a check is, once it takes longer than people wait."""

    def __init__(self) -> None:
        self._next = monotonic() + PATIENCE_SECONDS
        self._shown = False

    def show(self, done: int, found: int) -> None:
        """Draw the line anew, now and then."""
        now = monotonic()
        if now >= self._next:
            self._next = now + _REDRAW_SECONDS
            self._shown = True
            line = f"checked {done:,} of {found:,} files"
            # One that is wider than the terminal wraps, and its first row stays.
            room = max(_columns() - 1, 1)
            sys.stderr.write(f"\r\x1b[K{line if len(line) <= room else line[: room - 1] + '…'}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _columns() -> int:
    """Return how wide the terminal is now; `shutil` asks standard output, which may be a file."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or USUAL_COLUMNS
    except (OSError, ValueError):
        return USUAL_COLUMNS
