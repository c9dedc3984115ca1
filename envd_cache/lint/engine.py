"""Runs the rules: over one file's text, over one target, over all targets. Pure, in one process.

    findings = lint_source(source, settings) + lint_target(evaluation, plan, settings)
    kept = finish(diagnostics + findings, sources, settings)         # severities, allowances
    more = lint_repository(summaries, settings, source_of)           # then `finish` again
    rest = unused(allowances, used, source_of, settings, whole=True, steady=True)

Findings are made with the severity that the configuration gives their rule at their file; a rule that is
off there gives none.
"""

from __future__ import annotations

from envd_cache.codes import CODES
from envd_cache.diagnostics import ERROR, WARNING, Diagnostic, Edit, Fix, Label, in_order
from envd_cache.lint.chance import HERE, LOADED, chances_of
from envd_cache.lint.context import PlanContext, SyntaxContext, known_part
from envd_cache.lint.engines_wanted import ANY, Engines
from envd_cache.lint.rule import PLAN, REPOSITORY, SYNTAX, Rule, SpotFinding
from envd_cache.lint.rules import RULES
from envd_cache.lint.rules.unknown_allowance import RULE as UNKNOWN
from envd_cache.lint.rules.unused_allowance import RULE as UNUSED
from envd_cache.lint.summary import RepositoryContext, Spot
from envd_cache.lint.suppress import (
    Kept,
    allowances_of,
    keep,
    location_in,
    may_allow,
    unknown_names,
    without,
)
from envd_cache.record import Record
from envd_cache.source import Location, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from envd_cache.diagnostics import Severity
    from envd_cache.evaluate.model import Evaluation
    from envd_cache.ir.model import CachePlan
    from envd_cache.lint.summary import EntrySummary, TargetSummary
    from envd_cache.lint.suppress import Allowance
    from envd_cache.source import SourceFile

OFF = "off"

_SYNTAX = tuple([rule for rule in RULES if rule.scope == SYNTAX])
_PLAN = tuple([rule for rule in RULES if rule.scope == PLAN])
_REPOSITORY = tuple([rule for rule in RULES if rule.scope == REPOSITORY])
_BETWEEN = frozenset(name for rule in _REPOSITORY for name in (rule.name, rule.code))
NAMES = {**{code.code: code.name for code in CODES}, **{rule.code: rule.name for rule in RULES}}
_KNOWN = (*NAMES.values(), *NAMES)
# The rules for a target that declares these backends.
_CHOSEN: dict[frozenset[str], tuple[Rule, ...]] = {}


class Settings(Record):
    """What a configuration says. `severity_of(name, code, path, default)` returns a severity or "off".

    `path` is that of the file from the root of the repository, as `team/build.envd`. Without the function
    each rule has the severity that it has by itself.
    """

    engines: Engines = ANY
    severity_of: Callable[[str, str, str, Severity], str] | None = None


DEFAULT = Settings()


def lint_source(source: SourceFile, settings: Settings = DEFAULT) -> tuple[Diagnostic, ...]:
    """Return what the syntax rules find in a file. Its tree is made only if a rule suspects something."""
    suspicious = [rule for rule in _SYNTAX if rule.suspects is None or rule.suspects(source.text)]
    if not suspicious:
        return ()
    from envd_cache.syntax.parse import parse  # noqa: PLC0415 - loads lark

    tree = parse(source).value
    return _run(suspicious, SyntaxContext(source, tree), settings) if tree else ()


def lint_target(
    evaluation: Evaluation, plan: CachePlan, settings: Settings = DEFAULT
) -> tuple[Diagnostic, ...]:
    """Return what the plan rules find in a target. What holds a fact that nobody knows is left alone."""
    plan = known_part(plan)
    if not plan.declarations:
        return ()
    backends = frozenset([decl.backend.name for decl in plan.declarations])
    rules = _CHOSEN.get(backends)
    if rules is None:
        rules = tuple([rule for rule in _PLAN if not rule.backends or not backends.isdisjoint(rule.backends)])
        _CHOSEN[backends] = rules
    return _run(rules, PlanContext(evaluation, plan, settings.engines), settings)


def lint_repository(
    summaries: Sequence[TargetSummary],
    settings: Settings,
    source_of: Callable[[Spot], SourceFile | None],
    *,
    whole: bool = True,
) -> tuple[Diagnostic, ...]:
    """Return what is wrong between targets, by label. `source_of` reads the file of a place again.

    `whole` says that they are all targets of the repository.
    """
    ordered = tuple(sorted(summaries, key=lambda summary: (summary.label, summary.path)))
    writers: dict[tuple[str, ...], list[tuple[TargetSummary, EntrySummary]]] = {}
    readers: dict[tuple[str, ...], list[tuple[TargetSummary, EntrySummary]]] = {}
    for summary in ordered:
        for entry in summary.entries:
            for place in entry.places:
                by_place = writers if entry.direction == "export" else readers
                by_place.setdefault(place, []).append((summary, entry))
    context = RepositoryContext(ordered, writers, readers)
    found: list[Diagnostic] = []
    for rule in _REPOSITORY:
        for finding in rule.check(context) if whole or not rule.of_all else ():
            if isinstance(finding, SpotFinding):
                location = _located(finding.spot, source_of)
                path = finding.spot.path if finding.spot and not location else ""
                labels = [(_located(spot, source_of), text) for spot, text in finding.labels]
                made = Diagnostic(
                    rule.code,
                    rule.severity,
                    finding.message,
                    location,
                    tuple([Label(place, text) for place, text in labels if place]),
                    finding.hint,
                    path,
                )
                found += _weighed(made, rule, settings)
    return in_order(found)


