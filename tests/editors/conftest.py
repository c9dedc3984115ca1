"""A workspace with a mistake in it, and the program as an editor finds it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support import packages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.editors.fetched import Editor

# Two code units of UTF-16 and one of UTF-8's longer forms stand in front of the mistake.
BROKEN = """\
def build():
    base(image='ubuntu:22.04', dev=True)
    note = '𝄞é'; cache.s3(bucket="acme", regoin="eu-central-1")
"""
MENDED = """\
def build():
    base(image="ubuntu:22.04", dev=True)
    note = "𝄞é"
    cache.s3(bucket="acme", region="eu-central-1", mode="max")
"""

# Editors start the program by its name. What they need to find their own libraries is not for it.
PROGRAM = """\
#!/bin/sh
unset LD_LIBRARY_PATH
exec "{python}" -m envd_cache "$@"
"""


class Workspace(NamedTuple):
    """A folder with a build file, and the environment of an editor that works in it."""

    folder: Path
    file: Path
    environment: dict[str, str]

    def run(self, editor: Editor, *words: str) -> subprocess.CompletedProcess[str]:
        """Run an editor to its end."""
        return subprocess.run(
            [*editor.words, *words],
            cwd=self.folder,
            env=self.environment | editor.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    # The name of a socket holds about 100 characters: not below pytest's own folder.
    home = Path(tempfile.mkdtemp(prefix="envd-ed."))
    folder, programs = home / "work", home / "bin"
    folder.mkdir()
    programs.mkdir()
    (folder / "envd-cache.toml").touch()
    file = folder / "build.envd"
    file.write_text(BROKEN, encoding="utf-8")
    program = programs / "envd-cache"
    program.write_text(PROGRAM.format(python=sys.executable))
    program.chmod(0o755)
    environment = {
        "HOME": str(home),
        "PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "LC_ALL": "C.UTF-8",
        "TERM": "xterm",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    try:
        yield Workspace(folder, file, environment)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def fetched(editor: Callable[[], Editor]) -> Editor:
    """Return an editor, or skip the test and say why it cannot be had."""
    try:
        found = editor()
    except packages.CannotFetch as error:
        pytest.skip(str(error))
    done = subprocess.run(
        [*found.words, "--version"], env=os.environ | found.environment, capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"{Path(found.words[0]).name} of Debian bookworm does not run on this machine")
    return found
