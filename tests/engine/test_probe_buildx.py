"""What a builder of buildx can do, read from what `docker buildx inspect` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envd_cache.catalog import BACKENDS
from envd_cache.engine.contexts import BUILDKIT, Engine, buildx_engine
from envd_cache.engine.probe import (
    BUILDER_HINT,
    Inspected,
    Node,
    abilities,
    buildx_abilities,
    newer,
    read_inspect,
)
from tests.engine.standin import engine, info

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

# As buildx 0.13.1 and 0.29.1 write it; versions of running nodes put in by hand.
ONE_NODE = """\
Name:          ci
Driver:        docker-container
Last Activity: 2026-11-22 02:45:19 +0000 UTC

Nodes:
Name:                  ci0
Endpoint:              unix:///var/run/docker.sock
Status:                running
BuildKit daemon flags: --allow-insecure-entitlement=network.host
BuildKit version:      v0.20.1
Platforms:             linux/amd64, linux/386
Labels:
 org.mobyproject.buildkit.worker.executor:         oci
 Name:                                             not a node
GC Policy rule#0:
 All:           false
 Keep Duration: 48h0m0s
"""
TWO_NODES = """\
Name:   ci
Driver: kubernetes

Nodes:
Name:             a
Endpoint:         kubernetes:///ci?deployment=a
Status:           running
BuildKit version: v0.20.1
Platforms:        linux/amd64

Name:             b
Endpoint:         kubernetes:///ci?deployment=b
Status:           running
BuildKit version: v0.9.3
Platforms:        linux/arm64
"""
STOPPED = """\
Name:          ci
Driver:        docker-container
Last Activity: 2026-11-22 02:51:14 +0000 UTC

Nodes:
Name:                  ci0
Endpoint:              unix:///var/run/docker.sock
Status:                inactive
BuildKit daemon flags: --allow-insecure-entitlement=network.host
"""
REMOTE = """\
Name:          far
Driver:        remote
Last Activity: 2026-11-22 02:51:14 +0000 UTC

Nodes:
Name:     far0
Endpoint: tcp://me:word@far:1234
Status:   {status}
"""
DOCKER = """\
Name:   {context}
Driver: docker

