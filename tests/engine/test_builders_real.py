"""Builds in other surroundings: contexts and builders of docker, contexts of envd, engines out of reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.conftest import STAMPED, run
from tests.engine.running import run_program
from tests.support import control_api
from tests.support.control_api import Recorder

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import Engines, MakeEnvironment
    from tests.engine.running import Ran

BUILD = ("build", "--output", "type=local,dest=out", "context")


class Project:
    """A folder with a build file and a context, and an environment without an engine."""

    def __init__(self, folder: Path, environ: dict[str, str], base: str) -> None:
        self.folder, self.environ, self.base = folder / "app", environ, base
        (self.folder / "context").mkdir(parents=True)
        (self.folder / "context/Dockerfile").write_text(STAMPED.format(base=base))

    def declare(self, *lines: str) -> None:
        text = "".join(f"    {line}\n" for line in (f'base(image="{self.base}")', 'run(["true"])', *lines))
        (self.folder / "build.envd").write_text(f"def build():\n{text}")

    def exec(self, *words: str, **environ: str) -> Ran:
        return run_program(self.folder, {**self.environ, **environ}, ("exec", "--", *words))

    def build(self, **environ: str) -> Ran:
        words = ("build", "--tag", "app:dev", "--force")
        return run_program(self.folder, {**self.environ, **environ}, words)


@pytest.fixture
def project(environment: MakeEnvironment, base_image: str, tmp_path: Path) -> Project:
    environ = environment("new")
    del environ["DOCKER_HOST"]
    return Project(tmp_path, environ, base_image)


# ---- docker's contexts ----


@pytest.fixture
def contexts(project: Project, engines: Engines) -> Project:
    """Return a project with docker's contexts `good`, which exports to registries, and `poor`."""
    for name, engine in (("good", "new"), ("poor", "classic")):
        host = f"host={engines.hosts[engine]}"
        run(["docker", "context", "create", name, "--docker", host], project.environ)
    project.declare(f'cache.registry(ref="{engines.registry}/builders/contexts:1")')
    return project


WAYS = pytest.mark.parametrize(
    ("words", "variable"),
    [
        (("docker", "--context", "{}", "buildx", *BUILD), ""),
        (("docker", "--context={}", *BUILD), ""),
        (("docker", "-c", "{}", *BUILD), ""),
        (("docker", "buildx", *BUILD), "DOCKER_CONTEXT"),
        (("docker", *BUILD), "DOCKER_CONTEXT"),
        (("docker", "buildx", *BUILD), "BUILDX_BUILDER"),
        (("docker", "buildx", "--builder", "{}", *BUILD), "DOCKER_CONTEXT"),
    ],
)


@WAYS
def test_the_engine_of_a_context_is_asked_and_used(
    words: tuple[str, ...], variable: str, contexts: Project, engines: Engines
) -> None:
    def with_context(name: str) -> Ran:
        environ = {variable: name} if variable else {}
        if variable == "BUILDX_BUILDER":
            # A builder of a context can be used in that context only.
            environ["DOCKER_CONTEXT"] = name
        return contexts.exec(*[word.format(name) for word in words], **environ)

    poor = with_context("poor")
    assert (poor.code, poor.codes) == (1, ["error EC501"])
    assert engines.hosts["classic"] in poor.err
    good = with_context("good")
    assert good.code == 0, good.err
    assert [state for _, state in good.exports] == ["written"]
    assert (contexts.folder / "out/stamp").exists()


def test_the_context_that_is_in_use(contexts: Project) -> None:
    for name, code in (("poor", 1), ("good", 0)):
        run(["docker", "context", "use", name], contexts.environ)
        for words in (("docker", "buildx", *BUILD), ("docker", *BUILD)):
            assert contexts.exec(*words).code == code
    # envd reads DOCKER_HOST, and no context of docker's.
    assert contexts.build(DOCKER_HOST="unix:///nowhere/docker.sock").codes == ["error EC509"]


