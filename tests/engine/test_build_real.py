"""`envd-cache build` and `up` on real engines, with the real envd."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.engine.conftest import run
from tests.engine.running import PACKAGE, run_program, words_of
from tests.support.gha_service import GhaService

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import Engines, MakeEnvironment, Prune
    from tests.engine.running import Ran

STEP = 'run(["head -c 16 /dev/urandom | md5sum > /stamp"])'


class Project:
    """A folder with a build file for envd, and an engine to build it."""

    def __init__(self, folder: Path, environ: dict[str, str], base: str) -> None:
        self.folder, self.environ, self.base = folder / "app", environ, base
        self.folder.mkdir()
        self.tag = f"app-{os.getpid()}:dev"

    def declare(self, *lines: str, step: str = STEP) -> None:
        text = "".join(f"    {line}\n" for line in (f'base(image="{self.base}")', step, *lines))
        (self.folder / "build.envd").write_text(f"def build():\n{text}")

    def run(self, *words: str) -> Ran:
        return run_program(self.folder, self.environ, ("build", "--tag", self.tag, "--force", *words))

    @property
    def stamp(self) -> str:
        """The random number in the image: it says which run of the step the image has."""
        words = ["docker", "run", "--rm", "--network", "none", "--entrypoint", "cat", self.tag, "/stamp"]
        return run(words, self.environ).stdout


@pytest.fixture
def project(environment: MakeEnvironment, base_image: str, tmp_path: Path) -> Project:
    return Project(tmp_path, environment("new"), base_image)


def comes_back(project: Project, prune: Prune, source: str) -> None:
    """Build, throw all away, build again, and check that the second build took the first one's step."""
    prune("new")
    first = project.run()
    assert first.code == 0, first.err
    assert [state for _, state in first.exports] == ["written"]
    assert first.steps["run"] == 1
    stamp = project.stamp
    prune("new")
    second = project.run()
    assert second.code == 0, second.err
    assert {source: "found"}.items() <= dict(second.imports).items() or (source, "read") in second.imports
    assert (second.steps["cached"], second.steps["run"]) == (1, 0)
    assert project.stamp == stamp


def test_registry(project: Project, engines: Engines, prune: Prune) -> None:
    ref = f"{engines.registry}/build/registry:c"
    project.declare(f'cache.registry(ref="{ref}", mode="max")')
    comes_back(project, prune, ref)


def test_local_with_the_digest_that_envd_needs(project: Project, prune: Prune) -> None:
    project.declare('cache.local(path="kept", mode="max")')
    comes_back(project, prune, "kept")


def test_gha_with_what_envd_does_not_read(project: Project, prune: Prune) -> None:
    with GhaService() as service:
        project.environ |= {"ACTIONS_CACHE_URL": service.url, "ACTIONS_RUNTIME_TOKEN": service.token}
        project.declare('cache.gha(scope="app", mode="max")')
        comes_back(project, prune, "app")
        ran = project.run()
        # envd takes it on its command line only, and that is said.
        assert "warning EC504" in ran.codes
        assert service.token not in ran.out + ran.err + str(ran.report)


def test_inline(project: Project, engines: Engines, prune: Prune) -> None:
    project.tag = f"{engines.registry}/build/inline:1"
    project.declare(f'cache.inline(ref="{project.tag}")')
    prune("new")
    first = project.run()
    assert first.code == 0, first.err
    stamp = project.stamp
    run(["docker", "push", project.tag], project.environ)
    prune("new")
    second = project.run()
    assert second.code == 0, second.err
    assert second.steps["cached"] == 1
    assert project.stamp == stamp


def test_the_first_build_of_a_branch_reads_the_cache_of_main(
    project: Project, engines: Engines, prune: Prune
) -> None:
    """envd takes one import: of several, the first that is there."""
    ref = f"{engines.registry}/build/branches"
    project.declare(f'cache.registry(ref="{ref}", key=[cache.branch(), "main"], insecure=True)')
    prune("new")
    assert project.run("--fact", "branch=main").exports == [(f"{ref}:main", "written")]
    stamp = project.stamp
    prune("new")
    on_branch = project.run("--fact", "branch=feature/x", "--strict")
    assert on_branch.code == 0, on_branch.err
    assert on_branch.imports == [(f"{ref}:main", "found")]
    assert on_branch.exports == [(f"{ref}:feature-x", "written")]
    assert project.stamp == stamp
    assert project.run("--fact", "branch=feature/x").imports == [(f"{ref}:feature-x", "found")]


