"""Runs `envd-cache check` as people do: a process of its own, with a cache folder of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from tests.cli.program import Done, environment

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = (sys.executable, "-m", "envd_cache", "check")


def check(folder: Path, *words: str, store: Path | None = None, timeout: float = 300, **more: str) -> Done:
    """Run a check in a folder and wait for its end; without a `store` it keeps no results."""
    words = words if store else (*words, "--no-cache")
    more |= {"XDG_CACHE_HOME": str(store)} if store else {}
    done = subprocess.run(
        [*PROGRAM, *words],
        cwd=folder,
        capture_output=True,
        check=False,
        env=environment(**more),
        timeout=timeout,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def write(folder: Path, files: dict[str, str]) -> None:
    """Write files below a folder, which becomes the root of a repository."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "envd-cache.toml").touch()
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def target(ref: str) -> str:
    """Return a build file with one target, which caches in one place."""
    return f'def build():\n    base(image="ubuntu:22.04", dev=True)\n    cache.registry(ref="{ref}")\n'


def codes(folder: Path, *words: str, **more: Any) -> list[tuple[str, str, str]]:
    """Return severity, code and file of each finding, in the order in which they are told."""
    done = check(folder, *words, "--format", "json", **more)
    return [
        (one["severity"], one["code"], one.get("file", "")) for one in json.loads(done.out)["diagnostics"]
    ]
