"""Runs the program as people do: a process of its own, in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = (sys.executable, "-m", "envd_cache")

# What a CI system would say about the machine that runs the tests must not count.
SILENT = (
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "JENKINS_URL",
    "CIRCLECI",
    "TF_BUILD",
    "BUILDKITE",
    "ACTIONS_RUNTIME_TOKEN",
)


class Done(NamedTuple):
    """How a process ended."""

    code: int
    out: str
    err: str


def environment(**more: str) -> dict[str, str]:
    """Return the environment for a run: this process's without CI and colours, and some variables."""
    kept = {
        name: value for name, value in os.environ.items() if name not in (*SILENT, "NO_COLOR", "FORCE_COLOR")
    }
    return kept | {"COLUMNS": "100"} | more


def run(folder: Path, *words: str, **more: str) -> Done:
    """Run `envd-cache` in a folder and wait for its end. Further variables are named."""
    done = subprocess.run(
        [*PROGRAM, *words], cwd=folder, capture_output=True, check=False, env=environment(**more)
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def repository(folder: Path, text: str, name: str = "build.envd") -> Path:
    """Write a build file into a folder that is a repository's root, and return the folder."""
    (folder / "envd-cache.toml").touch()
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return folder
