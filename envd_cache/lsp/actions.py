"""Code actions: the fixes of the linter, all of them at once, and a comment that allows a finding."""

from __future__ import annotations

from envd_cache.lint.engine import NAMES
from envd_cache.lsp.findings import SYNTAX, Change, Mend
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from envd_cache.lsp.document import Document
    from envd_cache.lsp.findings import Finding

# Fixes that are made while an editor asks what can be done.
MOST_AT_ONCE = 100
QUICK, FIX_ALL = "quickfix", "source.fixAll.envd-cache"


class Action(Record):
    """Something an editor can do. `finding` is what it is for, None for the whole file."""

    title: str
    kind: str
    changes: tuple[Change, ...]
    finding: Finding | None = None
    preferred: bool = False


def actions(document: Document, findings: Iterable[Finding], start: int, end: int) -> list[Action]:
    """Return what can be done about the findings that a range touches, and about all of the file."""
    found: list[Action] = []
    everything = list(findings)
    here = [_mended(document, one) for one in everything if one.start <= end and start <= one.end]
    for finding in here:
        if finding.mend is not None:
            title = finding.mend.title + ("" if finding.mend.safe else " (changes what is built)")
            found.append(Action(title, QUICK, finding.mend.changes, finding, preferred=finding.mend.safe))
    for finding in here:
        allowance = _allowance(document, finding)
        if allowance is not None:
            found.append(allowance)
    mended = fix_all(document, everything)
    if mended is not None:
        found.append(mended)
    return found


def _mended(document: Document, finding: Finding) -> Finding:
    """Return a finding with its fix, which an evaluation makes a moment later: a line is enough for most.

    A fix is there even if the rest of the file cannot be read.
    """
    unit = document.lines.at(finding.start)
    if finding.mend is not None or unit is None or finding.end > unit.end or unit.line.is_header:
        return finding
    from envd_cache.diagnostics import Diagnostic  # noqa: PLC0415 - only for findings of a moment
    from envd_cache.lint.fixes import with_fixes  # noqa: PLC0415 - only for findings of a moment
    from envd_cache.source import Location, SourceFile, Span  # noqa: PLC0415 - only for findings of a moment

    source = SourceFile(document.path, unit.line.text)
    place = Location(source, Span(finding.start - unit.start, finding.end - unit.start))
    (fixed,) = with_fixes([Diagnostic(finding.code, "error", finding.message, place, hint=finding.hint)])
    if fixed.fix is None:
        return finding
    changes = [
        Change(
            document.path,
            edit.location.span.start + unit.start,
            edit.location.span.end + unit.start,
            edit.text,
        )
        for edit in fixed.fix.edits
    ]
    return finding.replace(mend=Mend(fixed.fix.title, tuple(changes), fixed.fix.safe))


def fix_all(document: Document, findings: Iterable[Finding]) -> Action | None:
    """Return all safe fixes of a file that do not overlap, None when there is none."""
    taken: list[Change] = []
    for number, finding in enumerate(findings):
        mend = (_mended(document, finding) if number < MOST_AT_ONCE else finding).mend
        if mend is None or not mend.safe or any(change.path != document.path for change in mend.changes):
            continue
        new = [change for change in mend.changes if change not in taken]
        if not any(_overlap(change, other) for change in new for other in taken):
            taken += new
    if not taken:
        return None
    return Action(
        "fix all that can be fixed safely", FIX_ALL, tuple(sorted(taken, key=lambda one: one.start))
    )


def _overlap(one: Change, other: Change) -> bool:
    return (one.start < other.end and other.start < one.end) or (one.start, one.end) == (
        other.start,
        other.end,
    )


def _allowance(document: Document, finding: Finding) -> Action | None:
    """Return the comment that allows a finding here; errors of the language cannot be allowed away."""
    name = NAMES.get(finding.code, "")
    may = finding.code.startswith("EC3") or finding.severity != "error"
    if not name or not may or finding.code in SYNTAX:
        return None
    number = document.lines.before(finding.start)
    if number < 0:
        return None
    unit = document.units[number]
    text = document.text
    blank = text[unit.head : unit.start]
    change = Change(document.path, unit.head, unit.head, f"{blank}# envd-cache: allow({name})\n")
    above = document.units[number - 1] if number else None
    # One comment for all that is allowed at a line.
    if (
        above
        and above.line.is_comment
        and "envd-cache: allow(" in above.line.text
        and above.indent == unit.indent
    ):
        close = above.line.text.find(")")
        if close > 0 and text.count("\n", above.end, unit.head) == 1:
            at = above.start + close
            change = Change(document.path, at, at, f", {name}")
    return Action(f"allow `{name}` here", QUICK, (change,), finding)
