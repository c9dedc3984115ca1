"""The command line of `tests/tools/engines`."""

from __future__ import annotations

import argparse
import json
import os
import select
import shlex
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support import engines, packages

if TYPE_CHECKING:
    from types import FrameType

# Exit statuses. With the last two nothing is wrong with the project: see the message.
DONE, FAILED, NO_PACKAGES, NOT_HERE = 0, 1, 75, 77
TOOL = Path(__file__).parents[1] / "tools" / "engines"


def main(words: list[str]) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(prog="engines", description="real engines for the tests")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start them and print where they are")
    up.add_argument("--state", type=Path, help="the folder for all that they write; new or empty")
    up.add_argument("--format", choices=("shell", "json"), default="shell")
    kinds = ", ".join(kind.name for kind in engines.KINDS)
    up.add_argument("--engines", default=",".join(engines.USUAL), help=f"of {kinds} (default: %(default)s)")
    up.add_argument("--owner", type=int, help="when the process with this number ends, so do the engines")
    down = commands.add_parser("down", help="end them and take everything away")
    down.add_argument("state", type=Path)
    guard = commands.add_parser("guard", help="wait for the end of a process, then do as `down`")
    guard.add_argument("state", type=Path)
    guard.add_argument("owner", type=int)
    options = parser.parse_args(words)
    if options.command == "up":
        names = options.engines.split(",")
        if unknown := set(names) - {kind.name for kind in engines.KINDS}:
            parser.error(f"no engine has the name {min(unknown)!r}")
        return _up(options.state, names, options.format, options.owner)
    if options.command == "guard":
        _wait_for(options.owner)
    return _down(options.state)


def _up(folder: Path | None, names: list[str], form: str, owner: int | None) -> int:
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        engines.check_machine()
        folder = folder or Path(tempfile.mkdtemp(prefix="envd-cache-engines."))
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            return _say(f"{folder} is not empty", FAILED)
        made = engines.up(folder, names)
        if owner is not None:
            made.start(
                "guard", [sys.executable, str(TOOL), "guard", str(folder), str(owner)], dict(os.environ)
            )
    except engines.NotHere as error:
        return _say(str(error), NOT_HERE)
    except packages.CannotFetch as error:
        return _say(str(error), NO_PACKAGES)
    except engines.CannotStart as error:
        return _say(str(error), FAILED)
    sys.stdout.write(json.dumps(made.facts, indent=2) + "\n" if form == "json" else _assignments(made))
    return DONE


def _interrupted(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _down(folder: Path) -> int:
    try:
        engines.down(folder)
    except (OSError, ValueError) as error:
        return _say(f"{folder}: {error}", FAILED)
    return DONE


def _wait_for(owner: int) -> None:
    try:
        handle = os.pidfd_open(owner)
    except ProcessLookupError:
        return
    waiting = select.poll()
    waiting.register(handle, select.POLLIN)
    waiting.poll()


def _assignments(made: engines.Up) -> str:
    """Return shell text; the first engine becomes the one that docker's programs use."""
    facts = made.facts
    folder = made.folder / "docker"
    folder.mkdir()
    (folder / "cli-plugins").symlink_to(facts["plugins"]["trixie"])
    values = {
        "ENGINES": str(made.folder),
        "DOCKER_CONFIG": str(folder),
        "DOCKER_HOST": next(iter(facts["engines"].values())),
        **{f"DOCKER_HOST_{name.upper()}": address for name, address in facts["engines"].items()},
        "REGISTRY": facts["registry"],
        **{f"S3_{name.upper()}": value for name, value in facts["s3"].items()},
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in values.items()]
    return "".join([*lines, f"export PATH={shlex.quote(facts['bin'])}:$PATH\n"])


def _say(text: str, status: int) -> int:
    sys.stderr.write(f"engines: {text}\n")
    return status
