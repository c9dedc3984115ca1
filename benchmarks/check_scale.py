"""How long `envd-cache check` takes for a repository of many build files, beside ruff and buildifier.

The repository is written anew: some thousand build files in a hundred teams, each of which loads its team's
shared file, formatted as `ruff format` does it. All programs look at the same files, each as a whole
process, in turn, so that a busy machine slows them alike; medians are printed. ruff (from PyPI) parses and
lints without running anything. buildifier (from npm, `@bazel/buildifier`) does so for Starlark. A check also
runs each target and looks between all of them. "cold" is without kept results, "warm" a run after which
nothing was changed, beside ruff with its cache. `interpreter_alone.py` only runs the files, which no check
by the same interpreter can do without. Nothing is asserted about time.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter, sleep

TEAMS = 100
SIZES = (100, 1_000, 10_000)
PACKAGES = (
    "numpy",
    "pandas",
    "scikit-learn",
    "torch",
    "requests",
    "pyarrow",
    "fastapi",
    "uvicorn",
    "pydantic",
)

SHARED = '''\
"""What the services of team {team} have in common."""

REGISTRY = "ghcr.io/acme/team{team:03}"
INDEX = "https://packages.example.org/simple"


def service(name, packages):
    """Set up a Python service, with a cache for each branch."""
    base(image="ubuntu:22.04", dev=True)
    install.python(version="3.11")
    config.pip_index(url=INDEX)
    install.python_packages(name=packages)
    cache.registry(
        ref=REGISTRY + "/" + name,
        key=[cache.branch(), "main"],
        mode="max",
    )
'''

BUILD = '''\
"""The image of service {number}, which team {team} runs."""

load("//team{team:03}/shared.envd", "service")

# Kept apart, so that the list can be read by other tools.
PACKAGES = [
{packages}
]


def build():
    """Build the image that runs in production."""
    service("service{number}", packages=PACKAGES)
    shell("zsh")
    runtime.environ(
        env={{
            "SERVICE": "service{number}",
            "LOG_LEVEL": "info",
            "TOKENIZERS_PARALLELISM": "false",
        }},
    )
    runtime.command(
        commands={{
            "serve": "uvicorn service{number}:app --host 0.0.0.0",
        }},
    )
    runtime.expose(envd_port=8000, host_port={port}, service="http")
'''

# ruff reads Starlark as Python; without the names of builtins it would spend its time on telling of them.
RUFF = """\
include = ["*.envd"]
builtins = ["base", "cache", "config", "install", "io", "load", "run", "runtime", "service", "shell"]

