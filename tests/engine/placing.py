"""What the tests of placed commands share: real clients of Debian, and how to run a command with them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envd_cache.emit.wire import WirePlan, wire
from envd_cache.engine.place import Command, Placed, read_command
from tests.support import packages
from tests.support.engines import PACKAGES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.emit.workshop import Workshop

PLUGINS = "usr/libexec/docker/cli-plugins"


def plugins(name: str) -> Path:
    """Return the folder of docker's plugins in a set of packages; skips the test when it cannot be had."""
    try:
        return packages.debian(*PACKAGES[name]) / PLUGINS
    except packages.CannotFetch as problem:
        pytest.skip(str(problem))


def run(
    words: Sequence[str], folder: Path, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command without input; without an environment there is no engine to be found."""
    nothing = {
        "PATH": os.defpath,
        "HOME": str(folder),
        "DOCKER_HOST": f"unix://{folder}/none.sock",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return subprocess.run(
        words,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**nothing, **(environ or {})},
    )


def command(words: Sequence[str], environ: Mapping[str, str] | None = None) -> Command:
    """Return a command that is known."""
    found = read_command(words, environ or {})
    assert isinstance(found, Command), found
    return found


def plan_of(workshop: Workshop, *calls: str, name: str = "build") -> WirePlan:
    """Return the plan of a function that makes some calls."""
    lines = "".join(f"    {call}\n" for call in calls)
    return wire(workshop.plan_of(f"def {name}():\n    base()\n{lines}", name))


def write(placed: Placed) -> None:
    """Write the files of a placed command."""
    for file in placed.files:
        Path(file.path).parent.mkdir(exist_ok=True)
        Path(file.path).write_text(file.content, encoding="utf-8")


def text_of(path: str) -> str | None:
    """Return the text of a file, None without one."""
    return Path(path).read_text() if Path(path).is_file() else None
