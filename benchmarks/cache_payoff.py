"""What an imported cache saves: a first build beside one on an engine that has nothing but the import.

The build has a step that computes for about three seconds and one that writes some megabytes. For each kind
of cache it is built with `envd-cache exec -- docker buildx build` and `envd-cache build`, both times on an
engine from which all was thrown away: first without the cache ("cold", which also writes it), then with it
("imported"). An imported build in which a step ran ends the benchmark. The registry, the directory and the
service are on this machine: a network makes the import slower, and so does a larger cache. Times are medians
of whole runs. Nothing is asserted about time. It starts an engine, which needs root.
"""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from engines import Engine, add_options, engine, prune, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# The same program in both: the steps of envd have another shell. `_speed` finds how fast it is here.
COMPUTE = "head -c {bytes} /dev/zero | sha256sum > /result"
WRITE = "head -c {bytes} /dev/urandom > /data"
ENVD = """\
def build():
    base(image="{base}")
    run(["{compute}"])
    run(["{write}"])
    cache.{cache}
"""
DOCKERFILE = "FROM {base}\nRUN {compute}\nRUN {write}\n"
STEPS = 2
# Bytes for a trial of the speed.
TRIAL = 256 * 1024 * 1024


class Client(NamedTuple):
    """A way to build: its title, and the words of `envd-cache` for an image of this name."""

    title: str
    words: Sequence[str]


class Cache(NamedTuple):
    """A kind of cache: what is declared, and whether it lies in the image, which has to be pushed."""

    title: str
    declared: str
    in_image: bool = False


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="measured runs of each (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=3, help="that the first step computes (default: 3)")
    parser.add_argument("--megabytes", type=int, default=8, help="that the second one writes (default: 8)")
    add_options(parser)
    options = parser.parse_args()
    ours = str(options.envd_cache)
    with engine(options.engine, options.envd_cache, options.envd) as made, ExitStack() as stack:
        from tests.support.gha_service import GhaService  # noqa: PLC0415 - found by `engines`

        service = stack.enter_context(GhaService())
        environ = {**made.environ, "ACTIONS_CACHE_URL": service.url, "ACTIONS_RUNTIME_TOKEN": service.token}
        up = made._replace(environ=environ)
        steps = {
            "compute": COMPUTE.format(bytes=int(options.seconds * _speed(up))),
            "write": WRITE.format(bytes=options.megabytes * 1024 * 1024),
        }
        print(f"{'':<34}{'cold':>10}{'imported':>12}{'factor':>9}")
        for client in _clients(ours, str(options.envd)):
            for cache in _caches(up, client):
                times = [_measure(up, client, cache, steps, f"run{n}") for n in range(options.runs)]
                cold, imported = (median(each) for each in zip(*times, strict=True))
                title = f"{client.title}, {cache.title}"
                print(f"{title:<34}{cold:>8.2f} s{imported:>10.2f} s{cold / imported:>9.1f}")
    return 0


def _clients(ours: str, envd: str) -> tuple[Client, ...]:
    exec_ = [
        ours,
        "exec",
        "--report",
        "report.json",
        "--",
        "docker",
        "buildx",
        "build",
        "--tag",
        "{tag}",
        ".",
    ]
    build = [ours, "build", "--report", "report.json", "--envd", envd, "--force", "--tag", "{tag}"]
    return Client("docker buildx", exec_), Client("envd", build)


def _caches(up: Engine, client: Client) -> tuple[Cache, ...]:
    ref = f"{up.registry}/payoff/{client.title.replace(' ', '-')}"
    return (
        Cache("registry", f'registry(ref="{ref}:{{name}}", mode="max")'),
        Cache("local", 'local(path="kept", mode="max")'),
        Cache("inline", f'inline(ref="{ref}-image:{{name}}")', in_image=True),
        Cache("gha", f'gha(scope="{client.title}-{{name}}", mode="max")'),
    )


def _speed(up: Engine) -> float:
    """Return how many bytes the first step takes in a second here."""
    folder = up.folder / "trial"
    folder.mkdir()
    times = []
    for size in (1, TRIAL):
        text = f"FROM {up.base}\nRUN {COMPUTE.format(bytes=size)}\n"
        (folder / "Dockerfile").write_text(text)
        times.append(run(["docker", "buildx", "build", "--no-cache", "."], up.environ, folder).clock / 1000)
    return TRIAL / max(times[1] - times[0], 0.01)


def _measure(
    up: Engine, client: Client, cache: Cache, steps: dict[str, str], name: str
) -> tuple[float, float]:
    """Return the seconds of a cold build and of one that imports what the first one wrote."""
    folder = up.folder / f"{client.title}-{cache.title}-{name}".replace(" ", "-")
    (folder / ".git").mkdir(parents=True)
    words = {"base": up.base, "cache": cache.declared.format(name=name), **steps}
    (folder / "build.envd").write_text(ENVD.format(**words))
    (folder / "Dockerfile").write_text(DOCKERFILE.format(**words))
    # Nothing but what the steps need: else a written cache would be part of the next context.
    (folder / ".dockerignore").write_text("*\n")
    tag = f"{up.registry}/payoff/{client.title.replace(' ', '-')}-image:{name}"
    command = [word.format(tag=tag) for word in client.words]
    prune(up.environ)
    cold = run(command, up.environ, folder).clock / 1000
    if _ran(folder) != STEPS:
        raise SystemExit(f"{client.title}, {cache.title}: the first build did not run all steps")
    if cache.in_image:
        run(["docker", "push", tag], up.environ)
    prune(up.environ)
    imported = run(command, up.environ, folder).clock / 1000
    if ran := _ran(folder):
        raise SystemExit(f"{client.title}, {cache.title}: {ran} steps ran in spite of the import")
    return cold, imported


def _ran(folder: Path) -> int:
    """Return how many steps the last build ran, as its report says."""
    ran: int = json.loads((folder / "report.json").read_text())["targets"][0]["steps"]["run"]
    return ran


if __name__ == "__main__":
    sys.exit(main())