[extension]
envd = "python"
"""


def main() -> int:
    """Run the programs and print the tables."""
    options = _parser().parse_args()
    command = [*options.envd_cache, "check"] if options.envd_cache else [*_program(), "check"]
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        largest = max(options.sizes)
        repositories = {size: write_repository(top / f"repository{size}", size) for size in options.sizes}
        (top / "ruff.toml").write_text(RUFF)
        _compare(options, command, top, repositories[largest])
        _growth(options, command, top, repositories)
    return 0


def write_repository(folder: Path, size: int) -> Path:
    """Write a repository with that many build files and return its folder."""
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/feature\n")
    (folder / "envd-cache.toml").touch()
    for team in range(TEAMS):
        shared = folder / f"team{team:03}" / "shared.envd"
        shared.parent.mkdir()
        shared.write_text(SHARED.format(team=team))
    for number in range(size):
        team = number % TEAMS
        path = folder / f"team{team:03}" / f"service{number // TEAMS:03}" / "build.envd"
        path.parent.mkdir()
        chosen = [PACKAGES[(number + step) % len(PACKAGES)] for step in range(2 + number % 6)]
        packages = "\n".join(f'    "{name}",' for name in chosen)
        path.write_text(BUILD.format(number=number, team=team, packages=packages, port=10_000 + number))
    return folder


def _compare(options: argparse.Namespace, command: list[str], top: Path, repository: Path) -> None:
    """Print how long each program takes for the largest repository."""
    files = [str(path.relative_to(repository)) for path in sorted(repository.rglob("*.envd"))]
    ruff = [options.ruff, "check", "--quiet", "--config", str(top / "ruff.toml")]
    programs = {
        "ruff check --no-cache": [*ruff, "--no-cache", "."],
        "buildifier -lint=warn": [options.buildifier, "-mode=check", "-lint=warn", "-type=bzl", *files],
        "envd-cache check, cold": [*command, "--no-cache"],
        "the interpreter alone": [sys.executable, str(Path(__file__).with_name("interpreter_alone.py"))],
        "ruff check, warm": [*ruff, "--cache-dir", str(top / "ruff-cache"), "."],
        "envd-cache check, warm": command,
    }
    environment = {**os.environ, "XDG_CACHE_HOME": str(top / "cache")}
    usable = {name: words for name, words in programs.items() if shutil.which(words[0])}
    for name in sorted(programs.keys() - usable.keys()):
        print(f"{name}: not found, left out")
    times: dict[str, list[float]] = {name: [] for name in usable}
    # What a cache does not know yet is no time of a warm run; the second one still reads what is young.
    for number in range(options.runs + 2):
        for name, words in usable.items():
            seconds = _seconds(words, repository, environment)
            if number > 1:
                times[name].append(seconds)
    print(f"{len(files):,} files, {os.cpu_count()} processors, median of {options.runs}")
    for name, measured in times.items():
        print(f"  {name:<24}{median(measured):>8.2f} s")
    for own, other in (
        ("envd-cache check, cold", "buildifier -lint=warn"),
        ("envd-cache check, cold", "ruff check --no-cache"),
        ("the interpreter alone", "ruff check --no-cache"),
        ("envd-cache check, warm", "ruff check, warm"),
    ):
        if own in times and other in times:
            print(f"  {own} / {other}: {median(times[own]) / median(times[other]):.2f}")


def _growth(
    options: argparse.Namespace, command: list[str], top: Path, repositories: dict[int, Path]
) -> None:
    """Print time and memory by the number of files."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(top / "cache")}
    none = top / "none"
    none.mkdir()
    start = median(_seconds([*command, "--no-cache"], none, environment) for _ in range(options.runs))
    print(f"\nstart {start * 1000:.0f} ms\n{'files':>10}{'cold':>10}{'us each':>10}{'memory':>12}")
    for size, repository in repositories.items():
        words = [*command, "--no-cache"]
        seconds = median(_seconds(words, repository, environment) for _ in range(options.runs))
        memory = _memory(words, repository, environment)
        each = (seconds - start) / size * 1e6
        print(f"{size:>10,}{seconds:>8.2f} s{each:>10.0f}{memory / 1024:>9.0f} MiB")


def _seconds(words: list[str], folder: Path, environment: dict[str, str]) -> float:
    start = perf_counter()
    done = subprocess.run(
        words, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
    )
    seconds = perf_counter() - start
    # 1 and 4: something was found, as ruff and buildifier say it.
    if done.returncode not in (0, 1, 4):
        raise SystemExit(f"{' '.join(words)[:200]}: {done.stderr.decode(errors='replace')[:2000]}")
    return seconds


def _memory(words: list[str], folder: Path, environment: dict[str, str]) -> int:
    """Return the most KiB that a program and its workers have at once, what they share counted once."""
    most = 0
    with subprocess.Popen(words, cwd=folder, env=environment, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            most = max(most, sum(map(_share, [process.pid, *_children(process.pid)])))
            sleep(0.02)
    return most


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _share(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().split("\n")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _program() -> list[str]:
    beside = Path(sys.executable).with_name("envd-cache")
    return [str(beside)] if beside.is_file() else [sys.executable, "-m", "envd_cache"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="how many build files")
    parser.add_argument("--runs", type=int, default=5, help="how often each program runs")
    parser.add_argument(
        "--envd-cache", nargs="+", default=None, help="the program; default: this environment's"
    )
    parser.add_argument("--ruff", default="ruff", help="the ruff to compare with")
    parser.add_argument("--buildifier", default="buildifier", help="the buildifier to compare with")
    return parser


if __name__ == "__main__":
    sys.exit(main())
