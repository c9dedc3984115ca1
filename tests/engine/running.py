"""Runs `envd-cache exec` and `build` on real engines, and reads their report."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import envd_cache

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGE = Path(envd_cache.__file__).parents[1]


class Ran(NamedTuple):
    """How a run ended, and its report as data; {} when none was written."""

    code: int
    out: str
    err: str
    report: dict[str, Any]

    @property
    def imports(self) -> list[tuple[str, str]]:
        """What was read: sources with their states."""
        found = [each for target in self.report["targets"] for each in target["imports"]]
        return [(each.get("source", ""), each["state"]) for each in found]

    @property
    def exports(self) -> list[tuple[str, str]]:
        """What was written: places with their states."""
        found = [each for target in self.report["targets"] for each in target["exports"]]
        return [(each.get("where", ""), each["state"]) for each in found]

    @property
    def steps(self) -> dict[str, int]:
        """Numbers of steps by what became of them."""
        steps: dict[str, int] = self.report["targets"][0]["steps"]
        return steps

    @property
    def codes(self) -> list[str]:
        """The codes of all problems, with their severities."""
        return [f"{each['severity']} {each['code']}" for each in self.report["diagnostics"]]


def words_of(folder: Path, *words: str) -> list[str]:
    """Return the words that run the program in a process of its own, with a report beside the build file."""
    command, *rest = words
    return [sys.executable, "-m", "envd_cache", command, "--report", str(folder / "report.json"), *rest]


def run_program(folder: Path, environ: dict[str, str], words: Sequence[str]) -> Ran:
    """Run `envd-cache` in a folder with an environment of its own."""
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    done = subprocess.run(
        words_of(folder, *words),
        cwd=folder,
        env={**environ, "PYTHONPATH": str(PACKAGE)},
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(report.read_text()) if report.exists() else {}
    return Ran(done.returncode, done.stdout, done.stderr, found)
