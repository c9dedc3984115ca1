"""Looks between the targets of one repository, at what was packed of each."""

from __future__ import annotations

from envd_cache.lint.engine import Settings, finish, lint_repository, unused
from envd_cache.lint.engines_wanted import Engines
from envd_cache.lint.summary import EntrySummary, ImageUse, Spot, TargetSummary, from_data
from envd_cache.lint.suppress import Allowance

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from envd_cache.check.result import FileResult, SourceOf
    from envd_cache.config import Config
    from envd_cache.diagnostics import Diagnostic
    from envd_cache.source import SourceFile

# From so many files on it pays to make records quicker.
MANY = 60


def between(
    results: Sequence[FileResult], settings: Settings, source_of: SourceOf, *, whole: bool
) -> tuple[Diagnostic, ...]:
    """Return what the rules between targets find, and the allowances that allowed nothing anywhere.

    `whole` says that the results are all of the repository, and that none of its targets is unknown. A file
    with errors says itself that some of its targets may be.
    """

    def source_at(spot: Spot) -> SourceFile | None:
        return source_of(spot.path, spot.label)

    if len(results) >= MANY:
        from envd_cache.check.quicken import quicken  # noqa: PLC0415 - only for large repositories

        quicken(EntrySummary, ImageUse, Spot, TargetSummary)
    summaries = [from_data(summary) for result in results for summary in result.summaries]
    found = lint_repository(summaries, settings, source_at, whole=whole)
    located = dict.fromkeys([one.location.source for one in found if one.location])
    kept = finish(found, located, settings)
    allowances: list[Allowance] = []
    used = list(kept.used)
    for result in results:
        made = [Allowance(*fields) for fields in result.allowances]
        allowances += made
        used += [made[number] for number in result.used]
    if not allowances:
        return kept.diagnostics
    known = whole and not any(summary.broken for summary in summaries)
    steady = not any(summary.changing for summary in summaries)
    rest = unused(allowances, used, source_at, settings, whole=known, steady=steady)
    return kept.diagnostics + rest


def settings_of(config: Config) -> Settings:
    """Return what a configuration asks of the rules."""
    wanted = Engines(config.buildkit, config.buildx, config.driver, config.client)
    if not config.rules and not config.per_path:
        return Settings(wanted)
    from envd_cache.config import severity  # noqa: PLC0415 - hardly a repository sets rules

    return Settings(wanted, lambda name, code, path, default: severity(config, name, code, path, default))
