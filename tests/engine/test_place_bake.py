"""Caches for bake: the definition file and the words that carry it, and who gets what."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from envd_cache.emit.wire import WirePlan, wire
from envd_cache.engine.bakefile import (
    BakeTarget,
    Where,
    print_words,
    printed_targets,
    printed_version,
    version_words,
    with_bake_file,
)
from envd_cache.engine.place import Command, Placed, read_command
from envd_cache.engine.secret_routes import secret_routes
from tests.emit.workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = "/tmp/private/caches"
SECRET = 'cache.gha(url="https://x", scope="${S}", token=cache.secret("T"))'


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("workshop"))


def plan_of(workshop: Workshop, *calls: str) -> WirePlan:
    lines = "".join(f"    {call}\n" for call in calls)
    return wire(workshop.plan_of(f"def build():\n    base()\n{lines}"))


def command(line: str) -> Command:
    found = read_command(line.split(), {})
    assert isinstance(found, Command), found
    return found


PRINTED_0_13 = {"target": {"app": {"cache-from": ["type=registry,ref=a"]}, "web": {"context": "."}}}
PRINTED_0_29 = {
    "group": {"default": {"targets": ["app"]}},
    "target": {
        "app": {"cache-from": [{"ref": "a", "type": "registry"}]},
        "web": {"cache-to": [{"dest": "a,b", "type": "local"}]},
    },
}


def test_the_targets_that_bake_prints_are_read() -> None:
    app = BakeTarget("app", imports=("type=registry,ref=a",))
    assert printed_targets(json.dumps(PRINTED_0_13)) == (app, BakeTarget("web"))
    web = BakeTarget("web", exports=('type=local,"dest=a,b"',))
    assert printed_targets(json.dumps(PRINTED_0_29)) == (app, web)


@pytest.mark.parametrize("text", ["", "ERROR", "[]", "{}", '{"target": []}', '{"target": {"a": 1}}', "null"])
def test_what_is_no_print_is_none(text: str) -> None:
    assert printed_targets(text) is None


def test_the_command_that_prints() -> None:
    line = "docker --context c buildx bake --print -f a app"
    assert print_words(command(line.replace("--print ", ""))) == tuple(line.split())


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("github.com/docker/buildx v0.29.1 a32761aeb3debd39be1eca514af3693af0db334b\n", (0, 29, 1)),
        ("github.com/docker/buildx 0.13.1+ds1 0.13.1+ds1-3\n", (0, 13, 1)),
        ("github.com/docker/buildx v0.20.0-rc2-3-g1 x", (0, 20, 0)),
        ("github.com/docker/buildx devel x", ()),
        ("docker", ()),
        ("", ()),
    ],
)
def test_the_version_is_read(text: str, version: tuple[int, ...]) -> None:
    assert printed_version(text) == version


def test_the_command_that_prints_the_version() -> None:
    words = version_words(command("docker --context c buildx bake app"))
    assert " ".join(words) == "docker --context c buildx version"


def here(
    *files: str, environ: Mapping[str, str] | None = None, version: tuple[int, ...] = (0, 29, 1)
) -> Where:
    return Where("/project", environ or {}, lambda path: path in files, version)


def bake(plan: WirePlan, line: str, where: Where, *others: BakeTarget) -> Placed:
    target = BakeTarget("app")
    found = with_bake_file(command(line), [("app", plan)], [target, *others], FILE, where)
    assert found.diagnostics == ()
    assert isinstance(found.value, Placed), found.value
    return found.value


@pytest.mark.parametrize(
    ("line", "where", "placed"),
    [
        ("bake", here("docker-bake.hcl"), f"bake -f docker-bake.hcl -f {FILE}"),
        (
            "bake app",
            here("docker-bake.override.hcl", "docker-bake.json", "compose.yaml"),
            f"bake -f compose.yaml -f docker-bake.json -f docker-bake.override.hcl -f {FILE} app",
        ),
        (
            "bake",
            here("docker-bake.hcl", "docker-bake.override.json"),
            f"bake -f docker-bake.hcl -f docker-bake.override.json -f {FILE}",
        ),
        (
            "bake",
            here("docker-bake.hcl", "docker-bake.override.json", "docker-bake.json", version=(0, 13, 1)),
            f"bake -f docker-bake.json -f docker-bake.override.json -f docker-bake.hcl -f {FILE}",
        ),
        ("bake -f a.hcl", here("docker-bake.hcl"), f"bake -f a.hcl -f {FILE}"),
        ("bake app --file=a -f b --pull", here(), f"bake app --file=a -f b -f {FILE} --pull"),
        ("bake -f -", here(), f"bake -f - -f {FILE}"),
        (
            "bake",
            here("docker-bake.hcl", environ={"BUILDX_BAKE_FILE": "a.hcl: b.hcl:"}),
            f"bake -f a.hcl -f b.hcl -f {FILE}",
        ),
        (
            "bake",
            here(environ={"BUILDX_BAKE_FILE": "a:b;c", "BUILDX_BAKE_PATH_SEPARATOR": ";"}),
            f"bake -f a:b -f c -f {FILE}",
        ),
        ("bake -f c", here(environ={"BUILDX_BAKE_FILE": "a"}), f"bake -f c -f {FILE}"),
        ("bake https://x.org/y app", here("docker-bake.hcl"), f"bake -f cwd://{FILE} https://x.org/y app"),
        ("bake git@x.org:y -f a", here("docker-bake.hcl"), f"bake git@x.org:y -f a -f cwd://{FILE}"),
    ],
)
def test_the_file_is_the_last_of_all(workshop: Workshop, line: str, where: Where, placed: str) -> None:
    found = bake(plan_of(workshop, 'cache.registry(ref="r")'), f"docker buildx {line}", where)
    assert " ".join(found.words) == f"docker buildx {placed}"


def test_the_bake_file(workshop: Workshop) -> None:
    plan = plan_of(workshop, 'cache.registry(ref="r", mode="max")', 'cache.s3(bucket="${B}", region="r")')
    found = bake(plan, "docker buildx bake -f a", here())
    (file,) = found.files
    assert file.path == FILE
    assert json.loads(file.content) == {
        "target": {
            "app": {
                "cache-from": ["type=registry,ref=r", "type=s3,bucket=$${B},region=r"],
                "cache-to": ["type=registry,ref=r,mode=max", "type=s3,bucket=$${B},region=r"],
            }
        }
    }
    assert found.environ == {}


def test_a_secret_is_a_variable_of_the_child(workshop: Workshop) -> None:
    plan = plan_of(workshop, SECRET, 'cache.registry(ref="r")')
    routes = secret_routes(plan, "buildx", {"T": 'hidden,"x"'}, "bake")
    assert routes.diagnostics == ()
    found = bake(routes.value.plan, "docker buildx bake -f a", here())
    (file,) = found.files
    assert json.loads(file.content) == {
        "variable": {"ENVD_CACHE_OPTION_1": {}},
        "target": {
            "app": {
                "cache-from": ["${ENVD_CACHE_OPTION_1}", "type=registry,ref=r"],
                "cache-to": ["${ENVD_CACHE_OPTION_1}", "type=registry,ref=r"],
            }
        },
    }
    assert found.environ == {"ENVD_CACHE_OPTION_1": 'type=gha,scope=${S},url=https://x,"token=hidden,""x"""'}
    assert "hidden" not in " ".join(found.words) + file.content + repr(found)


