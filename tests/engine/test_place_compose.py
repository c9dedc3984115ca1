"""Caches for compose: the file that carries them, and how compose comes to read it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from envd_cache.emit.wire import WirePlan, wire
from envd_cache.engine.composefile import (
    Service,
    Surroundings,
    config_words,
    printed_services,
    with_compose_file,
)
from envd_cache.engine.place import Command, Placed, PlacedFile, matched, read_command
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


# ---- which target ----


def plans_of(workshop: Workshop, *labels: str) -> tuple[WirePlan, ...]:
    text = 'def build():\n    base()\n    cache.registry(ref="r")\n'
    one = wire(workshop.plan_of(text))
    return tuple([one.replace(label=label, name=label.rpartition(":")[2]) for label in labels])


@pytest.mark.parametrize(
    ("labels", "names", "expected"),
    [
        (["//:app"], ["app", "web"], ["app"]),
        (["//:app"], ["web", "app"], ["app"]),
        (["//:build"], ["web"], ["web"]),
        (["//:my_app"], ["web", "my-app"], ["my-app"]),
        (["//:my_app"], ["my-app", "my_app"], ["my_app"]),
        (["//:a_b"], ["web", "a.b"], ["a.b"]),
        (["//:app", "//:web"], ["web", "app", "x"], ["app", "web"]),
        (["//a:build", "//b:build"], ["b-build", "a-build"], ["a-build", "b-build"]),
        # The names of the whole repository hold for a part of it too.
        (["//a:build"], ["web", "a-build"], ["a-build"]),
        (["//a:build", "//a:test"], ["a_build", "a-test"], ["a_build", "a-test"]),
    ],
)
def test_targets_are_found(
    workshop: Workshop, labels: list[str], names: list[str], expected: list[str]
) -> None:
    plans = plans_of(workshop, *labels)
    found = matched(plans, names, "bake target")
    assert found.value == tuple(zip(expected, plans, strict=True))
    assert found.diagnostics == ()


@pytest.mark.parametrize(
    ("labels", "names", "message", "hint"),
    [
        (
            ["//:ap"],
            ["app", "web"],
            "no bake target that is built is called `ap`; there are `app`, `web`",
            "did you mean `app`?",
        ),
        (
            ["//:build"],
            ["app", "web"],
            "no bake target that is built is called `build`; there are `app`, `web`",
            "name the function as the bake target, or build one bake target alone",
        ),
        (
            ["//:a_b"],
            ["a-b", "a.b"],
            "no bake target that is built is called `a_b`; there are `a-b`, `a.b`",
            "name the function as the bake target, or build one bake target alone",
        ),
        (
            ["//:build"],
            [],
            "no bake target that is built is called `build`; there is none",
            "name the function as the bake target, or build one bake target alone",
        ),
        (
            ["//a:build"],
            ["b-build", "web"],
            "no bake target that is built is called `build` or `a-build`; there are `b-build`, `web`",
            "did you mean `b-build`?",
        ),
    ],
)
def test_a_plan_without_a_target_is_told_of(
    workshop: Workshop, labels: list[str], names: list[str], message: str, hint: str
) -> None:
    found = matched(plans_of(workshop, *labels), names, "bake target")
    assert found.value == ()
    (told,) = found.diagnostics
    assert (told.code, told.severity, told.message, told.hint) == ("EC510", "error", message, hint)


def test_two_plans_of_one_function_need_their_labels(workshop: Workshop) -> None:
    """A target `build` could be either of them."""
    found = matched(plans_of(workshop, "//a:build", "//b:build"), ["build", "web"], "bake target")
    assert found.value == ()
    messages = [
        f"no bake target that is built is called `{name}-build`; there are `build`, `web`" for name in "ab"
    ]
    assert [(told.severity, told.message) for told in found.diagnostics] == [("error", m) for m in messages]


@pytest.mark.parametrize(
    ("names", "called"),
    [
        ("bc", "`b-build`, `c-build`"),
        ("bcdefgh", "`b-build`, `c-build`, `d-build`, `e-build`, `f-build` and 2 more"),
    ],
)
def test_a_part_of_a_repository_can_be_built(names: str, called: str, workshop: Workshop) -> None:
    plans = plans_of(workshop, *[f"//{name}:build" for name in f"a{names}"])
    found = matched(plans, ["a-build"], "bake target")
    assert found.value == (("a-build", plans[0]),)
    (told,) = found.diagnostics
    message = f"no bake target that is built is called {called}: the caches declared there are left out"
    assert (told.code, told.severity, told.message) == ("EC510", "warning", message)


def test_a_plan_without_caches_needs_no_target(workshop: Workshop) -> None:
    app, docs = plans_of(workshop, "//:app", "//:docs")
    found = matched((app, docs.replace(exports=(), imports=())), ["app"], "service")
    assert (found.value, found.diagnostics) == ((("app", app),), ())


# ---- the file ----

PRINTED = {
    "services": {
        "app": {"build": {"context": "."}},
        "web": {"build": {"cache_from": ["x"]}},
        "image": {"image": "nginx"},
    }
}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("docker compose build", (Service("app"), Service("web", imports=True))),
        ("docker compose build web image", (Service("web", imports=True),)),
    ],
)
def test_the_services_that_are_built_are_read(line: str, expected: tuple[Service, ...]) -> None:
    assert printed_services(json.dumps(PRINTED), command(line)) == expected


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"services": 1}', '{"services": {"a": 1}}'])
def test_what_is_no_configuration_is_none(text: str) -> None:
    assert printed_services(text, command("docker compose build")) is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("docker compose -f a build --pull", "docker compose -f a config --format json"),
        ("docker-compose build app --pull web", "docker-compose config --format json -- app web"),
    ],
)
def test_the_command_that_configures(line: str, expected: str) -> None:
    assert config_words(command(line)) == tuple(expected.split())


def around(files: Mapping[str, str], **environ: str) -> Surroundings:
    return Surroundings("/project/sub", environ, files.get)


def compose(plan: WirePlan, line: str, surroundings: Surroundings) -> Placed:
    found = with_compose_file(command(line), [("app", plan)], [Service("app")], FILE, surroundings)
    assert found.diagnostics == ()
    assert isinstance(found.value, Placed), found.value
    return found.value


def test_the_compose_file(workshop: Workshop) -> None:
    plan = plan_of(workshop, 'cache.registry(ref="r", mode="max")', SECRET)
    routes = secret_routes(plan, "compose", {"T": "hidden"}, "compose")
    found = compose(routes.value.plan, "docker compose -f a build", around({}))
    assert found.files == (
        PlacedFile(
            FILE,
            "services:\n"
            '  "app":\n'
            "    build:\n"
            "      cache_from:\n"
            '        - "type=registry,ref=r"\n'
            '        - "${ENVD_CACHE_OPTION_1}"\n'
            "      cache_to:\n"
            '        - "type=registry,ref=r,mode=max"\n'
            '        - "${ENVD_CACHE_OPTION_1}"\n',
        ),
    )
    assert found.environ == {"ENVD_CACHE_OPTION_1": "type=gha,scope=${S},url=https://x,token=hidden"}
    assert found.words == ("docker", "compose", "-f", "a", "-f", FILE, "build")


@pytest.mark.parametrize(
    ("line", "placed"),
    [
        ("docker compose -f a --profile p build app", "docker compose -f a --profile p -f {} build app"),
        ("docker-compose --file=a build -- app", "docker-compose --file=a -f {} build -- app"),
        ("docker compose -f - build", "docker compose -f - -f {} build"),
    ],
)
def test_compose_takes_files_before_the_build_word(workshop: Workshop, line: str, placed: str) -> None:
    plan = plan_of(workshop, 'cache.registry(ref="r")')
    found = compose(plan, line, around({"/project/sub/compose.yaml": ""}, COMPOSE_FILE="x"))
    assert " ".join(found.words) == placed.format(FILE)
    assert found.environ == {}


@pytest.mark.parametrize(
    ("files", "environ", "line", "expected"),
    [
        (["compose.yaml", "docker-compose.yml"], {}, "build", ["/project/sub/compose.yaml"]),
        (
            ["docker-compose.yml", "compose.override.yaml", "docker-compose.override.yml"],
            {},
            "build",
            ["/project/sub/docker-compose.yml", "/project/sub/compose.override.yaml"],
        ),
        (["../compose.yml", "compose.override.yml"], {}, "build", ["/project/compose.yml"]),
        (
            ["../d/compose.yml", "compose.yaml"],
            {},
            "--project-directory ../d build",
            ["/project/d/compose.yml"],
        ),
        (["compose.yaml"], {"COMPOSE_FILE": "a.yaml:b.yaml"}, "build", ["a.yaml", "b.yaml"]),
        (
            [],
            {"COMPOSE_FILE": "a.yaml;b.yaml", "COMPOSE_PATH_SEPARATOR": ";"},
            "build",
            ["a.yaml", "b.yaml"],
        ),
    ],
)
def test_compose_reads_the_files_it_would_have_read(
    workshop: Workshop, files: list[str], environ: dict[str, str], line: str, expected: list[str]
) -> None:
    there = {f"/project/sub/{name}".replace("/sub/..", ""): "" for name in files}
    plan = plan_of(workshop, 'cache.registry(ref="r")')
    found = compose(plan, f"docker compose {line}", around(there, **environ))
    assert found.words == ("docker", "compose", *line.split())
    assert found.environ == {
        "COMPOSE_FILE": ":".join([*expected, FILE]),
        "COMPOSE_PATH_SEPARATOR": ":",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COMPOSE_FILE=a:b", "a:b"),
        ("X=1\nexport COMPOSE_FILE = a:b # why\n", "a:b"),
        ("COMPOSE_FILE='a:b'", "a:b"),
        ('COMPOSE_FILE="a;b" # c\nCOMPOSE_PATH_SEPARATOR=;', "a:b"),
        ("# COMPOSE_FILE=a", "/project/sub/compose.yaml"),
        ("XCOMPOSE_FILE=a", "/project/sub/compose.yaml"),
    ],
)
def test_compose_reads_its_settings_from_a_file(workshop: Workshop, text: str, expected: str) -> None:
    there = {"/project/sub/.env": text, "/project/sub/compose.yaml": ""}
    plan = plan_of(workshop, 'cache.registry(ref="r")')
    found = compose(plan, "docker compose build", around(there))
    assert found.environ["COMPOSE_FILE"] == f"{expected}:{FILE}"


@pytest.mark.parametrize(
    ("line", "environ", "expected"),
    [
        ("docker compose --env-file e build", {}, "e"),
        ("docker compose --env-file e --env-file f build", {}, "f"),
        ("docker compose build", {"COMPOSE_ENV_FILES": "f,e"}, "e"),
        ("docker compose build", {"COMPOSE_DISABLE_ENV_FILE": "1"}, "/project/sub/compose.yaml"),
        ("docker compose build", {"COMPOSE_FILE": "mine"}, "mine"),
        ("docker compose --project-directory .. build", {}, "above"),
    ],
)
def test_compose_takes_its_settings_from_the_right_file(
    workshop: Workshop, line: str, environ: dict[str, str], expected: str
) -> None:
    there = {
        "/project/sub/.env": "COMPOSE_FILE=default",
        "/project/sub/../.env": "COMPOSE_FILE=above",
        "/project/sub/e": "COMPOSE_FILE=e",
        "/project/sub/f": "COMPOSE_FILE=f",
        "/project/sub/compose.yaml": "",
    }
    found = compose(plan_of(workshop, 'cache.registry(ref="r")'), line, around(there, **environ))
    assert found.environ["COMPOSE_FILE"] == f"{expected}:{FILE}"


def test_names_with_a_colon_are_parted_by_something_else(workshop: Workshop) -> None:
    environ = {"COMPOSE_FILE": "a:b;c", "COMPOSE_PATH_SEPARATOR": ";"}
    found = compose(
        plan_of(workshop, 'cache.registry(ref="r")'), "docker compose build", around({}, **environ)
    )
    assert found.environ == {"COMPOSE_FILE": f"a:b;c;{FILE}", "COMPOSE_PATH_SEPARATOR": ";"}


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({}, "there is no compose file here or in a folder above"),
        (
            {"/project/sub/.env": "COMPOSE_FILE=$BASE/a"},
            "`COMPOSE_FILE` in `.env` is put together; name the files with -f",
        ),
    ],
)
def test_what_compose_would_read_must_be_known(
    workshop: Workshop, files: dict[str, str], problem: str
) -> None:
    plan = plan_of(workshop, 'cache.registry(ref="r")')
    found = with_compose_file(command("docker compose build"), [("app", plan)], [], FILE, around(files))
    assert found.value == problem


def test_a_service_keeps_its_own_caches(workshop: Workshop) -> None:
    plan = plan_of(workshop, 'cache.registry(ref="r")')
    line, own = command("docker compose -f a build"), [Service("app", exports=True)]
    found = with_compose_file(line, [("app", plan)], own, FILE, around({}))
    assert isinstance(found.value, Placed)
    assert "cache_to" not in found.value.files[0].content
    (problem,) = found.diagnostics
    assert problem.message == "the service `app` has `cache_to` of its own: the declared export is left out"
    nothing = with_compose_file(line, [("app", plan)], [Service("app", True, True)], FILE, around({}))
    assert nothing.value == Placed(line.words)


def test_progress_is_placed_too(workshop: Workshop) -> None:
    placed = [("app", plan_of(workshop, 'cache.registry(ref="r")'))]
    line = command("docker compose -f a build")
    found = with_compose_file(line, placed, [], FILE, around({}), progress="rawjson")
    assert isinstance(found.value, Placed)
    assert " ".join(found.value.words) == f"docker compose -f a -f {FILE} --progress rawjson build"
