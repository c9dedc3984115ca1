"""Code actions: the fixes of the linter, all of them at once, and a comment that allows a finding."""

from __future__ import annotations

from envd_cache.lint.engine import NAMES
from envd_cache.lsp.findings import SYNTAX, Change
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from envd_cache.lsp.document import Document
    from envd_cache.lsp.findings import Finding

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
    here = [one for one in everything if one.start <= end and start <= one.end]
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


def fix_all(document: Document, findings: Iterable[Finding]) -> Action | None:
    """Return all safe fixes of a file that do not overlap, None when there is none."""
    taken: list[Change] = []
    for finding in findings:
        mend = finding.mend
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
