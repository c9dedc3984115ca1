"""Placed commands run by the real clients: compose reads what we meant, and engines do it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envd_cache.catalog.client_flags import COMPOSE
from envd_cache.engine.bakefile import (
    Where,
    print_words,
    printed_targets,
    printed_version,
    version_words,
    with_bake_file,
)
from envd_cache.engine.composefile import Surroundings, config_words, printed_services, with_compose_file
from envd_cache.engine.place import Placed, matched, with_flags
from envd_cache.engine.secret_routes import secret_routes
from tests.emit.workshop import Workshop
from tests.engine.placing import command, plan_of, plugins, run, text_of, write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envd_cache.emit.wire import WirePlan
    from tests.engine.conftest import Engines, MakeEnvironment


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("workshop"))


@pytest.fixture(scope="module")
def compose() -> str:
    return str(plugins("trixie") / "docker-compose")


# ---- compose ----

SERVICES = """
services:
  app: {build: .}
  web: {build: {context: ., cache_to: ["type=registry,ref=own"]}}
  kid: {extends: {service: app}}
  picture: {image: nginx}
  late: {profiles: [p], build: .}
"""


def composed(
    words: Sequence[str], plan: WirePlan, folder: Path, environ: Mapping[str, str] | None = None
) -> dict[str, object]:
    """Return what `config` shows of the services after caches were placed into a build command."""
    environ = environ or {}
    found = command(words, environ)
    done = run(config_words(found), folder, environ)
    services = printed_services(done.stdout, found)
    assert services is not None, done.stderr
    which = matched([plan], [service.name for service in services], "service")
    assert which.diagnostics == ()
    plan = secret_routes(plan, found.client, environ, COMPOSE).value.plan

    around = Surroundings(str(folder), environ, text_of)
    file = str(folder / "private/caches.yaml")
    placed = with_compose_file(found, [(which.value[0][0], plan)], services, file, around).value
    assert isinstance(placed, Placed), placed
    write(placed)
    # Not the build itself but what it would be given, from the same words.
    shown = config_words(command(placed.words, {**environ, **placed.environ}))
    done = run(shown, folder, {**environ, **placed.environ})
    assert done.returncode == 0, done.stderr
    read_back: dict[str, object] = json.loads(done.stdout)
    return read_back


@pytest.mark.parametrize(
    ("line", "service"),
    [
        ("build", "app"),
        ("-f compose.yaml build", "app"),
        ("--file=./compose.yaml --progress plain build app web", "app"),
        ("build -- app", "app"),
        ("build late", "late"),
        ("build web", "web"),
    ],
)
def test_compose_gives_the_caches_to_the_service(
    tmp_path: Path, workshop: Workshop, compose: str, line: str, service: str
) -> None:
    folder = tmp_path / "project/sub"
    folder.mkdir(parents=True)
    (tmp_path / "project/compose.yaml").write_text(SERVICES)
    if "-f" in line or "--file" in line:
        folder = folder.parent
    call = 'cache.gha(url="https://x", scope="$A${A}", token=cache.secret("T"))'
    plan = plan_of(workshop, call, name=service)
    found = composed([compose, *line.split()], plan, folder, {"T": "a-secret,$x"})
    assert found["name"] == "project"
    services = found["services"]
    assert isinstance(services, dict)
    option = 'type=gha,scope=$A${A},url=https://x,"token=a-secret,$x"'
    # `config` writes compose files, in which `$` is doubled.
    option = option.replace("$", "$$")
    build = services[service]["build"]
    own = ["type=registry,ref=own"]
    assert build["cache_from"] == [option]
    assert build["cache_to"] == (own if service == "web" else [option])
    for name, other in services.items():
        if name not in (service, "web"):
            assert "cache_to" not in other.get("build", {})


def test_compose_still_reads_its_settings(tmp_path: Path, workshop: Workshop, compose: str) -> None:
    (tmp_path / "other.yaml").write_text("services: {app: {build: {target: $STAGE}}}\n")
    (tmp_path / "compose.yaml").write_text("services: {wrong: {build: .}}\n")
    (tmp_path / ".env").write_text("COMPOSE_FILE=other.yaml\nSTAGE=final\n")
    plan = plan_of(workshop, 'cache.registry(ref="r", use="import")')
    found = composed([compose, "build"], plan, tmp_path)
    services = found["services"]
    assert isinstance(services, dict)
    assert list(services) == ["app"]
    assert services["app"]["build"]["target"] == "final"
    assert services["app"]["build"]["cache_from"] == ["type=registry,ref=r"]


# ---- builds ----

DOCKERFILE = "FROM scratch\nCOPY Dockerfile /\n"


@pytest.mark.parametrize("suite", ["trixie", "forky"])
@pytest.mark.parametrize(
    "words", [["docker", "buildx", "build"], ["docker", "build"], ["docker-buildx", "b"]]
)
def test_a_token_reaches_the_engine_by_the_environment(
    tmp_path: Path, workshop: Workshop, environment: MakeEnvironment, words: list[str], suite: str
) -> None:
    """The engine complains of the token's form; without one buildx would leave the cache out and succeed."""
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    environ = {**environment("new", suite=suite), "T": "hidden"}
    call = 'cache.gha(url="http://127.0.0.1:1/", token=cache.secret("T"), use="export")'
    routes = secret_routes(plan_of(workshop, call), "buildx", environ)
    placed = with_flags(command([*words, "."]), routes.value.plan).value
    assert "hidden" not in " ".join(placed)
    done = run(placed, tmp_path, {**environ, **routes.value.environ})
    assert "token contains an invalid number of segments" in done.stderr
    assert run(placed, tmp_path, environ).returncode == 0