Nodes:
Name:             {context}
Endpoint:         {context}
Status:           running
BuildKit version: v0.0.0+unknown
"""
NO_DOCKER = """\
Name:          default
Driver:        
Last Activity: 2026-11-22 02:46:11 +0000 UTC
Error:         Cannot connect to the Docker daemon at unix:///nope. Is the docker daemon running?
"""  # noqa: W291 - as it is written
ALL = frozenset(backend.name for backend in BACKENDS)


def saying(
    output: str, code: int = 0, errors: str = "", asked: list[list[str]] | None = None
) -> Callable[[Sequence[str]], tuple[int, str, str]]:
    def run(words: Sequence[str]) -> tuple[int, str, str]:
        if asked is not None:
            asked.append(list(words))
        return code, output, errors

    return run


# ---- reading ----


def test_one_node() -> None:
    assert read_inspect(ONE_NODE) == Inspected(
        "ci",
        "docker-container",
        "",
        (Node("ci0", "unix:///var/run/docker.sock", "running", "v0.20.1"),),
    )


def test_several_nodes() -> None:
    found = read_inspect(TWO_NODES)
    assert [(node.name, node.version) for node in found.nodes] == [("a", "v0.20.1"), ("b", "v0.9.3")]


def test_older_spelling() -> None:
    assert read_inspect(ONE_NODE.replace("BuildKit version:", "Buildkit:")).nodes[0].version == "v0.20.1"


def test_no_engine() -> None:
    found = read_inspect(NO_DOCKER)
    assert (found.name, found.driver, found.nodes) == ("default", "", ())
    assert found.error.startswith("Cannot connect to the Docker daemon at unix:///nope.")


@given(st.lists(st.sampled_from(["Name", "Nodes", "Driver", "Status", ":", " ", "\n", "\r", "x"])))
def test_no_text_is_too_odd(pieces: list[str]) -> None:
    read_inspect("".join(pieces))


# ---- abilities ----


def test_a_buildkit_of_its_own_has_everything() -> None:
    asked: list[list[str]] = []
    found = buildx_abilities("ci", saying(ONE_NODE, asked=asked))
    assert asked == [["docker", "buildx", "inspect", "ci"]]
    assert found.diagnostics == ()
    assert found.value is not None
    assert found.value.engine == "the builder `ci` (docker-container)"
    assert found.value.exports == ALL
    assert found.value.imports == ALL - {"inline"}
    assert (found.value.max_exports, found.value.version) == (0, "v0.20.1")


def test_the_current_builder_and_a_program_of_another_name() -> None:
    asked: list[list[str]] = []
    buildx_abilities("", saying(ONE_NODE, asked=asked), words=["docker-buildx"])
    assert asked == [["docker-buildx", "inspect"]]


def test_the_oldest_node_counts() -> None:
    found = buildx_abilities("ci", saying(TWO_NODES)).value
    assert found is not None
    assert found.version == "v0.9.3"
    assert found.exports == ALL - {"s3", "azblob"}
    assert found.imports == ALL - {"inline", "s3", "azblob"}
    # Several exports: v0.11.0.
    assert found.max_exports == 1


@pytest.mark.parametrize("version", ["v0.0.0+unknown", "v0.8+unknown", "", "5e331ac"])
def test_a_version_that_says_nothing(version: str) -> None:
    found = buildx_abilities("ci", saying(TWO_NODES.replace("v0.9.3", version))).value
    assert found is not None
    assert (found.version, found.exports, found.max_exports) == ("", ALL, 0)


def test_a_builder_that_does_not_run_yet_is_started_by_the_build() -> None:
    found = buildx_abilities("ci", saying(STOPPED))
    assert found.diagnostics == ()
    assert found.value is not None
    assert (found.value.version, found.value.exports) == ("", ALL)


def test_a_remote_builder_that_does_not_answer() -> None:
    found = buildx_abilities("far", saying(REMOTE.format(status="inactive")))
    assert found.value is None
    [problem] = found.diagnostics
    assert (problem.code, problem.severity, problem.hint) == ("EC509", "error", BUILDER_HINT)
    assert problem.message == ("the builder `far` cannot be used: no BuildKit answers at `tcp://me@far:1234`")
    assert buildx_abilities("far", saying(REMOTE.format(status="running"))).value is not None


@pytest.mark.parametrize(
    ("builder", "run", "message"),
    [
        (
            "nono",
            saying("", 1, 'WARNING: x\nERROR: no builder "nono" found\n'),
            'the builder `nono` cannot be used: no builder "nono" found',
        ),
        ("", saying("", 127), "buildx's current builder cannot be used: it gives no reason"),
        ("", saying("nonsense"), "the builder `` cannot be used: buildx does not say what it is"),
        (
            "",
            saying(NO_DOCKER),
            (
                "the builder `default` cannot be used: Cannot connect to the Docker daemon at unix:///nope. "
                "Is the docker daemon running?"
            ),
        ),
    ],
)
def test_a_builder_that_cannot_be_used(
    builder: str, run: Callable[[Sequence[str]], tuple[int, str, str]], message: str
) -> None:
    found = buildx_abilities(builder, run)
    assert found.value is None
    [problem] = found.diagnostics
    assert (problem.code, problem.severity, problem.message) == ("EC509", "error", message)


# ---- the docker driver: docker itself is asked ----


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("s")


def test_the_docker_driver(folder: Path) -> None:
    with engine(info(), folder) as running:
        run = saying(DOCKER.format(context="default"))
        by_environment = buildx_abilities("", run, environ={"DOCKER_HOST": running.address})
        by_option = buildx_abilities("", run, environ={"DOCKER_HOST": "tcp://x"}, host=running.address)
    assert by_environment.value is not None
    assert by_environment.value.kind == "docker-containerd"
    assert by_option == by_environment


def test_the_docker_driver_of_another_context(folder: Path) -> None:
    run = saying(DOCKER.format(context="other"))
    found = buildx_abilities("other", run, environ={}, home=str(folder))
    assert found.value is None
    assert [problem.message for problem in found.diagnostics] == ["docker has no context `other`"]


# ---- which question for which engine ----


def test_each_kind_of_engine_is_asked_in_its_way(folder: Path) -> None:
    run = saying(ONE_NODE)
    with engine(info(), folder) as running:
        docker = abilities(Engine("docker", running.address, ""), {}, "", run)
        own = abilities(Engine(BUILDKIT, running.address, "--addr"), {}, "", run)
    assert docker.value is not None
    assert docker.value.kind == "docker-containerd"
    assert own.value is not None
    assert (own.value.kind, own.value.engine) == ("buildkit", f"BuildKit at {running.address}")
    builder = abilities(buildx_engine({}, "ci"), {}, "", run)
    assert builder.value is not None
    assert builder.value.engine == "the builder `ci` (docker-container)"


@pytest.mark.parametrize("scheme", ["unix", "tcp"])
def test_no_buildkit_is_there(folder: Path, scheme: str) -> None:
    address = f"unix://{folder}/none" if scheme == "unix" else "tcp://127.0.0.1:1"
    reason = "there is no such socket" if scheme == "unix" else "nothing listens there"
    found = abilities(Engine(BUILDKIT, address, "BUILDKIT_HOST"), {}, "", saying(""), timeout=30.0)
    assert found.value is None
    [problem] = found.diagnostics
    assert problem.message == f"BuildKit does not answer at `{address}` (BUILDKIT_HOST): {reason}"
    assert problem.hint == "check that buildkitd runs, and BUILDKIT_HOST"


def test_a_buildkit_that_is_started_by_its_client_is_not_looked_for() -> None:
    found = abilities(Engine(BUILDKIT, "docker-container://envd_buildkitd", "x"), {}, "", saying(""))
    assert found.value is not None
    assert found.diagnostics == ()


@pytest.mark.parametrize(
    ("since", "version", "expected"),
    [
        ("v0.20.0", "v0.13.2", True),
        ("v0.13.0", "v0.13.2", False),
        ("v0.13.0", "v0.13", True),
        ("v0.9.0", "v0.13.0-rc2", False),
        ("v0.20.0", "", False),
        ("", "v0.13.0", False),
    ],
)
def test_newer(since: str, version: str, expected: bool) -> None:
    assert newer(since, version) is expected