def test_an_unknown_release_of_bake_is_asked_to_be_told_its_files(workshop: Workshop) -> None:
    plan = plan_of(workshop, 'cache.registry(ref="r")')
    where = here("docker-bake.hcl", "docker-bake.override.json", version=())
    found = with_bake_file(command("docker buildx bake"), [("app", plan)], [], FILE, where)
    assert found.value == (
        "releases of bake differ in the order of `docker-bake.hcl` and `docker-bake.override.json`; "
        "name them with -f"
    )


@pytest.mark.parametrize(
    ("own", "left", "flags"),
    [
        (BakeTarget("app", exports=("x",)), ["cache-from"], ["cache-to"]),
        (BakeTarget("app", imports=("x",)), ["cache-to"], ["cache-from"]),
        (BakeTarget("app", ("x",), ("y",)), [], ["cache-to", "cache-from"]),
    ],
)
def test_a_target_keeps_its_own_caches(
    workshop: Workshop, own: BakeTarget, left: list[str], flags: list[str]
) -> None:
    plan = plan_of(workshop, 'cache.registry(ref="r")')
    found = with_bake_file(command("docker buildx bake -f a"), [("app", plan)], [own], FILE, here())
    assert isinstance(found.value, Placed)
    assert [(problem.code, problem.severity) for problem in found.diagnostics] == [
        ("EC503", "warning")
    ] * len(flags)
    for problem, flag in zip(found.diagnostics, flags, strict=True):
        assert problem.message.startswith(f"the bake target `app` has `--{flag}` of its own: the declared ")
    if left:
        (file,) = found.value.files
        assert list(json.loads(file.content)["target"]["app"]) == left
    else:
        assert found.value == Placed(command("docker buildx bake -f a").words)