@pytest.mark.parametrize("suite", ["trixie", "forky"])
def test_bake_writes_a_directory_that_is_not_below(
    tmp_path: Path, workshop: Workshop, environment: MakeEnvironment, suite: str
) -> None:
    folder, cache = tmp_path / "work", tmp_path / "cache"
    folder.mkdir()
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "docker-bake.hcl").write_text('target "default" {}\n')
    environ = environment("new", suite=suite)
    found = command(["docker", "buildx", "bake"])
    version = printed_version(run(version_words(found), folder, environ).stdout)
    where = Where(str(folder), environ, lambda path: (folder / path).exists(), version)
    targets = printed_targets(run(print_words(found), folder, environ).stdout)
    assert targets is not None
    plan = plan_of(workshop, f'cache.local(path="{cache}")')
    file = str(tmp_path / "private/caches.json")
    placed = with_bake_file(found, [("default", plan)], targets, file, where).value
    assert isinstance(placed, Placed)
    write(placed)
    for made in placed.folders:
        Path(made).mkdir()
    done = run(placed.words, folder, environ)
    assert done.returncode == 0, done.stderr
    assert (cache / "index.json").is_file()


def test_compose_writes_the_cache_of_a_service(
    tmp_path: Path, workshop: Workshop, environment: MakeEnvironment, engines: Engines
) -> None:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "compose.yaml").write_text("services: {app: {build: .}, web: {build: .}}\n")
    environ = environment("new")
    found = command(["docker", "compose", "build"])
    done = run(config_words(found), tmp_path, environ)
    services = printed_services(done.stdout, found)
    assert services is not None, done.stderr
    plan = plan_of(workshop, f'cache.registry(ref="{engines.registry}/placed:1", use="export")', name="app")

    around = Surroundings(str(tmp_path), environ, text_of)
    placed = with_compose_file(found, [("app", plan)], services, str(tmp_path / "p/c.yaml"), around).value
    assert isinstance(placed, Placed)
    write(placed)
    done = run(placed.words, tmp_path, {**environ, **placed.environ})
    assert done.returncode == 0, done.stderr
    assert "[app] exporting cache to registry" in done.stderr + done.stdout
    assert "[web] exporting cache" not in done.stderr + done.stdout
