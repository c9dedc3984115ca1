"""The judge: the real envd 1.3.6, run on one build file without a network.

`envd debug llb` interprets the build file first and asks a registry for the base image only then. Without
a network that question fails, so every run ends with an error, and the error says how far envd came:
`failed to interpret` is a refused build file, anything from the compiling or the look-up an accepted one.
No daemon is needed. One run takes about 25 ms.
"""

from __future__ import annotations

import ast
import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

_ERROR = re.compile(r'level=fatal msg=exit app=envd error=("(?:[^"\\]|\\.)*"|\S+)')
_OLD_SYNTAX = re.compile(r'level=fatal msg="(v0 is no longer supported [^"]*)"')
_PANIC = re.compile(r"^panic: (.*)$", re.MULTILINE)
_WRAPPING = re.compile(
    r"^failed to interpret: |^failed to exec starlark file \S+?: |^Exception when exec \w+ func: "
)
_ACCEPTED = ("failed to compile envd IR to LLB", "failed to compile ")
_SECONDS = 60


@dataclass(frozen=True)
class Verdict:
    """What envd thinks of a build file; `message` is its error without the wrapping, or ""."""

    accepted: bool
    message: str

    @property
    def crashed(self) -> bool:
        """Whether envd did not refuse the file but fell over it."""
        return self.message.startswith("panic: ")


@functools.cache
def envd() -> str | None:
    """Return the path of envd: beside this Python, else on PATH."""
    beside = Path(sys.executable).parent / "envd"
    return str(beside) if beside.exists() else shutil.which("envd")


@functools.cache
def _without_network() -> tuple[str, ...]:
    """Return the command that takes the network away, or nothing where the system has no such thing."""
    for command in (("unshare", "-n"), ("unshare", "-rn")):
        try:
            if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
                return command
        except OSError:
            break
    return ()


@functools.cache
def _home() -> tempfile.TemporaryDirectory[str]:
    """Return the home folder of every run of this process: envd writes its settings there once."""
    return tempfile.TemporaryDirectory(prefix="envd-home-")


def environment(home: str | None = None) -> dict[str, str]:
    """Return the environment of envd: no settings of the user's, no analytics, no way out."""
    nowhere = "http://127.0.0.1:9"
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": home or _home().name,
        "ENVD_ANALYTICS": "false",
        "HTTP_PROXY": nowhere,
        "HTTPS_PROXY": nowhere,
        "ALL_PROXY": nowhere,
    }


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run envd with no network and a home folder of its own."""
    found = envd()
    if found is None:
        raise RuntimeError("envd is not installed")
    return subprocess.run(
        [*_without_network(), found, *arguments],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        cwd=cwd,
        env=environment(),
        timeout=_SECONDS,
    )


def verdict(folder: Path, name: str = "build.envd", function: str = "build") -> Verdict:
    """Return what envd says of one build file. `load` starts at the folder, as the working directory does.

    The folder's name must be one that an image can have, or envd stops before it reads the file.
    """
    ran = run("debug", "llb", "-p", str(folder), "-f", f"{name}:{function}", cwd=folder)
    found = read(ran.returncode, ran.stderr)
    return Verdict(found.accepted, found.message.replace(f"{folder}{os.sep}", ""))


def read(code: int, stderr: str) -> Verdict:
    """Read the verdict off what envd printed."""
    if panic := _PANIC.search(stderr):
        return Verdict(False, f"panic: {panic.group(1)}")
    if old := _OLD_SYNTAX.search(stderr):
        return Verdict(False, old.group(1))
    if code == 0:
        return Verdict(True, "")
    found = _ERROR.findall(stderr)
    if not found:
        raise AssertionError(f"envd stopped with {code} and no verdict: {stderr[-2000:]}")
    error = ast.literal_eval(found[-1]) if found[-1].startswith('"') else found[-1]
    if error.startswith("failed to interpret: "):
        while (rest := _WRAPPING.sub("", error)) != error:
            error = rest
        return Verdict(False, error)
    if error.startswith(_ACCEPTED):
        return Verdict(True, "")
    raise AssertionError(f"envd stopped before it read the build file: {error}")