def test_no_other_target_inherits_the_caches(workshop: Workshop) -> None:
    others = (
        BakeTarget("bare"),
        BakeTarget("own", ("type=inline", "type=registry,ref=o"), ("type=registry,ref=o",)),
        BakeTarget("hidden", ("type=gha,token=t",), ("type=gha,token=t",)),
    )
    found = bake(plan_of(workshop, 'cache.registry(ref="r")'), "docker-buildx bake -f a", here(), *others)
    assert found.words[2:] == (
        *("--set", "bare.cache-to=", "--set", "bare.cache-from="),
        *("--set", "own.cache-to=type=inline", "--set", "own.cache-to=type=registry,ref=o"),
        *("-f", "a", "-f", FILE),
    )


@pytest.mark.parametrize(("use", "flag"), [("import", "cache-from"), ("export", "cache-to")])
def test_only_what_was_placed_is_taken_away(workshop: Workshop, use: str, flag: str) -> None:
    plan = plan_of(workshop, f'cache.registry(ref="r", use="{use}")')
    found = bake(plan, "docker-buildx bake -f a", here(), BakeTarget("bare"))
    assert found.words[2:] == ("--set", f"bare.{flag}=", "-f", "a", "-f", FILE)


@pytest.mark.parametrize(
    ("call", "version", "flags", "folders"),
    [
        ('cache.local(path="/c")', (0, 29), ["--allow=fs.write=/c", "--allow=fs.read=/c"], ["/c"]),
        ('cache.local(dest="../c")', (0, 19), ["--allow=fs.write=../c"], ["../c"]),
        ('cache.local(src="/worker/c")', (1, 0), ["--allow=fs.read=/worker/c"], ["/worker/c"]),
        ('cache.local(path="/c")', (0, 18, 9), [], []),
        ('cache.local(path="/c")', (), [], []),
        ('cache.local(path="c")', (0, 29), [], []),
        ('cache.local(path="/project/c")', (0, 29), [], []),
        ('cache.registry(ref="r")', (0, 29), [], []),
    ],
)
def test_bake_may_use_the_declared_directories(
    workshop: Workshop, call: str, version: tuple[int, ...], flags: list[str], folders: list[str]
) -> None:
    found = bake(plan_of(workshop, call), "docker buildx bake -f a", here(version=version))
    assert [word for word in found.words if word.startswith("--allow")] == flags
    assert list(found.folders) == folders


def test_progress_is_placed_too(workshop: Workshop) -> None:
    placed = [("app", plan_of(workshop, 'cache.registry(ref="r")'))]
    line = command("docker buildx bake -f a")
    found = with_bake_file(line, placed, [BakeTarget("app")], FILE, here(), progress="rawjson")
    assert isinstance(found.value, Placed)
    assert " ".join(found.value.words) == f"docker buildx bake --progress rawjson -f a -f {FILE}"
