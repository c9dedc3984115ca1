"""`envd-cache exec` on real engines: a cache goes out, everything is thrown away, and it comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.conftest import STAMPED
from tests.engine.running import run_program
from tests.support.gha_service import GhaService

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import Engines, MakeEnvironment, Prune
    from tests.engine.running import Ran

BUILD = ("exec", "--", "docker", "buildx", "build", "--output", "type=local,dest=out", "context")


class Project:
    """A folder with a build file, a context of two stages, and an engine to build it."""

    def __init__(self, folder: Path, environ: dict[str, str], base: str) -> None:
        self.folder, self.environ = folder, environ
        (folder / "context").mkdir()
        (folder / "context/Dockerfile").write_text(STAMPED.format(base=base))

    def declare(self, *lines: str) -> None:
        text = "".join(f"    {line}\n" for line in lines)
        (self.folder / "build.envd").write_text(f"def build():\n    base()\n{text}")

    def run(self, *words: str) -> Ran:
        return run_program(self.folder, self.environ, words or BUILD)

    @property
    def stamp(self) -> str:
        return (self.folder / "out/stamp").read_text()


@pytest.fixture
def project(environment: MakeEnvironment, base_image: str, tmp_path: Path) -> Project:
    return Project(tmp_path, environment("new"), base_image)


def comes_back(project: Project, prune: Prune, source: str) -> Ran:
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
    assert (source, "found") in second.imports or (source, "read") in second.imports
    assert (second.steps["cached"], second.steps["run"]) == (1, 0)
    assert project.stamp == stamp
    prune("new")
    project.declare()
    without = project.run()
    assert without.code == 0, without.err
    assert project.stamp != stamp
    return second


def test_registry(project: Project, engines: Engines, prune: Prune) -> None:
    ref = f"{engines.registry}/exec/registry"
    project.declare(f'cache.registry(ref="{ref}:c", mode="max")')
    second = comes_back(project, prune, f"{ref}:c")
    written = second.report["targets"][0]["exports"][0]
    assert written["bytes"] > 100
    assert written["digest"].startswith("sha256:")


def test_local(project: Project, prune: Prune) -> None:
    project.declare('cache.local(path="kept", mode="max")')
    comes_back(project, prune, "kept")


def test_inline(project: Project, engines: Engines, prune: Prune) -> None:
    tag = f"{engines.registry}/exec/inline:1"
    project.declare(f'cache.inline(ref="{tag}")')
    words = ("exec", "--", "docker", "buildx", "build", "--tag", tag, "--push", "context")
    prune("new")
    first = project.run(*words)
    assert first.code == 0, first.err
    assert first.steps["run"] == 1
    prune("new")
    second = project.run(*words)
    assert second.code == 0, second.err
    assert second.steps["cached"] == 1
    assert (tag, "found") in second.imports


def test_gha(project: Project, prune: Prune) -> None:
    with GhaService() as service:
        # Where GitHub's runner has them: in the environment, and nowhere else.
        project.environ |= {"ACTIONS_CACHE_URL": service.url, "ACTIONS_RUNTIME_TOKEN": service.token}
        project.declare('cache.gha(scope="app", mode="max")')
        second = comes_back(project, prune, "app")
        assert service.token not in second.out + second.err + str(second.report)


def test_the_first_build_of_a_branch_reads_the_cache_of_main(
    project: Project, engines: Engines, prune: Prune
) -> None:
    ref = f"{engines.registry}/exec/branches"
    project.declare(f'cache.registry(ref="{ref}", key=[cache.branch(), "main"])')
    on_main = project.run("exec", "--fact", "branch=main", *BUILD[1:])
    assert on_main.exports == [(f"{ref}:main", "written")]
    stamp = project.stamp
    prune("new")
    on_branch = project.run("exec", "--fact", "branch=feature/x", *BUILD[1:])
    assert on_branch.imports == [(f"{ref}:feature-x", "missing"), (f"{ref}:main", "found")]
    assert on_branch.exports == [(f"{ref}:feature-x", "written")]
    assert on_branch.code == 0
    assert project.stamp == stamp
    # A cache that is not there yet is no finding, not even a strict one.
    prune("new")
    strict = project.run("exec", "--strict", "--fact", "branch=other", *BUILD[1:])
    assert (strict.code, "note EC505" in strict.codes) == (0, True)


@pytest.mark.parametrize(("mode", "kept"), [("max", True), ("min", False)])
def test_mode(mode: str, kept: bool, project: Project, engines: Engines, prune: Prune) -> None:
    dockerfile = project.folder / "context/Dockerfile"
    first, stage = dockerfile.read_text().replace("\n", " AS first\n", 1), "FROM scratch\n"
    dockerfile.write_text(f"{first}{stage}COPY --from=first /bin/busybox /\n")
    project.declare(f'cache.registry(ref="{engines.registry}/exec/mode:{mode}", mode="{mode}")')
    prune("new")
    assert project.run().code == 0
    prune("new")
    # The step is in no layer of what was built, so only `max` has kept it.
    ran = project.run(*BUILD[:-1], "--target", "first", "context")
    assert ran.code == 0, ran.err
    assert ran.steps["cached"] == int(kept)


def test_bake_sends_several_targets_in_one_go(project: Project, engines: Engines, prune: Prune) -> None:
    ref = f"{engines.registry}/exec/bake"
    (project.folder / "build.envd").write_text(
        f'def one():\n    base()\n    cache.registry(ref="{ref}:one")\n\n'
        f'def two():\n    base()\n    cache.registry(ref="{ref}:two")\n'
    )
    (project.folder / "docker-bake.hcl").write_text(
        'group "default" {\n  targets = ["one", "two"]\n}\n'
        'target "one" {\n  context = "context"\n  output = ["type=local,dest=out"]\n}\n'
        'target "two" {\n  context = "context"\n  args = { X = "2" }\n}\n'
    )
    words = ("exec", "--all", "--", "docker", "buildx", "bake")
    first = project.run(*words)
    assert first.code == 0, first.err
    assert first.exports == [(f"{ref}:one", "written"), (f"{ref}:two", "written")]
    # The steps of both are counted together.
    assert first.err.count(" cached, ") == 1
    stamp = project.stamp
    prune("new")
    second = project.run(*words)
    assert second.imports == [(f"{ref}:one", "found"), (f"{ref}:two", "found")]
    assert project.stamp == stamp
    # One of them can be built alone.
    alone = project.run(*words, "one")
    assert alone.code == 0, alone.err
    assert (alone.codes, alone.imports) == (["warning EC510"], [(f"{ref}:one", "found")])


def test_compose(project: Project, engines: Engines, prune: Prune) -> None:
    ref = f"{engines.registry}/exec/compose:c"
    project.declare(f'cache.registry(ref="{ref}", mode="max")')
    (project.folder / "compose.yaml").write_text(
        "services:\n  app:\n    image: app\n    build: {context: context}\n"
    )
    words = ("exec", "--", "docker", "compose", "build")
    first = project.run(*words)
    assert first.code == 0, first.err
    prune("new")
    second = project.run(*words)
    assert second.code == 0, second.err
    assert second.imports == [(ref, "found")]
    assert second.steps["cached"] == 1


def test_docker_build(project: Project, engines: Engines, prune: Prune) -> None:
    ref = f"{engines.registry}/exec/docker-build:c"
    project.declare(f'cache.registry(ref="{ref}", mode="max")')
    words = ("exec", "--", "docker", "build", "--tag", "app", "context")
    assert project.run(*words).exports == [(ref, "written")]
    prune("new")
    assert project.run(*words).steps["cached"] == 1


# ---- what stands in the way ----


@pytest.mark.parametrize("engine", ["classic", "old"])
def test_an_export_that_the_engine_lacks_is_told_before_the_build(
    engine: str, project: Project, engines: Engines
) -> None:
    project.environ["DOCKER_HOST"] = engines.hosts[engine]
    project.declare(f'cache.registry(ref="{engines.registry}/exec/none", mode="max")')
    ran = project.run()
    assert ran.code == 1
    assert "error EC501" in ran.codes
    assert not (project.folder / "out").exists()


def test_an_import_that_the_engine_lacks_is_a_warning(project: Project, engines: Engines) -> None:
    project.environ["DOCKER_HOST"] = engines.hosts["classic"]
    project.declare('cache.gha(scope="x", url="http://127.0.0.1:1/", token=cache.secret("T"), use="import")')
    project.environ["T"] = "not-a-real-token"
    ran = project.run()
    assert ran.code == 0, ran.err
    assert "warning EC502" in ran.codes
    assert "not-a-real-token" not in ran.err + str(ran.report)


def test_a_service_that_nobody_knows_is_told(project: Project) -> None:
    project.declare('cache.gha(scope="x")')
    ran = project.run()
    assert ran.code == 1
    assert ran.codes.count("error EC511") == 1
    assert "EC403" not in ran.err


def test_own_flags_win(project: Project, engines: Engines) -> None:
    ref = f"{engines.registry}/exec/own"
    project.declare(f'cache.registry(ref="{ref}:declared")')
    ran = project.run(*BUILD[:-1], "--cache-to", f"type=registry,ref={ref}:own", "context")
    assert ran.code == 0, ran.err
    assert "warning EC503" in ran.codes
    assert ran.imports == [(f"{ref}:declared", "missing")]


def test_a_dry_run_prints_the_command_without_a_secret(project: Project) -> None:
    project.environ |= {"KEY": "not-a-real-key", "ID": "not-a-real-id"}
    keys = 'access_key_id=cache.secret("ID"), secret_access_key=cache.secret("KEY")'
    project.declare(f'cache.s3(bucket="b", region="r", {keys})')
    words = ("exec", "--dry-run", "--no-preflight", *BUILD[1:])
    ran = project.run(*words)
    assert ran.code == 0, ran.err
    assert "--cache-to type=s3,bucket=b,region=r" in ran.out
    assert "not-a-real" not in ran.out + ran.err
    assert not (project.folder / "out").exists()


def test_the_clients_own_exit_code_and_log_are_kept(project: Project, base_image: str) -> None:
    project.declare()
    (project.folder / "context/Dockerfile").write_text(f"FROM {base_image}\nRUN echo seen && exit 7\n")
    plain = run_program(project.folder, project.environ, BUILD)
    assert plain.code == 1
    assert "seen" in plain.err
    assert "exit code: 7" in plain.err


def test_json_goes_to_standard_output(project: Project) -> None:
    project.declare()
    ran = project.run("exec", "--format", "json", *BUILD[1:])
    assert ran.out == (project.folder / "report.json").read_text()


def test_nothing_is_left_behind(project: Project, environment: MakeEnvironment, tmp_path: Path) -> None:
    del environment
    project.declare()
    (project.folder / "docker-bake.hcl").write_text('target "build" {\n  context = "context"\n}\n')
    before = {path.name for path in tmp_path.iterdir()}
    assert project.run("exec", "--", "docker", "buildx", "bake", "build").code == 0
    assert {path.name for path in tmp_path.iterdir()} - before == {"report.json"}


def test_a_command_without_caches_is_run_as_it_is(project: Project) -> None:
    project.declare("cache.none()")
    ran = project.run("exec", "--dry-run", *BUILD[1:])
    assert ran.out == "docker buildx build --progress rawjson --output type=local,dest=out context\n"
