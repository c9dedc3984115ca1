"""How long a whole `envd-cache compile` takes, beside `docker-buildx bake --print` of the same caches.

Each program is started in turn, so that a busy machine slows them alike. Medians are printed, and
`python -c pass` as the floor below which no Python program can come. Nothing is asserted about time.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

HERE = Path(__file__).resolve().parent
BUILD = HERE / "build.envd"
BAKE = HERE / "docker-bake.json"

# What a compile has no use for and what would cost it a third of its time, or several times all of it.
UNWANTED = (
    "lark",
    "typeguard",
    "asyncio",
    "rich",
    "argparse",
    "dataclasses",
    "typing",
    "re",
    "json",
    "inspect",
)

# Where the installed package lies, and where Python looks without reading .pth files.
_PATHS = """
import os, sys, envd_cache
print(os.path.dirname(os.path.dirname(envd_cache.__file__)))
print(*[path for path in sys.path if path], sep="\\n")
"""
_RUN = "import sys; sys.path[:0] = {paths}; from envd_cache.cli import run; run()"


def main() -> int:
    """Run the benchmark that the arguments ask for; 1 when a compile imports what it must not."""
    options = _parser().parse_args()
    environment = _environment()
    program: Path = options.envd_cache
    python = _interpreter(program) or sys.executable
    if options.importtime:
        return _show_imports(python, environment)
    if not program.is_file():
        raise SystemExit(f"no envd-cache at {program}: install the package, or use --envd-cache")
    buildx: Path = options.docker_buildx or _docker_buildx()
    _same_caches(program, environment)
    if _imports_re(program):
        print(
            f"note: {program.name} was made by a pip older than 25.1: the script itself imports `re` (3.5 ms)"
        )
    with tempfile.TemporaryDirectory() as folder:
        plain, marked = _repositories(Path(folder))
        commands = {
            "envd-cache compile": [str(program), "compile", str(plain)],
            "docker-buildx bake --print": [str(buildx), "bake", "--print", "--file", str(BAKE), "build"],
            "python -c pass": [python, "-c", "pass"],
            "envd-cache, pyproject.toml": [str(program), "compile", str(marked)],
        }
        times = _measure(commands, options.runs, environment)
    for name, measured in times.items():
        print(f"{name:<28}{median(measured):8.1f} ms")
    ours, theirs = (median(times[name]) for name in list(commands)[:2])
    print(f"{'docker-buildx / envd-cache':<28}{theirs / ours:8.2f}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    beside = Path(sys.executable).parent / "envd-cache"
    parser.add_argument(
        "--envd-cache", type=Path, default=beside, help="the program (default: beside python)"
    )
    parser.add_argument("--docker-buildx", type=Path, help="the program (default: where the tests find it)")
    parser.add_argument("--runs", type=int, default=20, help="measured runs of each (default: %(default)s)")
    parser.add_argument("--importtime", action="store_true", help="show and check what a compile imports")
    return parser


def _environment() -> dict[str, str]:
    """Return an environment in which both programs are content: a home, a PATH and a GitHub token."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
    return kept | {"ACTIONS_RUNTIME_TOKEN": "token", "ACTIONS_RESULTS_URL": "https://results.example.org/"}


def _docker_buildx() -> Path:
    sys.path.insert(0, str(HERE.parent))
    from tests.support import debian  # noqa: PLC0415 - found only with the path above

    path = debian.docker_buildx()
    if path is None:
        raise SystemExit(debian.HOW)
    return path


def _interpreter(script: Path) -> str | None:
    """Return the interpreter that a console script names in its first line."""
    if not script.is_file():
        return None
    first = script.read_bytes().split(b"\n", 1)[0]
    return first.removeprefix(b"#!").decode().strip() if first.startswith(b"#!") else None


def _imports_re(script: Path) -> bool:
    return b"import re\n" in script.read_bytes()


def _same_caches(program: Path, environment: dict[str, str]) -> None:
    """Stop unless both files say the same caches: else the comparison would mean nothing."""
    command = [str(program), "compile", "--to", "bake", str(BUILD)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0 or done.stderr:
        raise SystemExit(f"envd-cache compile: exit {done.returncode}\n{done.stderr}")
    ours, theirs = json.loads(done.stdout), json.loads(BAKE.read_text())
    if ours != theirs:
        raise SystemExit(f"{BUILD.name} and {BAKE.name} differ:\n{done.stdout}")


def _repositories(folder: Path) -> tuple[Path, Path]:
    """Copy the build file to the root of two repositories, of which the second has a pyproject.toml."""
    for name in ("plain", "marked"):
        (folder / name / ".git").mkdir(parents=True)
        shutil.copy(BUILD, folder / name / BUILD.name)
    (folder / "marked" / "pyproject.toml").write_text('[project]\nname = "app"\nversion = "1"\n')
    return folder / "plain" / BUILD.name, folder / "marked" / BUILD.name


def _measure(
    commands: dict[str, list[str]], runs: int, environment: dict[str, str]
) -> dict[str, list[float]]:
    """Return milliseconds by name. The first run of each fills the page cache and is not counted."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for run in range(runs + 1):
        for name, command in commands.items():
            start = perf_counter()
            done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
            passed = (perf_counter() - start) * 1000
            if done.returncode != 0:
                raise SystemExit(f"{name}: exit {done.returncode}\n{done.stderr}")
            if run:
                times[name].append(passed)
    return times


def _show_imports(python: str, environment: dict[str, str]) -> int:
    """Print the modules that a compile imports, with their own time and the line of who imports whom.

    It runs without `site` and without the console script, so that all that is seen is ours.
    """
    found = subprocess.run(
        [python, "-c", _PATHS], capture_output=True, text=True, env=environment, check=False
    )
    if found.returncode != 0:
        raise SystemExit(f"{python} has no envd_cache:\n{found.stderr}")
    code = _RUN.format(paths=found.stdout.splitlines())
    flags = ["-S", "-X", "importtime", "-c"]
    floor = _imported([python, *flags, "pass"], environment)
    with tempfile.TemporaryDirectory() as folder:
        build, _ = _repositories(Path(folder))
        ours = _imported([python, *flags, code, "compile", str(build)], environment)
    known = {name.strip() for _, name in floor}
    added = [(own, name) for own, name in ours if name.strip() not in known]
    for own, name in added:
        print(f"{own:8} us  {name}")
    print(f"{sum(own for own, _ in added):8} us  {len(added)} modules, beside {len(known)} of Python itself")
    broken = sorted({name.strip() for _, name in ours if name.strip().split(".")[0] in UNWANTED})
    for name in broken:
        print(f"a compile imports {name}", file=sys.stderr)
    return 1 if broken else 0


def _imported(command: list[str], environment: dict[str, str]) -> list[tuple[int, str]]:
    """Return (own microseconds, name indented by depth) in the order in which imports ended."""
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        raise SystemExit(f"exit {done.returncode}\n{done.stderr}")
    rows: list[tuple[int, str]] = []
    for line in done.stderr.splitlines():
        head, *columns = line.removeprefix("import time:").split("|")
        if line.startswith("import time:") and head.strip().isdigit():
            rows.append((int(head), columns[1].removeprefix(" ")))
    return rows


if __name__ == "__main__":
    sys.exit(main())
