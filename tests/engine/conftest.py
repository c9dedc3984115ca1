"""Real engines for these tests, once for a whole run; without them the tests are skipped with a reason.

The workers of pytest-xdist share few sets of engines, and a test has its set for itself while it runs.
(`--dist loadgroup` would do as well, but pytest-xdist 3.8 does not see the groups under pytest 9.)
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import pytest

from tests.support.engines_command import NO_PACKAGES, NOT_HERE, TOOL
from tests.support.sharing import locked, shared

if TYPE_CHECKING:
    from collections.abc import Iterator

SETS = 2
BASE = "{registry}/base:1"
STAMPED = "FROM {base}\nRUN head -c 16 /dev/urandom | md5sum > /stamp\n"


class S3(NamedTuple):
    """An S3 server that checks signatures, with one empty bucket."""

    url: str
    region: str
    bucket: str
    key: str
    secret: str


class Engines(NamedTuple):
    """What runs. `hosts` has the addresses by name: new, classic, old (see `tests.support.engines`)."""

    folder: Path
    bin: Path
    plugins: dict[str, Path]
    hosts: dict[str, str]
    registry: str
    s3: S3
    rootfs: Path


class MakeEnvironment(Protocol):
    """Makes the environment of a child process that uses an engine."""

    def __call__(self, engine: str, *, suite: str = "trixie") -> dict[str, str]: ...


class Prune(Protocol):
    """Throws away all that an engine keeps of builds, its images included."""

    def __call__(self, engine: str) -> None: ...


def run_tool(*words: str) -> subprocess.CompletedProcess[str]:
    """Run `tests/tools/engines`."""
    return subprocess.run([sys.executable, TOOL, *words], capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the workers meet that share a set of engines."""
    folder, worker = tmp_path_factory.getbasetemp(), os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None:
        return folder / "engines"
    return folder.parent / f"engines-{int(worker.removeprefix('gw')) % SETS}"


@pytest.fixture(scope="session")
def engines(place: Path) -> Iterator[Engines]:
    """Return engines that run."""
    with shared(place, _begin, _end) as text:
        facts = json.loads(text)
        yield Engines(
            folder=Path(facts["folder"]),
            bin=Path(facts["bin"]),
            plugins={suite: Path(path) for suite, path in facts["plugins"].items()},
            hosts=facts["engines"],
            registry=facts["registry"],
            s3=S3(**facts["s3"]),
            rootfs=Path(facts["rootfs"]),
        )


@pytest.fixture(scope="session")
def next_engine(place: Path) -> Iterator[str]:
    """Return the address of an engine from Debian's forky, which few tests need."""
    with shared(place.with_name(f"{place.name}-next"), partial(_up, "next"), _end) as text:
        address: str = json.loads(text)["engines"]["next"]
        yield address


def _begin() -> str:
    text = _up("new,classic,old")
    _push_base_image(json.loads(text))
    return text


def _up(names: str) -> str:
    # Not a folder of pytest: sockets lie in it, whose paths must be short.
    folder = tempfile.mkdtemp(prefix="envd-cache-engines.")
    # The run itself, which outlives its workers.
    owner = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    words = ["--state", folder, "--format", "json", "--owner", str(owner), "--engines", names]
    done = run_tool("up", *words)
    if done.returncode in (NO_PACKAGES, NOT_HERE):
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return json.dumps({**json.loads(done.stdout), "folder": folder})


def _end(text: str) -> None:
    done = run_tool("down", json.loads(text)["folder"])
    assert done.returncode == 0, done.stderr


def _push_base_image(facts: dict[str, Any]) -> None:
    folder = Path(facts["rootfs"]).parent / "base"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    environ = {"PATH": facts["bin"], "HOME": str(folder), "DOCKER_HOST": facts["engines"]["new"]}
    words = ["docker-buildx", "build", "--provenance=false", "--push", "--tag", BASE.format(**facts)]
    run([*words, "--file", str(folder / "Dockerfile"), facts["rootfs"]], environ)


@pytest.fixture(autouse=True)
def alone(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keep the tests of other workers away from a set of engines until this test has ended."""
    if "engines" in request.fixturenames:
        with locked(request.getfixturevalue("place").with_suffix(".turn")):
            yield
    else:
        yield


@pytest.fixture
def base_image(engines: Engines) -> str:
    """Return the name of an image in the registry, with busybox and bash: enough for steps of envd."""
    return BASE.format(registry=engines.registry)


@pytest.fixture
def environment(engines: Engines, tmp_path: Path) -> MakeEnvironment:
    """Return a maker of environments: a home of its own, one engine, no other machine, no credential.

    `suite` says whose docker-buildx is docker's plugin: trixie (0.13) or forky (0.29).
    """

    def make(engine: str, *, suite: str = "trixie") -> dict[str, str]:
        home = tmp_path / f"home-{engine}-{suite}"
        config = home / ".docker"
        if not home.exists():
            config.mkdir(parents=True)
            (config / "cli-plugins").symlink_to(engines.plugins[suite])
            # envd reads the configuration of base images by itself.
            containers = home / ".config/containers"
            containers.mkdir(parents=True)
            text = f'[[registry]]\nlocation = "{engines.registry}"\ninsecure = true\n'
            (containers / "registries.conf").write_text(text)
        path = (str(engines.plugins[suite]), str(engines.bin), str(Path(sys.executable).parent), os.defpath)
        return {
            "PATH": os.pathsep.join(path),
            "HOME": str(home),
            "TMPDIR": str(tmp_path),
            "LC_ALL": "C.UTF-8",
            "DOCKER_HOST": engines.hosts[engine],
            "DOCKER_CONFIG": str(config),
            "ENVD_ANALYTICS": "false",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    return make


@pytest.fixture
def prune(environment: MakeEnvironment) -> Prune:
    def throw_away(engine: str) -> None:
        environ = environment(engine)
        for words in (["buildx", "prune"], ["image", "prune"]):
            run(["docker", *words, "--all", "--force"], environ)

    return throw_away


def run(
    words: list[str], environ: dict[str, str], folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program to its good end, in its own environment and nothing of ours."""
    # By PATH of that environment: Python looks along its own.
    done = subprocess.run(
        ["/usr/bin/env", *words], env=environ, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def build_stamped(words: list[str], environ: dict[str, str], base: str, folder: Path) -> str:
    """Build an image with a random number in it through buildx, and return the number.

    Two builds have the same number when the second took the first one's step from a cache.
    """
    (folder / "context").mkdir(exist_ok=True)
    (folder / "context/Dockerfile").write_text(STAMPED.format(base=base))
    run(["docker", "buildx", "build", *words, "--output", "type=local,dest=out", "context"], environ, folder)
    return (folder / "out/stamp").read_text()
