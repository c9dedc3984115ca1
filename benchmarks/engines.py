"""What the benchmarks on real engines share: an engine of their own, a base image, programs with a clock."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[1]
TOOL = ROOT / "tests/tools/engines"
# `tests.support` is used from the checkout.
sys.path.insert(0, str(ROOT))


class Engine(NamedTuple):
    """A docker engine that runs, the registry beside it, and the environment of its clients.

    `base` is an image in the registry with busybox and bash, which envd's steps need.
    """

    folder: Path
    registry: str
    base: str
    environ: dict[str, str]


class Spent(NamedTuple):
    """What a program took, in milliseconds: by the clock, and of the processor with its own children."""

    clock: float
    processor: float


def add_options(parser: ArgumentParser) -> None:
    """Add the options that say which engine and which programs are measured."""
    beside = Path(sys.executable).parent
    add = parser.add_argument
    add("--engine", default="new", help="an engine of tests/tools/engines (default: %(default)s)")
    add(
        "--envd-cache",
        type=Path,
        default=beside / "envd-cache",
        help="the program (default: the one beside python)",
    )
    add("--envd", type=Path, default=beside / "envd", help="the program (default: the one beside python)")


@contextmanager
def engine(name: str, *programs: Path) -> Iterator[Engine]:
    """Start an engine and take it away at the end, with all that was built. Stops without a program."""
    for program in programs:
        if not program.is_file():
            raise SystemExit(f"there is no {program}: install the package with its `test` extra, or name it")
    # Sockets lie in it, so its path has to be short.
    with tempfile.TemporaryDirectory(prefix="envd-cache-bench.") as made:
        folder, state = Path(made), Path(made) / "engines"
        words = ["--engines", name, "--state", str(state), "--format", "json", "--owner", str(os.getpid())]
        facts = json.loads(_tool("up", *words))
        try:
            environ = _environment(folder / "home", facts, facts["engines"][name])
            base = f"{facts['registry']}/base:1"
            (folder / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
            push = ["docker", "buildx", "build", "--provenance=false", "--push", "--tag", base]
            run([*push, "--file", str(folder / "Dockerfile"), facts["rootfs"]], environ)
            yield Engine(folder, facts["registry"], base, environ)
        finally:
            _tool("down", str(state))


def _tool(*words: str) -> str:
    done = subprocess.run([sys.executable, TOOL, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr.strip())
    return done.stdout


def _environment(home: Path, facts: Mapping[str, Any], host: str) -> dict[str, str]:
    """Return an environment with one engine and a home of its own, and nothing of the caller's."""
    config = home / ".docker"
    config.mkdir(parents=True)
    (config / "cli-plugins").symlink_to(facts["plugins"]["trixie"])
    # envd reads the configuration of base images by itself.
    containers = home / ".config/containers"
    containers.mkdir(parents=True)
    text = f'[[registry]]\nlocation = "{facts["registry"]}"\ninsecure = true\n'
    (containers / "registries.conf").write_text(text)
    return {
        "PATH": os.pathsep.join((facts["bin"], os.defpath)),
        "HOME": str(home),
        "TMPDIR": str(home.parent),
        "LC_ALL": "C.UTF-8",
        "DOCKER_HOST": host,
        "DOCKER_CONFIG": str(config),
        "ENVD_ANALYTICS": "false",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def run(words: Sequence[str], environ: Mapping[str, str], folder: Path | None = None) -> Spent:
    """Run a program to its good end and return what it took."""
    # By PATH of that environment: Python looks along its own.
    program = shutil.which(words[0], path=environ["PATH"]) or words[0]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    done = subprocess.run(
        [program, *words[1:]], env=dict(environ), cwd=folder, capture_output=True, text=True, check=False
    )
    clock, after = perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Spent(clock * 1000, processor * 1000)


def prune(environ: Mapping[str, str]) -> None:
    """Throw away all that the engine keeps of builds, its images included."""
    for words in (["buildx", "prune"], ["image", "prune"]):
        run(["docker", *words, "--all", "--force"], environ)
