"""How credentials get to a client: by its environment where it reads one, told of where it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envd_cache.catalog.client_flags import BAKE, COMPOSE
from envd_cache.emit.wire import WirePlan, wire
from envd_cache.engine.place import read_command, text_of, with_flags
from envd_cache.engine.secret_routes import Routes, filled, secret_routes
from tests.emit.workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envd_cache.diagnostics import Result

S3 = 'cache.s3(bucket="b", region="r"{})'
KEYS = ', access_key_id=cache.secret("A"), secret_access_key=cache.secret("S")'
GHA = 'cache.gha(url="https://x"{})'
TOKEN = ', token=cache.secret("T")'
VALUES = {"A": "hidden-a", "S": "hidden-s", "T": "hidden-t", "X": "hidden-x"}
SHORT = {"AK": "AWS_ACCESS_KEY_ID", "SK": "AWS_SECRET_ACCESS_KEY", "ST": "AWS_SESSION_TOKEN"}


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("workshop"))


def plan_of(workshop: Workshop, *calls: str) -> WirePlan:
    lines = "".join(f"    {call}\n" for call in calls)
    return wire(workshop.plan_of(f"def build():\n    base()\n{lines}"))


def texts(plan: WirePlan) -> list[str]:
    return [text_of(entry) for entry in (*plan.exports, *plan.imports)]


def aws(**values: str) -> dict[str, str]:
    return {SHORT[name]: value for name, value in values.items()}


def told(found: Result[Routes]) -> list[str]:
    assert all(problem.code == "EC504" and problem.severity == "warning" for problem in found.diagnostics)
    return [problem.message.split("`")[1] for problem in found.diagnostics]


ON_THE_LINE = ["access_key_id", "secret_access_key"] * 2


# ---- buildx and s3 ----


@pytest.mark.parametrize(
    ("calls", "environ", "added"),
    [
        # Both keys, and no token where there is none.
        ([S3.format(KEYS)], {}, aws(AK="hidden-a", SK="hidden-s")),
        # The environment has one of them already, or all.
        ([S3.format(KEYS)], aws(AK="hidden-a"), aws(SK="hidden-s")),
        ([S3.format(KEYS)], aws(AK="hidden-a", SK="hidden-s"), {}),
        # A key that is no secret goes along.
        (
            [S3.format(', access_key_id="AKIA", secret_access_key=cache.secret("S")')],
            {},
            aws(AK="AKIA", SK="hidden-s"),
        ),
        # The other key is the environment's.
        ([S3.format(', secret_access_key=cache.secret("S")')], aws(AK="there"), aws(SK="hidden-s")),
        (
            [S3.format(', secret_access_key=cache.secret("S")')],
            aws(AK="there", ST="session"),
            aws(SK="hidden-s"),
        ),
        (
            [S3.format(KEYS + ', session_token=cache.secret("T")')],
            {},
            aws(AK="hidden-a", SK="hidden-s", ST="hidden-t"),
        ),
        # Two caches with one identity, and one that takes it from the environment anyhow.
        (
            [S3.format(KEYS), S3.format(KEYS + ', name="n"'), S3.format(', name="m"')],
            aws(AK="hidden-a", SK="hidden-s"),
            {},
        ),
        ([S3.format(KEYS), S3.format(KEYS + ', name="n"')], {}, aws(AK="hidden-a", SK="hidden-s")),
    ],
)
def test_s3_keys_go_into_the_environment(
    workshop: Workshop, calls: list[str], environ: dict[str, str], added: dict[str, str]
) -> None:
    found = secret_routes(plan_of(workshop, *calls), "buildx", {**VALUES, **environ})
    assert found.diagnostics == ()
    assert found.value.environ == added
    assert not any("key" in text or "token" in text for text in texts(found.value.plan))


@pytest.mark.parametrize(
    ("calls", "environ", "on_the_line"),
    [
        # The variables are set to something else, which something else may need.
        ([S3.format(KEYS)], aws(AK="other", SK="other"), ON_THE_LINE),
        ([S3.format(KEYS)], aws(ST="other"), ON_THE_LINE),
        # Another cache would be opened with the wrong keys.
        ([S3.format(KEYS), S3.format(', name="n"')], {}, ON_THE_LINE),
        # Half a pair alone is nothing.
        ([S3.format(', secret_access_key=cache.secret("S")')], {}, ["secret_access_key"] * 2),
    ],
)
def test_s3_keys_that_must_stay_are_told_of(
    workshop: Workshop, calls: list[str], environ: dict[str, str], on_the_line: list[str]
) -> None:
    found = secret_routes(plan_of(workshop, *calls), "buildx", {**VALUES, **environ})
    assert found.value.environ == {}
    assert told(found) == on_the_line
    assert "secret_access_key=hidden-s" in texts(found.value.plan)[0]


def test_two_identities_cannot_share_the_variables(workshop: Workshop) -> None:
    other = ', access_key_id=cache.secret("X"), secret_access_key=cache.secret("T"), name="n"'
    plan = plan_of(workshop, S3.format(KEYS), S3.format(other))
    found = secret_routes(plan, "buildx", VALUES)
    assert found.value.environ == aws(AK="hidden-a", SK="hidden-s")
    assert told(found) == ON_THE_LINE
    exports = [text_of(entry) for entry in found.value.plan.exports]
    assert exports == [
        "type=s3,bucket=b,region=r",
        "type=s3,bucket=b,region=r,name=n,access_key_id=hidden-x,secret_access_key=hidden-t",
    ]


# ---- gha ----


@pytest.mark.parametrize("client", ["buildx", "buildctl"])
@pytest.mark.parametrize(
    ("environ", "added"),
    [
        ({}, {"ACTIONS_RUNTIME_TOKEN": "hidden-t"}),
        ({"ACTIONS_RUNTIME_TOKEN": ""}, {"ACTIONS_RUNTIME_TOKEN": "hidden-t"}),
        ({"ACTIONS_RUNTIME_TOKEN": "hidden-t"}, {}),
    ],
)
def test_a_gha_token_goes_into_the_environment(
    workshop: Workshop, client: str, environ: dict[str, str], added: dict[str, str]
) -> None:
    found = secret_routes(plan_of(workshop, GHA.format(TOKEN)), client, {**VALUES, **environ})
    assert (found.value.environ, found.diagnostics) == (added, ())
    assert texts(found.value.plan) == ["type=gha,url=https://x"] * 2


def test_a_gha_token_does_not_reach_a_cache_without_one(workshop: Workshop) -> None:
    plan = plan_of(workshop, GHA.format(TOKEN), GHA.format(', scope="s"'))
    found = secret_routes(plan, "buildx", VALUES)
    assert found.value.environ == {}
    assert told(found) == ["token", "token"]


# ---- no way but the command line ----


@pytest.mark.parametrize(
    ("client", "call", "names", "hint"),
    [
        (
            "buildx",
            'cache.azblob(account_url="https://a", secret_access_key=cache.secret("S"))',
            ["secret_access_key"] * 2,
            "docker buildx bake and docker compose take it from a file",
        ),
        (
            "buildx",
            GHA.format(', repository="a/b", ghtoken=cache.secret("T")'),
            ["ghtoken"],
            "docker buildx bake and docker compose take it from a file",
        ),
        (
            "buildctl",
            S3.format(', use="export"' + KEYS),
            ["access_key_id", "secret_access_key"],
            "docker buildx reads it from `AWS_ACCESS_KEY_ID`",
        ),
        ("envd", GHA.format(TOKEN), ["token"] * 2, "docker buildx reads it from `ACTIONS_RUNTIME_TOKEN`"),
    ],
)
def test_what_no_variable_carries_is_told_of(
    workshop: Workshop, client: str, call: str, names: list[str], hint: str
) -> None:
    found = secret_routes(plan_of(workshop, call), client, VALUES)
    assert found.value.environ == {}
    assert told(found) == names
    first = found.diagnostics[0]
    assert first.message == (
        f"`{names[0]}` stands on the command line, where every user of the machine can read it"
    )
    assert first.hint == hint
    assert first.location is not None
    assert first.location.span.start < first.location.span.end
    assert "hidden-" not in repr(found.value) + repr(found.diagnostics)


def test_a_hint_names_the_variable(workshop: Workshop) -> None:
    environ = {**VALUES, "ACTIONS_RUNTIME_TOKEN": "other"}
    found = secret_routes(plan_of(workshop, GHA.format(TOKEN)), "buildx", environ)
    assert found.diagnostics[0].hint == (
        "name the secret `ACTIONS_RUNTIME_TOKEN`, which the client reads by itself"
    )


@pytest.mark.parametrize("kind", [BAKE, COMPOSE])
def test_a_file_has_no_command_line(workshop: Workshop, kind: str) -> None:
    plan = plan_of(workshop, S3.format(KEYS), GHA.format(TOKEN))
    found = secret_routes(plan, "buildx", VALUES, kind)
    assert (found.value.environ, found.diagnostics) == ({}, ())
    assert [text.count("hidden-") for text in texts(found.value.plan)] == [2, 1, 2, 1]


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({}, "the environment variable `T` for `token` is not set"),
        ({"T": "\udcff"}, "the environment variable `T` for `token` is not UTF-8"),
    ],
)
@pytest.mark.parametrize("kind", ["flags", BAKE])
def test_a_secret_that_is_not_there_is_an_error(
    workshop: Workshop, environ: dict[str, str], message: str, kind: str
) -> None:
    plan = plan_of(workshop, GHA.format(TOKEN + ', use="export"'))
    found = secret_routes(plan, "buildx", environ, kind)
    (problem,) = found.diagnostics
    assert (problem.code, problem.severity, problem.message) == ("EC406", "error", message)


def test_a_plan_without_secrets_stays(workshop: Workshop) -> None:
    plan = plan_of(workshop, 'cache.registry(ref="r")', S3.format(', access_key_id="AKIA"'))
    for client in ("buildx", "buildctl", "envd", "compose"):
        found = secret_routes(plan, client, {})
        assert (found.value, found.diagnostics) == (Routes(plan), ())


# ---- envd ----

RUNNER = {
    "ACTIONS_RUNTIME_TOKEN": "hidden-t",
    "ACTIONS_RESULTS_URL": "https://results/",
    "ACTIONS_CACHE_URL": "https://cache/",
}
V2 = {"ACTIONS_CACHE_SERVICE_V2": "true"}


@pytest.mark.parametrize(
    ("call", "environ", "expected"),
    [
        ("cache.gha()", {}, "type=gha"),
        ("cache.gha()", RUNNER, "type=gha,token=hidden-t,url=https://cache/"),
        (
            "cache.gha()",
            {**RUNNER, "ACTIONS_CACHE_URL": ""},
            "type=gha,token=hidden-t,url=https://results/",
        ),
        (
            "cache.gha()",
            {**RUNNER, **V2},
            "type=gha,token=hidden-t,url_v2=https://results/,url=https://cache/",
        ),
        ("cache.gha(version=1)", {**RUNNER, **V2}, "type=gha,version=1,token=hidden-t,url=https://cache/"),
        (
            "cache.gha(version=2)",
            RUNNER,
            "type=gha,version=2,token=hidden-t,url_v2=https://results/,url=https://cache/",
        ),
        (
            'cache.gha(url="https://own", token=cache.secret("T"))',
            {**RUNNER, "T": "hidden-own"},
            "type=gha,url=https://own,token=hidden-own",
        ),
        ('cache.registry(ref="r")', RUNNER, "type=registry,ref=r"),
    ],
)
def test_envd_is_given_what_it_does_not_read(
    workshop: Workshop, call: str, environ: Mapping[str, str], expected: str
) -> None:
    plan = plan_of(workshop, call)
    found = secret_routes(plan, "envd", environ)
    assert texts(found.value.plan) == [expected] * 2
    assert told(found) == ["token"] * 2 * ("token=" in expected)
    # Doing a part of it earlier changes nothing.
    assert secret_routes(filled(plan, "envd", environ), "envd", environ) == found


@pytest.mark.parametrize("client", ["buildx", "buildctl", "compose"])
def test_the_others_read_it_themselves(workshop: Workshop, client: str) -> None:
    plan = plan_of(workshop, "cache.gha()")
    assert filled(plan, client, {**RUNNER, **V2}) == plan


def test_the_command_is_free_of_what_the_environment_carries(workshop: Workshop) -> None:
    command = read_command(["docker", "build", "."], {})
    assert not isinstance(command, str)
    plan = plan_of(workshop, S3.format(KEYS), GHA.format(TOKEN))
    routes = secret_routes(plan, "buildx", VALUES).value
    words = with_flags(command, routes.plan).value
    assert "hidden-" not in " ".join(words)
    assert sorted(routes.environ.values()) == ["hidden-a", "hidden-s", "hidden-t"]