def test_a_context_that_is_not_there(contexts: Project) -> None:
    for words in (("docker", "--context", "none", "buildx", *BUILD), ("docker", "-c", "none", *BUILD)):
        ran = contexts.exec(*words)
        assert (ran.code, ran.codes) == (1, ["error EC509"])
        assert "none" in ran.err


# ---- builders of buildx ----


def create(project: Project, name: str, driver: str, *address: str) -> None:
    words = ["docker", "buildx", "create", "--name", name, "--driver", driver, *address]
    run(words, project.environ)


@pytest.mark.parametrize("way", ["--builder", "BUILDX_BUILDER", "use"])
def test_a_remote_builder_where_nothing_answers(way: str, contexts: Project, engines: Engines) -> None:
    contexts.environ["DOCKER_HOST"] = engines.hosts["new"]
    create(contexts, "far", "remote", "tcp://127.0.0.1:1")
    if way == "use":
        run(["docker", "buildx", "use", "far"], contexts.environ)
    flags = ("--builder", "far") if way == "--builder" else ()
    environ = {"BUILDX_BUILDER": "far"} if way == "BUILDX_BUILDER" else {}
    ran = contexts.exec("docker", "buildx", *BUILD, *flags, **environ)
    assert (ran.code, ran.codes) == (1, ["error EC509"])
    assert "the builder `far` cannot be used: no BuildKit answers at `tcp://127.0.0.1:1`" in ran.err
    # `docker build` does not look at what `docker buildx use` chose.
    assert contexts.exec("docker", *BUILD, *flags, **environ).code == (0 if way == "use" else 1)


def test_a_builder_that_cannot_be_started(contexts: Project, engines: Engines) -> None:
    """Its image would come from another machine."""
    contexts.environ["DOCKER_HOST"] = engines.hosts["new"]
    create(contexts, "own", "docker-container")
    ran = contexts.exec("docker", "buildx", *BUILD, "--builder", "own")
    assert ran.code == 1
    assert "failed to resolve reference" in ran.report["targets"][0]["error"]
    assert [state for _, state in ran.exports] == ["not reached"]


def test_a_builder_that_is_not_there(contexts: Project, engines: Engines) -> None:
    contexts.environ["DOCKER_HOST"] = engines.hosts["new"]
    ran = contexts.exec("docker", "buildx", *BUILD, "--builder", "none")
    assert (ran.code, ran.codes) == (1, ["error EC509"])
    assert 'the builder `none` cannot be used: no builder "none" found' in ran.err


S3 = {"bucket": "b", "region": "r", "endpoint_url": "http://127.0.0.1:1", "use_path_style": "true"}
KEYS = {"access_key_id": "not-a-real-id", "secret_access_key": "not-a-real-key"}
AZBLOB = {"account_url": "http://127.0.0.1:1/a", "account_name": "a", "container": "c"}
GHA = {"scope": "s", "url": "http://127.0.0.1:1/", "token": "not-a-real-token"}


