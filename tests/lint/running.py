"""Runs small repositories through evaluation, plan and lint, as one run over a whole repository does."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from envd_cache.diagnostics import Diagnostic, has_errors, in_order
from envd_cache.evaluate.loader import read_source
from envd_cache.ir.lower import lower
from envd_cache.lint.engine import Settings, finish, lint_repository, lint_source, lint_target, unused
from envd_cache.lint.summary import Spot, TargetSummary, as_data, from_data, summary_of
from envd_cache.pipeline import Session, evaluate, session
from envd_cache.source import SourceFile, Target
from envd_cache.syntax.calls import functions

if TYPE_CHECKING:
    from pathlib import Path

    from envd_cache.evaluate.facts import Facts


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
    found: list[Diagnostic] = []
    summaries: list[TargetSummary] = []
    for name, source in sources.items():
        found += lint_source(source, settings)
        if os.path.basename(name) == "build.envd":
            for target in functions(source):
                if target.name.startswith("_") or target.parameters:
                    continue
                evaluation = evaluate(Target(name, target.name), during)
                if not any(call.function == "base" for call in evaluation.value.calls):
                    if has_errors(evaluation.diagnostics):
                        found += evaluation.diagnostics
                    continue
                lowered = lower(evaluation.value)
                found += (*evaluation.diagnostics, *lowered.diagnostics)
                found += lint_target(evaluation.value, lowered.value, settings)
                summary = summary_of(evaluation.value, lowered.value)
                assert from_data(as_data(summary)) == summary
                summaries.append(summary)

    def source_of(spot: Spot) -> SourceFile | None:
        return sources.get(spot.label.removeprefix("//"))

    found += lint_repository(summaries, settings, source_of)
    kept = finish(found, sources.values(), settings)
    rest = unused(kept.allowances, kept.used, source_of, settings, whole=whole)
    return Linted(in_order((*kept.diagnostics, *rest)), sources, tuple(summaries))
