"""Compiles declarations in a folder of its own, for the tests of the outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envd_cache import pipeline
from envd_cache.emit import compile_plans
from envd_cache.emit.registry import Options, emitter
from envd_cache.evaluate.facts import Facts
from envd_cache.source import Target
from tests.emit.strategies import starlark

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from envd_cache.diagnostics import Result
    from envd_cache.ir.model import CachePlan
    from tests.emit.strategies import Declaration


class Workshop:
    """One repository with one build file that is written again and again, and one session."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "build.envd"
        (folder / "envd-cache.toml").write_text("")
        self.during = pipeline.session(Facts(use_git=False))

    def plan(self, declarations: Sequence[Declaration], function: str = "build") -> CachePlan:
        """Return the plan of valid declarations."""
        return self.plan_of(starlark(declarations, function), function)

    def plan_of(self, text: str, function: str = "build") -> CachePlan:
        """Return the plan of a build file without errors."""
        self.file.write_text(text, encoding="utf-8", newline="")
        found = pipeline.plan(Target(str(self.file), function), self.during)
        errors = [diagnostic for diagnostic in found.diagnostics if diagnostic.severity == "error"]
        assert not errors, (errors, text)
        return found.value

    def compile_to(
        self, to: str, plans: Sequence[CachePlan], options: Options | None = None
    ) -> Result[str | bytes | None]:
        """Return the output of a name for some plans."""
        chosen = emitter(to)
        assert chosen is not None
        return compile_plans(plans, chosen, options or Options())