@pytest.mark.parametrize("suite", ["trixie", "forky"])
def test_what_buildx_asks_for_is_what_was_declared(
    suite: str, environment: MakeEnvironment, base_image: str, tmp_path: Path, place: Path
) -> None:
    project = Project(tmp_path, environment("new", suite=suite), base_image)
    project.environ |= {"ID": KEYS["access_key_id"], "KEY": KEYS["secret_access_key"]}
    project.environ |= {"ACTIONS_CACHE_URL": GHA["url"], "ACTIONS_RUNTIME_TOKEN": GHA["token"]}
    keys = 'access_key_id=cache.secret("ID"), secret_access_key=cache.secret("KEY")'
    project.declare(
        f'cache.s3(bucket="b", region="r", endpoint_url="{S3["endpoint_url"]}", use_path_style=True, '
        f'key=["x", "main"], mode="max", {keys})',
        f'cache.azblob(account_url="{AZBLOB["account_url"]}", account_name="a", container="c", '
        'secret_access_key=cache.secret("KEY"))',
        'cache.gha(scope="s")',
    )
    # A short path: it is a socket.
    socket = place.parent / f"{suite}.sock"
    with control_api.BuildxRecorder(socket) as recorder:
        create(project, "recorder", "remote", recorder.address)
        ran = project.exec("docker", "buildx", *BUILD, "--builder", "recorder")
    assert ran.code == 1
    assert control_api.REFUSED in ran.report["targets"][0]["error"]
    assert not any(value in ran.err + str(ran.report) for value in (*KEYS.values(), GHA["token"]))
    # The same key of an export and of an import is told once.
    assert ran.err.count("warning[EC504]") == 1
    (asked,) = recorder.asked
    azblob = ("azblob", {**AZBLOB, "secret_access_key": KEYS["secret_access_key"]})
    assert asked.cache[0] == [("s3", {**S3, **KEYS, "name": "x", "mode": "max"}), azblob, ("gha", GHA)]
    imports = [("s3", {**S3, **KEYS, "name": name}) for name in ("x", "main")]
    assert asked.cache[1] == [*imports, azblob, ("gha", GHA)]


# ---- envd's contexts ----


def use_context(project: Project, builder: str, address: str) -> None:
    words = ["--name", "mine", "--builder", builder, "--builder-address", address, "--use"]
    run(["envd", "context", "create", *words], project.environ)


@pytest.mark.parametrize(
    ("builder", "address", "reason"),
    [
        ("unix", "/nowhere/buildkitd.sock", "there is no such socket"),
        ("tcp", "127.0.0.1:1", "nothing listens there"),
    ],
)
def test_an_envd_context_where_nothing_answers(
    builder: str, address: str, reason: str, project: Project
) -> None:
    use_context(project, builder, address)
    project.declare('cache.registry(ref="127.0.0.1:1/x")')
    ran = project.build()
    assert (ran.code, ran.codes) == (1, ["error EC509"])
    assert (
        f"BuildKit does not answer at `{builder}://{address}` (the envd context `mine`): {reason}" in ran.err
    )
    assert "`envd context use` takes another one" in ran.err


def test_the_engine_of_an_envd_context_is_used(project: Project, engines: Engines, place: Path) -> None:
    # envd talks to docker too, for what it has built.
    project.environ["DOCKER_HOST"] = engines.hosts["new"]
    with Recorder(place.parent / "envd.sock") as recorder:
        use_context(project, "unix", recorder.address.removeprefix("unix://"))
        project.environ |= {"ID": KEYS["access_key_id"], "KEY": KEYS["secret_access_key"]}
        keys = 'access_key_id=cache.secret("ID"), secret_access_key=cache.secret("KEY")'
        project.declare(
            f'cache.s3(bucket="b", region="r", endpoint_url="{S3["endpoint_url"]}", use_path_style=True, '
            f"{keys})"
        )
        ran = project.build()
    assert ran.code == 1
    assert control_api.REFUSED in ran.err
    assert KEYS["secret_access_key"] not in ran.err + str(ran.report)
    exports = [each for asked in recorder.asked for each in asked.cache[0]]
    # envd says the mode in any case.
    assert exports == [("s3", {**S3, **KEYS, "mode": "min"})]
    assert [each for asked in recorder.asked for each in asked.bridged] == [("s3", {**S3, **KEYS})]


def test_an_envd_context_whose_engine_cannot_be_started(project: Project, engines: Engines) -> None:
    """Its image would come from another machine."""
    project.environ["DOCKER_HOST"] = engines.hosts["new"]
    use_context(project, "docker-container", "envd_buildkitd")
    project.declare('cache.registry(ref="127.0.0.1:1/x")')
    ran = project.build()
    assert ran.code == 1
    assert "failed to bootstrap the buildkitd" in ran.report["targets"][0]["error"]
    assert [state for _, state in ran.exports] == ["not reached"]
