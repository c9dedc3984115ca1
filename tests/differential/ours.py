"""Our verdict on a build file, in the form of the oracle's: the only place here that knows our API."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from envd_cache import pipeline
from envd_cache.diagnostics import ERROR
from envd_cache.source import Target

if TYPE_CHECKING:
    from pathlib import Path

    from envd_cache.diagnostics import Diagnostic


@functools.cache
def _session() -> pipeline.Session:
    return pipeline.session()


def findings(folder: Path, name: str = "build.envd", function: str = "build") -> tuple[Diagnostic, ...]:
    """Return everything that we find in one target."""
    return pipeline.plan(Target(str(folder / name), function), _session()).diagnostics


def our_verdict(folder: Path, name: str = "build.envd", function: str = "build") -> tuple[bool, str]:
    """Say whether we accept a target, and the messages of all its errors, a line each."""
    errors = [found for found in findings(folder, name, function) if found.severity == ERROR]
    return not errors, "\n".join(found.message for found in errors)