def test_a_second_export_is_left_out_and_said(project: Project, engines: Engines) -> None:
    ref = f"{engines.registry}/build/second"
    project.declare(f'cache.registry(ref="{ref}:one")', f'cache.registry(ref="{ref}:two", use="export")')
    ran = project.run()
    assert ran.code == 0, ran.err
    assert "warning EC401" in ran.codes
    assert ran.exports == [(f"{ref}:one", "written")]
    assert project.run("--strict").code == 1


def test_up_builds_with_the_caches_first(project: Project, engines: Engines) -> None:
    ref = f"{engines.registry}/build/up:c"
    project.declare(f'cache.registry(ref="{ref}")')
    words = ("up", "--tag", project.tag, "--detach", "--timeout", "1s")
    ran = run_program(project.folder, project.environ, words)
    assert ran.exports == [(ref, "written")]
    # The image has no SSH server, so envd waits in vain; what matters is that it came so far.
    assert "envd-cache" not in ran.err.partition("1 step")[2]


# ---- what goes wrong ----


@pytest.mark.parametrize("engine", ["classic", "old"])
def test_an_export_that_the_engine_lacks_is_told_before_the_build(
    engine: str, project: Project, engines: Engines
) -> None:
    project.environ["DOCKER_HOST"] = engines.hosts[engine]
    project.declare(f'cache.registry(ref="{engines.registry}/build/none")')
    ran = project.run()
    assert ran.code == 1
    assert "error EC501" in ran.codes
    assert "#1" not in ran.err


def test_a_service_that_nobody_knows_is_told(project: Project) -> None:
    """envd would refuse such an export and does not get it: no build without its cache must come of that."""
    project.declare('cache.gha(scope="x")')
    ran = project.run()
    assert (ran.code, ran.codes) == (1, ["error EC511", "warning EC511"])
    assert "#1" not in ran.err
    # Another export takes its place.
    project.declare('cache.gha(scope="x", use="export")', "cache.inline()")
    ran = project.run()
    assert (ran.code, ran.codes) == (0, ["warning EC511"]), ran.err
    assert [state for _, state in ran.exports] == ["written"]


def test_inline_on_the_old_engine(project: Project, engines: Engines) -> None:
    project.environ["DOCKER_HOST"] = engines.hosts["old"]
    project.declare("cache.inline()")
    ran = project.run()
    assert ran.code == 0, ran.err
    assert [state for _, state in ran.exports] == ["written"]


def test_what_envd_says_names_the_users_file(project: Project) -> None:
    project.declare("cache.none()", step='run(["echo seen && exit 3"])')
    ran = project.run()
    assert ran.code == 1
    assert "seen" in ran.err
    assert str(project.folder.parent / "envd-cache-") not in ran.err


def test_an_engine_that_is_not_there(project: Project) -> None:
    project.environ["DOCKER_HOST"] = "unix:///nowhere/docker.sock"
    project.declare('cache.registry(ref="127.0.0.1:1/c")')
    ran = project.run()
    assert ran.code == 1
    assert ran.codes == ["error EC509"]


def test_no_envd(project: Project) -> None:
    project.declare()
    ran = project.run("--envd", "no-such-envd")
    assert (ran.code, ran.out) == (2, "")
    assert "there is no `no-such-envd` to run" in ran.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_envd_and_leaves_nothing(number: int, project: Project, tmp_path: Path) -> None:
    # A time of its own: other tests can have steps that sleep.
    sleep = f"sleep 600.{os.getpid()}"
    project.declare("cache.none()", step=f'run(["echo begun; {sleep}"])')
    before = {path.name for path in tmp_path.iterdir()}
    words = words_of(project.folder, "build", "--tag", project.tag, "--force")
    with subprocess.Popen(
        words,
        cwd=project.folder,
        env={**project.environ, "PYTHONPATH": str(PACKAGE)},
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as started:
        assert started.stderr is not None
        for line in started.stderr:
            if b"begun" in line and b"sleep" not in line:
                break
        started.send_signal(number)
        started.stderr.read()
        assert started.wait(60) != 0
    assert {path.name for path in tmp_path.iterdir()} == before
    deadline = time.monotonic() + 20
    while _runs(sleep) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _runs(sleep)


def _runs(command: str) -> bool:
    done = subprocess.run(["ps", "ax", "-o", "args"], capture_output=True, text=True, check=False)
    return command in done.stdout.splitlines()
