"""Runs small repositories through evaluation, plan and lint, as one run over a whole repository does."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from envd_cache.diagnostics import Diagnostic, has_errors, in_order
from envd_cache.evaluate.loader import read_source
from envd_cache.ir.lower import lower
from envd_cache.lint.chance import with_chances
from envd_cache.lint.engine import Settings, finish, lint_repository, lint_source, lint_target, unused
from envd_cache.lint.places import CHANGING
from envd_cache.lint.summary import (
    Spot,
    TargetSummary,
    as_data,
    from_data,
    summary_of,
    summary_of_file,
)
from envd_cache.pipeline import Session, evaluate, session
from envd_cache.source import SourceFile, Target
from envd_cache.syntax.calls import functions

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from envd_cache.evaluate.facts import Facts
    from envd_cache.evaluate.model import Evaluation
    from envd_cache.lint.suppress import Allowance


class Linted(NamedTuple):
    """What a run over a folder found, and the sources and summaries by which it did."""

    diagnostics: tuple[Diagnostic, ...]
    sources: dict[str, SourceFile]
    summaries: tuple[TargetSummary, ...]


def source_at(root: Path, name: str) -> SourceFile | None:
    path = root / name
    return read_source(str(path), name, f"//{name}").value


def lint(
    root: Path,
    settings: Settings | None = None,
    facts: Facts | None = None,
    during: Session | None = None,
    *,
    whole: bool = True,
) -> Linted:
    """Return all that is found in the build files under `root`; the current folder must be `root`."""
    settings = settings or Settings()
    during = during or session(facts)
    names = sorted(str(path.relative_to(root)) for path in root.rglob("*.envd"))
    sources = {name: source for name in names if (source := source_at(root, name))}
    kept: list[Diagnostic] = []
    allowances: list[Allowance] = []
    used: list[Allowance] = []
    summaries: list[TargetSummary] = []
    for name, source in sources.items():
        found = list(lint_source(source, settings))
        evaluations: list[Evaluation] = []
        broken = changing = False
        for target in functions(source) if os.path.basename(name) == "build.envd" else ():
            if target.name.startswith("_") or target.parameters:
                continue
            evaluation = evaluate(Target(name, target.name), during)
            changing = changing or any(read.name in CHANGING for read in evaluation.value.facts)
            if not any(call.function == "base" for call in evaluation.value.calls):
                if has_errors(evaluation.diagnostics):
                    found += evaluation.diagnostics
                    broken = True
                continue
            lowered = lower(evaluation.value)
            found += (*evaluation.diagnostics, *lowered.diagnostics)
            broken = broken or has_errors((*evaluation.diagnostics, *lowered.diagnostics))
            found += lint_target(evaluation.value, lowered.value, settings)
            evaluations.append(evaluation.value)
            summaries.append(summary_of(evaluation.value, lowered.value))
        if broken or changing:
            summaries.append(summary_of_file(name, source.label, changing=changing, broken=broken))
        run = [source, *_loaded(evaluations, source)]
        done = finish(found, run, settings)
        kept += done.diagnostics
        allowances += with_chances(done, source, run, evaluations, broken=broken, changing=changing)
        used += done.used
    for summary in summaries:
        assert from_data(as_data(summary)) == summary

    def source_of(spot: Spot) -> SourceFile | None:
        return sources.get(spot.label.removeprefix("//"))

    between = finish(lint_repository(summaries, settings, source_of), sources.values(), settings)
    rest = unused(
        allowances,
        [*used, *between.used],
        source_of,
        settings,
        whole=whole and not any(summary.broken for summary in summaries),
        steady=not any(summary.changing for summary in summaries),
    )
    targets = tuple([summary for summary in summaries if summary.function])
    return Linted(in_order((*kept, *between.diagnostics, *rest)), sources, targets)


def _loaded(evaluations: Iterable[Evaluation], own: SourceFile) -> list[SourceFile]:
    """Return the files, but the build file, from which calls came."""
    frames = [frame for one in evaluations for call in one.calls for frame in call.site.frames]
    files = {frame.location.source.label: frame.location.source for frame in frames}
    return [source for label, source in files.items() if label != own.label]
