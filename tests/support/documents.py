"""Runs the fenced blocks of a Markdown page, so that what it shows is what the program does.

A `console` block holds commands (lines that start with `$ `), each followed by what it prints to both
streams. A `starlark` or `toml` block is a file: its first line may be a comment with the name, else it
is `build.envd`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PROMPT = "$ "
_FENCE = re.compile(r"^```([\w+-]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE_NAME = re.compile(r"# ((?:[\w-]+/)*[\w-]+\.\w+)\n")


class Block(NamedTuple):
    """One fenced block: its language, its text, and where the text stands in the page."""

    language: str
    text: str
    start: int
    end: int


def blocks(page: str) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    return [Block(match[1], match[2], match.start(2), match.end(2)) for match in re.finditer(_FENCE, page)]


def environment(folder: Path) -> dict[str, str]:
    """Return a small, fixed environment in which `envd-cache` is the package under test.

    `folder` gets the program and a home. There is no CI system in it and no credential.
    """
    programs = folder / "bin"
    programs.mkdir(parents=True, exist_ok=True)
    program = programs / "envd-cache"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m envd_cache "$@"\n')
    program.chmod(0o755)
    path = os.pathsep.join((str(programs), os.environ.get("PATH", os.defpath)))
    home = str(folder)
    return {"PATH": path, "HOME": home, "TMPDIR": home, "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}


def transcript(text: str, folder: Path, environ: Mapping[str, str]) -> str:
    """Return a console block as it should be: its commands run in a folder, with what they print."""
    made = ""
    for line in text.splitlines():
        if line.startswith(PROMPT):
            done = subprocess.run(
                line.removeprefix(PROMPT),
                shell=True,
                cwd=folder,
                env=dict(environ),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
                timeout=60,
                encoding="utf-8",
            )
            # No page shows a wrong call or a crash, and `--update` must not write one.
            assert done.returncode < 2, f"{line}\n{done.stdout}"
            made += f"{line}\n{done.stdout}"
    return made


def rerun(page: str, folder: Path, environ: Mapping[str, str]) -> str:
    """Return a page with its console blocks run anew; files of the page are written into the folder."""
    made, done = "", 0
    for block in blocks(page):
        text = block.text
        if block.language in ("starlark", "toml"):
            name = _FILE_NAME.match(text)
            file = folder / (name[1] if name else "build.envd")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        elif block.language == "console":
            text = transcript(text, folder, environ)
        made += page[done : block.start] + text
        done = block.end
    return made + page[done:]
