"""Builds the extension of VS Code as a contributor does, away from the working tree."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from tests.editors.pages import EDITORS
from tests.support import packages

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = EDITORS / "vscode"
VSIX = "dist/envd-cache.vsix"


def prepared(folder: Path) -> Path:
    """Copy the extension into a folder, with its npm packages beside it. Raises CannotFetch."""
    made = folder / "vscode"
    shutil.copytree(SOURCE, made, ignore=shutil.ignore_patterns("node_modules", "dist"))
    lock = (SOURCE / "package-lock.json").read_bytes() + (SOURCE / "package.json").read_bytes()
    kept = packages.cache() / f"npm-{hashlib.sha256(lock).hexdigest()[:12]}"
    packages.once(kept, lambda work: _install(made, work / "new"))
    (made / "node_modules").symlink_to(kept / "node_modules")
    return made


def npm(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run npm in a folder."""
    return subprocess.run(
        ["npm", "--silent", *words],
        cwd=folder,
        env=os.environ | {"NO_UPDATE_NOTIFIER": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _install(source: Path, new: Path) -> None:
    if shutil.which("npm") is None:
        raise packages.CannotFetch("this machine has no npm")
    new.mkdir()
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(source / name, new / name)
    if npm(new, "ci").returncode != 0:
        raise packages.CannotFetch("could not fetch what the extension needs from npm")
