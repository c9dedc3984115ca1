"""Real engines: what the probe says they can do is what they do, for every kind of cache there is."""

from __future__ import annotations

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

import pytest

from envd_cache.catalog import BACKENDS
from envd_cache.engine.contexts import default_builder, docker_engine, envd_engine
from envd_cache.engine.probe import abilities, buildx_abilities, docker_abilities

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from envd_cache.engine.probe import Abilities
    from tests.engine.conftest import Engines, MakeEnvironment

KINDS = {"new": "docker-containerd", "classic": "docker-classic", "old": "docker-old"}
# Exports that every engine that knows them refuses, so that nothing is written, and `inline`, which it
# cannot refuse.
REFUSED = {
    "registry": "ref=127.0.0.1:1/x,compression=foo",
    "local": "dest=kept,compression=foo",
    "inline": "",
    "gha": "url=http://127.0.0.1:1/,token=none",
    "s3": "bucket=b,region=r,access_key_id=k,secret_access_key=s,upload_parallelism=0",
    "azblob": "",
}


def runner(
    environ: dict[str, str], folder: Path | None = None
) -> Callable[[Sequence[str]], tuple[int, str, str]]:
    def run(words: Sequence[str]) -> tuple[int, str, str]:
        done = subprocess.run(
            ["/usr/bin/env", *words], cwd=folder, env=environ, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout, done.stderr

    return run


def known(found: Abilities | None) -> tuple[Abilities, frozenset[str]]:
    assert found is not None
    assert found.exports is not None
    return found, found.exports


@pytest.mark.parametrize("name", KINDS)
def test_every_way_to_ask_gives_the_same(engines: Engines, environment: MakeEnvironment, name: str) -> None:
    environ = environment(name)
    home = environ["HOME"]
    directly = docker_abilities(engines.hosts[name], environ)
    assert directly.diagnostics == ()
    found, _ = known(directly.value)
    assert found.kind == KINDS[name]
    assert found.engine.startswith("docker 2")
    assert found.engine.endswith(f" at {engines.hosts[name]}")

    run = runner(environ)
    for engine in (docker_engine(environ, home), envd_engine(environ, home)):
        assert engine.value is not None
        assert abilities(engine.value, environ, home, run) == directly
    assert abilities(default_builder(environ, home), environ, home, run) == directly
    for words in (["docker", "buildx"], ["docker-buildx"]):
        by_buildx = buildx_abilities("", run, environ=environ, home=home, words=words)
        assert by_buildx == directly


def test_both_releases_of_buildx_write_what_is_read(environment: MakeEnvironment) -> None:
    for suite in ("trixie", "forky"):
        environ = environment("new", suite=suite)
        run = runner(environ)
        for driver, name in (("remote", "far"), ("docker-container", "own")):
            words = ["docker-buildx", "create", "--name", name, "--driver", driver]
            code, _, errors = run([*words, *(["unix:///nowhere.sock"] if driver == "remote" else [])])
            assert code == 0, errors
        own, exports = known(buildx_abilities("own", run, words=["docker-buildx"]).value)
        assert own.engine == "the builder `own` (docker-container)"
        assert exports == {backend.name for backend in BACKENDS}
        far = buildx_abilities("far", run, words=["docker-buildx"])
        assert [problem.message for problem in far.diagnostics] == [
            "the builder `far` cannot be used: no BuildKit answers at `unix:///nowhere.sock`"
        ]
        nobody = buildx_abilities("nobody", run, words=["docker-buildx"])
        assert [problem.message for problem in nobody.diagnostics] == [
            'the builder `nobody` cannot be used: no builder "nobody" found'
        ]
        elsewhere = {**environ, "DOCKER_HOST": "unix:///nowhere.sock"}
        off = buildx_abilities("", runner(elsewhere), environ=elsewhere, words=["docker-buildx"])
        assert [problem.message for problem in off.diagnostics] == [
            (
                "the builder `default` cannot be used: Cannot connect to the Docker daemon at "
                "unix:///nowhere.sock. Is the docker daemon running?"
            )
        ]


def test_a_context_that_docker_wrote(engines: Engines, environment: MakeEnvironment, tmp_path: Path) -> None:
    environ = environment("new")
    # Not docker's own plugins: only its contexts are of interest.
    environ["DOCKER_CONFIG"] = str(tmp_path / "docker")
    del environ["DOCKER_HOST"]
    run = runner(environ)
    for name in ("classic", "old"):
        words = ["docker", "context", "create", name, "--docker", f"host={engines.hosts[name]}"]
        assert run(words)[0] == 0
    assert run(["docker", "context", "use", "old"])[0] == 0
    current = docker_engine(environ, environ["HOME"]).value
    assert current is not None
    assert (current.address, current.because) == (engines.hosts["old"], "the docker context `old`")
    named = docker_engine(environ, environ["HOME"], context="classic").value
    assert named is not None
    assert named.address == engines.hosts["classic"]
    assert run(["docker-buildx", "inspect"])[1].startswith("Name:   old\n")
    by_buildx = buildx_abilities(
        "classic", run, environ=environ, home=environ["HOME"], words=["docker-buildx"]
    )
    assert known(by_buildx.value)[0].kind == "docker-classic"


class Builder(Protocol):
    """Runs one build for every backend at once, and returns what envd said."""

    def __call__(self, name: str, flag: str) -> dict[str, str]: ...


@pytest.fixture
def build_with_each(environment: MakeEnvironment, base_image: str, tmp_path: Path) -> Builder:
    """Through envd, which hands every entry to the engine; buildx answers for the engine at times."""

    def build(name: str, flag: str) -> dict[str, str]:
        environ = environment(name)

        def one(backend: str) -> str:
            project = tmp_path / backend
            project.mkdir()
            (project / "build.envd").write_text(f'def build():\n    base(image="{base_image}")\n')
            home = tmp_path / f"home-{backend}"
            shutil.copytree(environ["HOME"], home, symlinks=True)
            entry = ",".join(part for part in (f"type={backend}", REFUSED[backend]) if part)
            words = ["envd", "build", "--path", str(project), flag, entry]
            code, output, errors = runner({**environ, "HOME": str(home)}, project)(words)
            return f"{code}\n{output}{errors}".replace("\\", "")

        assert REFUSED.keys() == {backend.name for backend in BACKENDS}
        with ThreadPoolExecutor(max_workers=len(REFUSED)) as pool:
            return dict(zip(REFUSED, pool.map(one, REFUSED), strict=True))

    return build


@pytest.mark.parametrize("name", KINDS)
def test_an_engine_has_the_exports_that_it_is_said_to_have(
    engines: Engines, build_with_each: Builder, name: str
) -> None:
    found, exports = known(docker_abilities(engines.hosts[name], {}).value)
    assert found.kind == KINDS[name]
    for backend, text in build_with_each(name, "--export-cache").items():
        if backend not in exports:
            assert f'unknown cache exporter: "{backend}"' in text, text
        elif backend == "inline":
            assert text.startswith("0\n"), text
        else:
            assert f"failed to configure {backend} cache exporter" in text, text


@pytest.mark.parametrize("name", KINDS)
def test_an_engine_has_the_imports_that_it_is_said_to_have(
    engines: Engines, build_with_each: Builder, name: str
) -> None:
    found, _ = known(docker_abilities(engines.hosts[name], {}).value)
    assert found.imports is not None
    for backend, text in build_with_each(name, "--import-cache").items():
        # A failed import fails no build.
        assert text.startswith("0\n"), text
        assert "importing cache manifest from" in text, text
        assert (f"unknown cache importer: {backend}" in text) == (backend not in found.imports), text


def test_an_old_engine_takes_one_export(
    engines: Engines, environment: MakeEnvironment, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nLABEL a=b\n")
    twice = ["--cache-to", "type=inline", "--cache-to", "type=inline,x=y"]
    for name in ("new", "old"):
        environ = environment(name)
        found, _ = known(docker_abilities(engines.hosts[name], environ).value)
        code, _, errors = runner(environ)(["docker-buildx", "build", *twice, str(tmp_path)])
        if found.max_exports == 1:
            assert code
            assert "specifying multiple cache exports is not supported currently" in errors
        else:
            assert code == 0, errors
