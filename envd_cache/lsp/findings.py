"""What is wrong with a file: at once as far as single lines tell, a moment later as a check tells.

After an evaluation the findings are those of `envd-cache check`. While the text is newer than the last
evaluation, lines that were not touched keep what was found in them. In a file that cannot be read as a
whole, every line that can be is judged by itself.
"""

from __future__ import annotations

from envd_cache.diagnostics import Diagnostic
from envd_cache.lsp.convert import Mapping
from envd_cache.lsp.document import FILE
from envd_cache.record import Record
from envd_cache.report.redact import Redactor
from envd_cache.source import Location, SourceFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping as Kept
    from typing import Any

    from envd_cache.lsp.document import Document
    from envd_cache.lsp.line import Fault
    from envd_cache.lsp.lines import Unit

# What the parser says: a text has these whatever its evaluation does.
SYNTAX = frozenset(("EC005", "EC007", "EC017", "EC018"))


class Change(Record):
    """A replacement of a span of a file."""

    path: str
    start: int
    end: int
    text: str


class Mend(Record):
    """What mends a finding: a title, the changes, and whether they leave the meaning as it is."""

    title: str
    changes: tuple[Change, ...]
    safe: bool


class Related(Record):
    """Another place that matters to a finding."""

    path: str
    start: int
    end: int
    text: str


class Finding(Record):
    """One problem in a file whose path is known from elsewhere; offsets are code points of its text."""

    code: str
    severity: str
    message: str
    start: int
    end: int
    hint: str = ""
    related: tuple[Related, ...] = ()
    mend: Mend | None = None


class Declaration(Record):
    """A declaration that was run: where it stands, and what it gives to each target that runs it.

    `uses` are tuples of the target's function, the direction, the place and BuildKit's entry.
    """

    path: str
    start: int
    end: int
    uses: tuple[tuple[str, str, str, str], ...]


class Target(Record):
    """A target that was run: its function and label, how many exports and imports it has."""

    function: str
    label: str
    exports: int
    imports: int
    none: bool
    by_default: str


class Insight(Record):
    """What the last evaluation of a file told. `texts` are those of the open files that it was made with.

    `alone` is what is wrong between the targets of the file, for as long as those of the repository are not
    known; `parts` is what goes to who knows them (see `survey`). `refuted` is what lines tell and it did
    not: code, text of the line, place in the line.
    """

    path: str
    texts: dict[str, str]
    findings: dict[str, tuple[Finding, ...]]
    alone: Kept[str, tuple[Finding, ...]] = {}
    parts: tuple[Any, ...] = ()
    targets: tuple[Target, ...] = ()
    declarations: tuple[Declaration, ...] = ()
    inputs: tuple[str, ...] = ()
    refuted: frozenset[tuple[str, str, int]] = frozenset()


def insight_of(path: str, texts: dict[str, str], data: Any) -> Insight:
    """Return what an evaluation told, from the plain data of `evaluation.evaluate`."""
    problems, alone, files, targets, inputs, parts = data
    declared: dict[tuple[str, int, int], list[tuple[str, str, str, str]]] = {}
    made_targets = []
    for name, label, exports, imports, declarations, none, by_default, _ in targets:
        made_targets.append(Target(name, label, exports, imports, none, by_default))
        for of, start, end, directions in declarations:
            uses = declared.setdefault((of, start, end), [])
            uses += [(name, direction, place, entry) for direction, place, entry in directions]
    return Insight(
        path,
        texts,
        by_file(problems, files, path),
        by_file(alone, files, path),
        parts,
        tuple(made_targets),
        tuple([Declaration(*key, tuple(uses)) for key, uses in sorted(declared.items())]),
        tuple(inputs),
    )


def by_file(problems: Any, files: Any, path: str) -> dict[str, tuple[Finding, ...]]:
    """Return packed problems by the file that they are in; those without a place are those of `path`."""
    findings: dict[str, list[Finding]] = {}
    for code, severity, message, where, labels, hint, whole, mend, _ in problems:
        made = None
        if mend is not None:
            changes = [Change(files[place[0]][0], place[1], place[2], text) for place, text in mend[1]]
            made = Mend(mend[0], tuple(changes), mend[2])
        related = tuple([Related(files[spot[0]][0], spot[1], spot[2], text) for spot, text in labels if spot])
        at, start, end = (files[where[0]][0], where[1], where[2]) if where else (whole or path, 0, 0)
        finding = Finding(code, severity, message, start, end, hint, related, made)
        findings.setdefault(at, []).append(finding)
    return {at: tuple(found) for at, found in findings.items()}


def at_once(document: Document) -> list[Finding]:
    """Return what single lines tell: their syntax, and the arguments that are written as literals."""
    found: list[Finding] = []
    for unit in document.units:
        faults = unit.line.faults
        if faults:
            found += _of_unit(document, unit, faults)
    return found


