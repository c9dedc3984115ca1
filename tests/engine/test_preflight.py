"""What is told before the build, and where: exact texts for every rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envd_cache.catalog import BACKENDS
from envd_cache.catalog.clients import BUILDCTL, BUILDX, CLIENTS, COMPOSE, ENVD
from envd_cache.catalog.engines import (
    BUILDKIT,
    DOCKER_BUILDKIT,
    DOCKER_CLASSIC,
    DOCKER_CONTAINERD,
    DOCKER_OLD,
    FULL_ENGINE,
    KINDS,
    READ_BY_CLIENT,
    SERVICE_VERSIONS,
)
from envd_cache.diagnostics import WARNING
from envd_cache.emit.wire import wire
from envd_cache.engine.preflight import preflight, services
from envd_cache.engine.probe import Abilities
from envd_cache.engine.secret_routes import filled
from tests.emit.workshop import Workshop

if TYPE_CHECKING:
    from envd_cache.catalog.clients import Client
    from envd_cache.catalog.engines import EngineKind

RUNNER = {"ACTIONS_RUNTIME_TOKEN": "t", "ACTIONS_RESULTS_URL": "https://example.org/"}
BUILDER = "use a builder of `docker buildx create --driver docker-container`"
CONTEXT = "use `envd context create --name full --builder docker-container --use`"
STORE = "turn on docker's containerd image store"

Told = tuple[str, str, str, str, str]


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("workshop"))


def can(kind: EngineKind, version: str = "") -> Abilities:
    return Abilities(
        "the engine",
        frozenset(kind.exports),
        frozenset(kind.imports),
        kind.max_exports,
        version,
        kind.name,
    )


def told(
    workshop: Workshop,
    body: str,
    abilities: Abilities,
    client: Client = BUILDX,
    environ: dict[str, str] | None = None,
) -> list[Told]:
    """Return code, severity, message, the text at the place, and the hint of each problem."""
    plan = wire(workshop.plan_of(f"def build():\n    base()\n    {body}\n"))
    found: list[Told] = []
    for problem in preflight(plan, abilities, client, environ or {}):
        where = problem.location
        assert where is not None
        text = where.source.text[where.span.start : where.span.end]
        found.append((problem.code, problem.severity, problem.message, text, problem.hint))
    return found


EVERYTHING = (
    "cache.registry(ref='r/a'); cache.inline(ref='r/i'); cache.local(path='p'); cache.gha(); "
    "cache.s3(bucket='b', region='r'); cache.azblob(account_url='https://a.example.org')"
)


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_nothing_to_tell(workshop: Workshop, client: Client) -> None:
    assert told(workshop, EVERYTHING, can(BUILDKIT, "v0.32.2"), client, RUNNER) == []
    nobody_knows = Abilities("the engine", None, None)
    assert told(workshop, EVERYTHING, nobody_knows, client, RUNNER) == []


# ---- what the engine does not have ----


def test_each_kind_of_engine(workshop: Workshop) -> None:
    def kept(kind: EngineKind) -> tuple[set[str], set[str]]:
        found = told(workshop, EVERYTHING, can(kind).replace(max_exports=0), BUILDX, RUNNER)
        exports = {
            message.split(" has no ")[1].split()[0] for code, _, message, *_ in found if code == "EC501"
        }
        imports = {
            message.split(" has no ")[1].split()[0] for code, _, message, *_ in found if code == "EC502"
        }
        return exports, imports

    assert kept(BUILDKIT) == (set(), set())
    assert kept(DOCKER_CONTAINERD) == ({"s3", "azblob"}, {"s3", "azblob"})
    assert kept(DOCKER_CLASSIC) == ({"registry", "local", "gha", "s3", "azblob"}, {"gha", "s3", "azblob"})
    assert kept(DOCKER_OLD) == kept(DOCKER_CLASSIC)


def test_an_export_that_is_not_there(workshop: Workshop) -> None:
    call = "cache.registry(ref='r/a', use='export')"
    message = "the engine has no registry cache export"
    assert told(workshop, call, can(DOCKER_CLASSIC)) == [("EC501", "error", message, call, STORE)]
    # Its containerd image store has no more.
    assert told(workshop, call, can(DOCKER_OLD)) == [("EC501", "error", message, call, BUILDER)]
    assert told(workshop, call, can(DOCKER_OLD), ENVD) == [("EC501", "error", message, call, CONTEXT)]


def test_ignore_error_does_not_help(workshop: Workshop) -> None:
    # `ignore-error` covers the upload; BuildKit refuses an unknown export all the same.
    call = "cache.registry(ref='r/a', use='export', ignore_error=True)"
    assert [severity for _, severity, *_ in told(workshop, call, can(DOCKER_CLASSIC))] == ["error"]


def test_what_no_setting_gives(workshop: Workshop) -> None:
    call = "cache.s3(bucket='b', region='r')"
    expected = [
        ("EC501", "error", "the engine has no s3 cache export", call, BUILDER),
        (
            "EC502",
            "warning",
            "the engine has no s3 cache import, and would build without it",
            call,
            BUILDER,
        ),
    ]
    assert told(workshop, call, can(DOCKER_CONTAINERD)) == expected
    assert told(workshop, call, can(DOCKER_CLASSIC), COMPOSE) == expected


def test_an_import_that_is_not_there(workshop: Workshop) -> None:
    call = "cache.gha(use='import')"
    message = "the engine has no gha cache import, and would build without it"
    assert told(workshop, call, can(DOCKER_CLASSIC), BUILDX, RUNNER) == [
        ("EC502", "warning", message, call, STORE)
    ]


def test_an_inline_import_is_a_registry_s(workshop: Workshop) -> None:
    assert told(workshop, "cache.inline(ref='r/i')", can(DOCKER_OLD)) == []


# ---- how many ----


def test_one_export(workshop: Workshop) -> None:
    one = can(BUILDKIT).replace(max_exports=1)
    body = "cache.registry(ref='r/a', mode='max'); cache.registry(ref='r/b', use='export')"
    assert told(workshop, body, one) == [
        (
            "EC501",
            "error",
            "the engine takes one export: `type=registry,ref=r/b` is one too many",
            "cache.registry(ref='r/b', use='export')",
            "keep the export that counts",
        )
    ]
    assert told(workshop, body, one.replace(max_exports=2)) == []


def test_an_export_that_it_does_not_have_takes_no_place(workshop: Workshop) -> None:
    body = "cache.registry(ref='r/a'); cache.inline()"
    found = told(workshop, body, can(DOCKER_OLD))
    assert [(code, text) for code, _, _, text, _ in found] == [("EC501", "cache.registry(ref='r/a')")]


def test_what_the_client_leaves_out_is_not_told_twice(workshop: Workshop) -> None:
    body = "cache.inline(ref='r/i'); cache.s3(bucket='b', region='r')"
    assert told(workshop, body, can(DOCKER_CLASSIC), ENVD) == []
    assert len(told(workshop, body, can(DOCKER_CLASSIC), BUILDX)) == 2


# ---- a service of a CI system ----

NEITHER = (
    "the service of this gha cache is not known: "
    "`ACTIONS_RUNTIME_TOKEN` and `ACTIONS_RESULTS_URL` are not set"
)
GIVE_BOTH = "run it in a job that sets them, or give `token` and `url` or `url_v2`"


@pytest.mark.parametrize("client", [BUILDX, BUILDCTL, COMPOSE, ENVD], ids=lambda client: client.name)
def test_no_service(workshop: Workshop, client: Client) -> None:
    assert told(workshop, "cache.gha()", can(BUILDKIT), client) == [
        ("EC511", "error", NEITHER, "cache.gha()", GIVE_BOTH),
        ("EC511", "warning", NEITHER, "cache.gha()", GIVE_BOTH),
    ]


@pytest.mark.parametrize(
    ("arguments", "environ", "missing"),
    [
        ("", RUNNER, ""),
        ("", {"ACTIONS_RUNTIME_TOKEN": "t", "ACTIONS_CACHE_URL": "https://x"}, ""),
        ("", {"ACTIONS_RUNTIME_TOKEN": "t"}, "`ACTIONS_RESULTS_URL` is not set"),
        ("", {**RUNNER, "ACTIONS_RUNTIME_TOKEN": ""}, "`ACTIONS_RUNTIME_TOKEN` is not set"),
        ("token=cache.secret('T'), url='https://x'", {}, ""),
        ("token=cache.secret('T'), url_v2='https://x'", {}, ""),
        ("url_v2='https://x'", {}, "`ACTIONS_RUNTIME_TOKEN` is not set"),
        ("token=cache.secret('T')", {"ACTIONS_RESULTS_URL": "x"}, ""),
    ],
)
def test_what_makes_a_service_known(
    workshop: Workshop, arguments: str, environ: dict[str, str], missing: str
) -> None:
    found = told(workshop, f"cache.gha({arguments})", can(BUILDKIT), BUILDX, environ)
    assert {
        message.removeprefix("the service of this gha cache is not known: ") for _, _, message, *_ in found
    } == ({missing} if missing else set())


def test_a_service_of_an_engine_without_it_is_not_asked_for(workshop: Workshop) -> None:
    found = told(workshop, "cache.gha()", can(DOCKER_CLASSIC))
    assert [code for code, *_ in found] == ["EC501", "EC502"]


# ---- versions ----


def test_an_attribute_that_is_too_new(workshop: Workshop) -> None:
    body = "cache.gha(scope='s', use='export', url_v2='https://x', token=cache.secret('T'))"
    found = told(workshop, body, can(DOCKER_CONTAINERD, "v0.13.2"))
    assert found == [
        (
            "EC512",
            "warning",
            "`url_v2` is read since BuildKit v0.20.0, and the engine has none newer than v0.13.2",
            "'https://x'",
            "leave it out, or use a newer engine",
        )
    ]
    assert told(workshop, body, can(BUILDKIT, "v0.20.0")) == []
    assert told(workshop, body, can(BUILDKIT)) == []


def test_an_attribute_of_another_name(workshop: Workshop) -> None:
    body = "cache.registry(ref='r/a', insecure=True)"
    found = told(workshop, body, can(BUILDKIT, "v0.11.6"))
    assert [(message.split(" is ")[0], text) for _, _, message, text, _ in found] == [
        ("`registry.insecure`", "True"),
        ("`registry.insecure`", "True"),
    ]


def test_what_the_client_reads_does_not_ask_for_an_engine(workshop: Workshop) -> None:
    body = "cache.local(path='p', reset=True, tag='t')"
    assert told(workshop, body, can(BUILDKIT, "v0.10.0")) == []


def test_a_service_that_is_too_new(workshop: Workshop) -> None:
    runner = {**RUNNER, "ACTIONS_CACHE_SERVICE_V2": "True"}
    body = "cache.gha(use='export')"
    old = can(DOCKER_CONTAINERD, "v0.13.2")
    message = (
        "`ACTIONS_CACHE_SERVICE_V2` asks for a service that BuildKit knows since v0.20.0, and the engine has "
        "none newer than v0.13.2"
    )
    expected = [("EC512", "warning", message, body, "use a newer engine")]
    assert told(workshop, body, old, BUILDX, runner) == expected
    assert told(workshop, body, can(BUILDKIT, "v0.20.0"), BUILDX, runner) == []
    assert told(workshop, body, old, BUILDX, {**runner, "ACTIONS_CACHE_SERVICE_V2": "false"}) == []
    assert told(workshop, body, old, BUILDX, RUNNER) == []
    # Once is enough.
    given = "cache.gha(use='export', url_v2='https://x', token=cache.secret('T'))"
    assert [text for *_, text, _ in told(workshop, given, old, BUILDX, runner)] == ["'https://x'"]
    # envd is given what the environment says, and nobody can leave that out of the file.
    plan = filled(wire(workshop.plan_of(f"def build():\n    base()\n    {body}\n")), ENVD.name, runner)
    assert "url_v2" in dict(plan.exports[0].attrs)
    (one,) = preflight(plan, old, ENVD, runner)
    assert (one.message, one.hint) == (message, "use a newer engine")


def test_the_services_of_a_plan(workshop: Workshop) -> None:
    """As `preflight` tells of them, for a client that gets no such entry."""
    plan = wire(workshop.plan_of("def build():\n    base()\n    cache.gha()\n    cache.inline()\n"))
    abilities = can(DOCKER_CONTAINERD)
    assert services(plan, {}) == preflight(plan, abilities, BUILDX, {})
    assert [one.severity for one in services(plan, {}, WARNING)] == ["warning", "warning"]
    assert services(plan, RUNNER) == ()


# ---- the tables ----


def test_the_tables_name_what_there_is() -> None:
    names = {backend.name: backend for backend in BACKENDS}
    for kind in KINDS:
        assert names.keys() >= {*kind.exports, *kind.imports}
        assert bool(kind.becomes) == bool(kind.setting)
        assert kind.becomes in ("", *(other.name for other in KINDS))
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    for backend, attribute in READ_BY_CLIENT:
        wired = {param.wire_name(way) for param in names[backend].params for way in ("export", "import")}
        assert attribute in wired
    for backend, _, attribute in SERVICE_VERSIONS:
        assert names[backend].param(attribute) is not None
    assert {name for name, _ in FULL_ENGINE} <= {client.name for client in CLIENTS}


def test_the_versions_of_docker_rise() -> None:
    numbers = [
        ([int(part) for part in api.split(".")], [int(part) for part in buildkit[1:].split(".")])
        for api, buildkit in DOCKER_BUILDKIT
    ]
    assert numbers == sorted(numbers)
    assert [buildkit for _, buildkit in numbers] == sorted(buildkit for _, buildkit in numbers)