def finish(
    diagnostics: Iterable[Diagnostic], sources: Iterable[SourceFile], settings: Settings = DEFAULT
) -> Kept:
    """Return the diagnostics as the configuration and the comments of the files want them.

    `sources` are the files that findings may be in, the loaded ones too. What came from other phases gets
    its severity here; an error of another phase stays one.
    """
    weighed: list[Diagnostic] = []
    for found in diagnostics:
        if found.code[2] == "3" or found.severity == ERROR:
            weighed.append(found)
        else:
            weighed += _weighed_as(found, NAMES.get(found.code, ""), found.severity, settings)
    files = {source.label: source for source in sources if may_allow(source)}
    allowances = [one for source in files.values() for one in allowances_of(source)]
    # A rule that the configuration makes an error may be allowed away, an error of the language not.
    return keep(
        in_order(weighed),
        allowances,
        NAMES,
        lambda found: found.code[2] == "3" or found.severity != ERROR,
    )


def unused(
    allowances: Iterable[Allowance],
    used: Iterable[Allowance],
    source_of: Callable[[Spot], SourceFile | None],
    settings: Settings = DEFAULT,
    *,
    whole: bool = True,
    steady: bool = True,
) -> tuple[Diagnostic, ...]:
    """Return a finding for each allowance that certainly allowed nothing, or that names no rule.

    `whole`: all targets of the repository are known, so one in a file that others load had all its chances.
    `steady`: no target asked for what another run may answer in another way, so rules between targets had
    theirs. An allowance for a rule that is off is not called unused.
    """
    found: list[Diagnostic] = []
    done = set(used)
    for allowance, chance in chances_of(allowances).items():
        if allowance in done:
            continue
        spot = _spot_of(allowance)
        source = source_of(spot)
        if source is None:
            continue
        location = location_in(source, allowance)
        hint = "" if allowance.problem else unknown_names(allowance, _KNOWN)
        if allowance.problem or hint:
            message = allowance.problem or f"there is no rule `{allowance.name}`"
            made = Diagnostic(
                UNKNOWN.code, WARNING, message, location, hint=hint or "write `allow(rule-name)`"
            )
            if hint.startswith("did you mean"):
                meant = hint.split("`")[1]
                edit = Edit(location, meant)
                made = made.replace(fix=Fix(f"write `{meant}`", (edit,), safe=False))
            found += _weighed(made, UNKNOWN, settings)
        elif _was_open(allowance.name, chance, whole=whole, steady=steady) and not _is_off(
            allowance, settings
        ):
            message = f"`{allowance.name}` finds nothing here"
            fix = without(source, allowance)
            made = Diagnostic(UNUSED.code, WARNING, message, location, hint="remove it", fix=fix)
            found += _weighed(made, UNUSED, settings)
    return in_order(found)


# ---- inside ----


def _run(
    rules: Iterable[Rule], context: SyntaxContext | PlanContext, settings: Settings
) -> tuple[Diagnostic, ...]:
    found: list[Diagnostic] = []
    for rule in rules:
        for finding in rule.check(context):
            if not isinstance(finding, SpotFinding):
                made = Diagnostic(
                    rule.code,
                    rule.severity,
                    finding.message,
                    finding.location,
                    finding.labels,
                    finding.hint,
                    fix=finding.fix,
                    redact=finding.redact,
                )
                found += _weighed(made, rule, settings)
    return in_order(found) if found else ()


def _weighed(found: Diagnostic, rule: Rule, settings: Settings) -> tuple[Diagnostic, ...]:
    return _weighed_as(found, rule.name, rule.severity, settings)


def _weighed_as(
    found: Diagnostic, name: str, default: Severity, settings: Settings
) -> tuple[Diagnostic, ...]:
    """Return a finding with the severity that it has in its file; nothing when its rule is off there."""
    if settings.severity_of is None:
        return (found,)
    path = found.location.source.label.removeprefix("//") if found.location else found.path
    severity = settings.severity_of(name, found.code, path, default)
    if severity == OFF:
        return ()
    return (found if severity == found.severity else found.replace(severity=severity),)


def _was_open(name: str, chance: int, *, whole: bool, steady: bool) -> bool:
    """Say whether an allowance for a rule had every chance that it can have."""
    if name in _BETWEEN and not (whole and steady):
        return False
    return chance == HERE or (chance == LOADED and whole)


def _is_off(allowance: Allowance, settings: Settings) -> bool:
    path = allowance.label.removeprefix("//")
    severity_of = settings.severity_of
    if severity_of is None:
        return False
    return any(
        allowance.name in (rule.code, rule.name)
        and severity_of(rule.name, rule.code, path, rule.severity) == OFF
        for rule in RULES
    )


def _spot_of(allowance: Allowance) -> Spot:
    return Spot(allowance.path, allowance.label, allowance.start, allowance.end)


def _located(spot: Spot | None, source_of: Callable[[Spot], SourceFile | None]) -> Location | None:
    source = source_of(spot) if spot else None
    return Location(source, Span(spot.start, spot.end)) if source and spot else None
