"""What `envd-cache` adds to a real build: `build` beside `envd build`, `exec` beside `docker buildx build`.

Both programs of a pair build the same steps on the same engine with the same caches: ours takes them from
the build file, the other one gets the flags that `envd-cache compile` makes of them, and envd the file that
`envd-cache plain` writes. They run in turn, so that a busy machine slows them alike. In "nothing to do" the
engine has every step and the registry the cache: there is no shorter build, and no larger ratio. In "a step
of N s" each run has a step that nobody has run, which waits for so long. Times are medians; the processor's
are those of the clients, without the engine's. Nothing is asserted about time. It starts an engine, which
needs root.
"""

from __future__ import annotations

import argparse
import sys
from itertools import count
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from engines import Engine, Spent, add_options, engine, run

if TYPE_CHECKING:
    from pathlib import Path

FILES = ("build.envd", "plain/build.envd", "Dockerfile")
ENVD = """\
def build():
    base(image="{base}")
    run(["{step}"])
    cache.registry(ref="{registry}/bench/{name}", {arguments})
"""
DOCKERFILE = "FROM {base}\nRUN {step}\n"
# Where the number of a run is put in: both programs of a pair have to run the step themselves.
NUMBER = "NUMBER"


class Pair(NamedTuple):
    """Two commands that do the same in a folder: the client's own, and ours."""

    title: str
    folder: Path
    theirs: list[str]
    ours: list[str]


class Programs(NamedTuple):
    """Where the programs are."""

    ours: str
    envd: str


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9, help="measured runs of each (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=3, help="of the step that waits (default: 3)")
    add_options(parser)
    options = parser.parse_args()
    programs = Programs(str(options.envd_cache), str(options.envd))
    waiting = f"sleep {options.seconds:g}; echo {NUMBER}"
    with engine(options.engine, options.envd_cache, options.envd) as up:
        projects = {
            "nothing to do": _project(up, "idle", "echo", 'mode="max"'),
            "nothing to do, two keys": _project(up, "keys", "echo", 'key=["branch", "main"], mode="max"'),
            f"a step of {options.seconds:g} s": _project(up, "step", waiting, 'mode="max"'),
        }
        print(f"{'':<44}{'client':>10}{'with ours':>12}{'adds':>10}{'ratio':>7}{'processor':>16}")
        for title, folder in projects.items():
            for pair in (_envd(up, programs, title, folder), _buildx(up, programs, title, folder)):
                _show(pair, *_measure(pair, up, options.runs))
    return 0


def _project(up: Engine, name: str, step: str, arguments: str) -> Path:
    """Return a folder with a build file that declares a cache, and a Dockerfile with the same step."""
    folder = up.folder / name
    (folder / ".git").mkdir(parents=True)
    words = {"base": up.base, "registry": up.registry, "name": name, "step": step, "arguments": arguments}
    (folder / "build.envd").write_text(ENVD.format(**words))
    (folder / "Dockerfile").write_text(DOCKERFILE.format(**words))
    return folder


def _envd(up: Engine, programs: Programs, title: str, folder: Path) -> Pair:
    run([programs.ours, "plain", "--output", "plain"], up.environ, folder)
    flags = _flags(up, programs, folder, "envd")
    words = ["build", "--force", "--tag", f"bench-{folder.name}:envd"]
    return Pair(
        f"envd build, {title}",
        folder,
        [programs.envd, *words, "--from", str(folder / "plain/build.envd"), *flags],
        [programs.ours, *words, "--envd", programs.envd],
    )


def _buildx(up: Engine, programs: Programs, title: str, folder: Path) -> Pair:
    build = ["docker", "buildx", "build"]
    words = ["--tag", f"bench-{folder.name}:buildx", "."]
    flags = _flags(up, programs, folder, "buildx")
    return Pair(
        f"docker buildx build, {title}",
        folder,
        [*build, *flags, *words],
        [programs.ours, "exec", "--", *build, *words],
    )


def _flags(up: Engine, programs: Programs, folder: Path, client: str) -> list[str]:
    """Return the flags for a client. envd gets the first import, the one that is there."""
    output = folder / "flags"
    run([programs.ours, "compile", "--to", client, "--null", "--output", str(output)], up.environ, folder)
    return output.read_text().split("\0")[:-1]


def _measure(pair: Pair, up: Engine, runs: int) -> tuple[list[Spent], list[Spent]]:
    """Return what both took. The first run of each fills the caches and is not counted."""
    theirs: list[Spent] = []
    ours: list[Spent] = []
    number = count()
    texts = {pair.folder / name: (pair.folder / name).read_text() for name in FILES}
    for turn in range(runs + 1):
        for command, spent in ((pair.theirs, theirs), (pair.ours, ours)):
            this = str(next(number))
            for path, text in texts.items():
                path.write_text(text.replace(NUMBER, this))
            took = run(command, up.environ, pair.folder)
            if turn:
                spent.append(took)
    for path, text in texts.items():
        path.write_text(text)
    return theirs, ours


def _show(pair: Pair, theirs: list[Spent], ours: list[Spent]) -> None:
    without, with_ = (median(spent.clock for spent in each) for each in (theirs, ours))
    processor = [median(spent.processor for spent in each) for each in (theirs, ours)]
    print(
        f"{pair.title:<44}{without:>7.0f} ms{with_:>9.0f} ms{with_ - without:>7.0f} ms{with_ / without:>7.2f}"
        f"{processor[0]:>6.0f} to {processor[1]:>3.0f} ms"
    )


if __name__ == "__main__":
    sys.exit(main())