def _of_unit(document: Document, unit: Unit, faults: tuple[Fault, ...]) -> list[Finding]:
    shadowed = {name for name in document.bound[FILE] if name in unit.line.text}
    if any(fault.redact for fault in faults):
        source = SourceFile("", unit.line.text)
        redactor = Redactor(
            [
                Diagnostic(one.code, "error", one.message, Location(source, one.span), redact=one.redact)
                for one in faults
            ]
        )
        faults = tuple([one.replace(message=redactor.text(one.message)) for one in faults])
    return [
        Finding(
            fault.code,
            fault.severity,
            fault.message,
            unit.start + fault.span.start,
            unit.start + fault.span.end,
            fault.hint,
        )
        for fault in faults
        if fault.code in SYNTAX or not (shadowed and _is_shadowed(fault, shadowed))
    ]


def _is_shadowed(fault: Fault, names: set[str]) -> bool:
    """Say whether a message may be about something that the file itself calls like a builtin."""
    return any(
        f"`{name}." in fault.message or fault.message.startswith((name + ":", name + ".")) for name in names
    )


def merged(
    document: Document,
    fast: list[Finding],
    insights: Iterable[Insight],
    *,
    own: Insight | None,
    survey: Insight | None = None,
) -> list[Finding]:
    """Return the findings of a file: those of its evaluations, and what its lines tell where those do not.

    `insights` are the evaluations that had to do with the file; `own` is that of the file itself. `survey`
    tells what is wrong between all targets of its repository, None when nobody knows yet.
    """
    path = document.path
    slow: dict[Finding, None] = {}
    current = own is not None and own.texts.get(path) == document.text
    for insight in insights if survey is None else (*insights, survey):
        before = insight.texts.get(path)
        mapping = None if before is None or before == document.text else Mapping(before, document.text)
        told = insight.findings.get(path, ())
        for finding in told if survey else told + insight.alone.get(path, ()):
            moved = finding if mapping is None else _moved(finding, mapping, document)
            if moved is not None and (current or moved.code not in SYNTAX):
                slow[moved] = None
    if not current:
        refuted = own.refuted if own else frozenset()
        taken = {(one.code, one.start, one.end) for one in slow}
        texts = [one for one in fast if (one.code, one.start, one.end) not in taken]
        return _sorted([*slow, *[one for one in texts if _key(document, one) not in refuted]])
    broken = [one for one in slow if one.code in SYNTAX]
    if not broken:
        return _sorted(list(slow))
    return _sorted([*slow, *_elsewhere(document, fast, list(slow), broken)])


def _elsewhere(
    document: Document, fast: list[Finding], slow: list[Finding], broken: list[Finding]
) -> list[Finding]:
    """Return what lines tell of a text that cannot be read, but for the line that the parser stopped at."""
    stops = {document.lines.before(one.start) for one in broken}
    # A bracket that is not closed is noticed later than it was written.
    for one in broken:
        before = [document.lines.before(other.start) for other in fast if other.code in SYNTAX]
        before = [number for number in before if number <= document.lines.before(one.start)]
        stops |= set(before[-1:])
    taken = {(one.code, one.start, one.end) for one in slow}
    return [
        one
        for one in fast
        if (one.code, one.start, one.end) not in taken
        and not (one.code in SYNTAX and document.lines.before(one.start) in stops)
    ]


def refuted_of(document: Document, insight: Insight) -> frozenset[tuple[str, str, int]]:
    """Return what the lines of an evaluated text tell and its evaluation does not (`document` has it)."""
    slow = insight.findings.get(insight.path, ())
    if any(one.code in SYNTAX for one in slow):
        return frozenset()
    told = {(one.code, one.start, one.end) for one in slow}
    found = [one for one in at_once(document) if (one.code, one.start, one.end) not in told]
    return frozenset([_key(document, one) for one in found])


def _key(document: Document, finding: Finding) -> tuple[str, str, int]:
    unit = document.lines.at(finding.start)
    return (finding.code, unit.line.text, finding.start - unit.start) if unit else (finding.code, "", -1)


def _moved(finding: Finding, mapping: Mapping, document: Document) -> Finding | None:
    span = mapping.span(finding.start, finding.end)
    if span is None:
        return None
    mend = finding.mend
    if mend is not None:
        changes = []
        for change in mend.changes:
            moved = mapping.span(change.start, change.end) if change.path == document.path else None
            changes.append(change.replace(start=moved[0], end=moved[1]) if moved else None)
        whole = [change for change in changes if change is not None]
        mend = mend.replace(changes=tuple(whole)) if len(whole) == len(changes) else None
    related = []
    for one in finding.related:
        if one.path != document.path:
            related.append(one)
        elif moved := mapping.span(one.start, one.end):
            related.append(one.replace(start=moved[0], end=moved[1]))
    return finding.replace(start=span[0], end=span[1], mend=mend, related=tuple(related))


def _sorted(found: list[Finding]) -> list[Finding]:
    return sorted(found, key=lambda one: (one.start, one.end, one.code, one.message))
