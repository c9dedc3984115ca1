"""Our side of the comparison: the only place here that knows our API."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from envd_cache import pipeline
from envd_cache.diagnostics import ERROR
from envd_cache.source import Target

if TYPE_CHECKING:
    from pathlib import Path

    from envd_cache.diagnostics import Diagnostic
    from envd_cache.ir.model import CachePlan


@functools.cache
def _session() -> pipeline.Session:
    return pipeline.session()


def plan_of(
    folder: Path, name: str = "build.envd", function: str = "build"
) -> tuple[CachePlan, tuple[Diagnostic, ...]]:
    """Return the plan of one target and everything that we find in it."""
    result = pipeline.plan(Target(str(folder / name), function), _session())
    return result.value, result.diagnostics


def findings(folder: Path, name: str = "build.envd", function: str = "build") -> tuple[Diagnostic, ...]:
    """Return everything that we find in one target."""
    return plan_of(folder, name, function)[1]


def our_verdict(folder: Path, name: str = "build.envd", function: str = "build") -> tuple[bool, str]:
    """Say whether we accept a target, and the messages of all its errors, a line each."""
    errors = [found for found in findings(folder, name, function) if found.severity == ERROR]
    return not errors, "\n".join(found.message for found in errors)


def targets(folder: Path, name: str = "build.envd") -> list[str]:
    """Return the names of a build file's targets."""
    return [target.function for target in pipeline.targets_of(str(folder / name), _session()).value]
