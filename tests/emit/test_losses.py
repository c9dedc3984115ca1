"""What each client cannot say: exact texts, and nothing is lost without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from envd_cache.catalog.clients import CLIENTS
from envd_cache.codes import CODES
from envd_cache.emit.losses import reduced
from envd_cache.emit.registry import EMITTERS, Options
from envd_cache.emit.wire import wire
from tests.emit.strategies import SEVERAL, Declaration

if TYPE_CHECKING:
    from envd_cache.catalog.clients import Client
    from envd_cache.emit.wire import WireEntry, WirePlan
    from tests.emit.workshop import Workshop

BUILDX_GHA = (
    "EC403",
    "docker buildx drops this entry in silence: it has no token, or no address of the service",
    "run it where ACTIONS_RUNTIME_TOKEN and ACTIONS_RESULTS_URL are set",
)
ENVD_GHA_EXPORT = (
    "EC403",
    "envd reads no ACTIONS_* variable: BuildKit refuses this export without a token and an address",
    "give `token` and `url_v2`, or build with docker buildx",
)
ENVD_GHA_IMPORT = (
    "EC403",
    "plain envd cannot import from GitHub Actions: it reads no ACTIONS_* variable",
    "give `token` and `url_v2`, or build with docker buildx",
)
ENVD_LOCAL_IMPORT = (
    "EC403",
    "plain envd cannot import a local directory: it asks BuildKit without the directory's digest",
    "import from a registry, or build with docker buildx or buildctl",
)
ENVD_FIRST = "the first in the file is used"
ENVD_LINE = ("EC405", "envd build cannot take a line end, and `scope` has one", "")
NO_SHELL = "an argument without a shell cannot refer to the environment variable"
TOKEN = 'token=cache.secret("T"), url_v2="https://x"'
RUNNER = {"ACTIONS_RUNTIME_TOKEN": "t", "ACTIONS_RESULTS_URL": "https://x"}

Loss = tuple[str, str, str]

CASES: dict[str, tuple[str, str, Options, list[Loss], int]] = {
    # name: (output, body, options, losses, entries that are kept)
    "llb loses nothing": (
        "llb",
        "cache.gha(); cache.local(path='c'); cache.s3(bucket='b', region='r')",
        Options(),
        [],
        6,
    ),
    "buildctl loses nothing": ("buildctl", "cache.gha(); cache.local(path='c')", Options(), [], 4),
    "github loses nothing": (
        "github-actions",
        "cache.gha(); cache.local(path='c')",
        Options(driver="docker"),
        [],
        4,
    ),
    "buildx without a token": ("buildx", "cache.gha()", Options(), [BUILDX_GHA, BUILDX_GHA], 2),
    "buildx on a runner": ("buildx", "cache.gha()", Options(environ=RUNNER), [], 2),
    "buildx with an empty token": (
        "buildx",
        "cache.gha()",
        Options(environ={"ACTIONS_RUNTIME_TOKEN": ""}),
        [BUILDX_GHA, BUILDX_GHA],
        2,
    ),
    "buildx with token and address": ("buildx", f"cache.gha({TOKEN})", Options(), [], 2),
    "buildx with a token alone": (
        "buildx",
        'cache.gha(token=cache.secret("T"))',
        Options(),
        [BUILDX_GHA] * 2,
        2,
    ),
    "buildx with an address alone": ("buildx", 'cache.gha(url="https://x")', Options(), [BUILDX_GHA] * 2, 2),
    "bake without a token": ("bake", 'cache.gha(use="export")', Options(), [BUILDX_GHA], 1),
    "compose without a token": ("compose", 'cache.gha(use="import")', Options(), [BUILDX_GHA], 1),
    "the docker driver and s3": (
        "buildx",
        'cache.s3(bucket="b", region="r")',
        Options(driver="docker"),
        [("EC403", "the docker driver has no s3 cache", "")] * 2,
        2,
    ),
    "the docker driver and azblob": (
        "bake",
        'cache.azblob(account_url="https://x", use="export")',
        Options(driver="docker"),
        [("EC403", "the docker driver has no azblob cache", "")],
        1,
    ),
    "another driver": (
        "buildx",
        'cache.s3(bucket="b", region="r")',
        Options(driver="docker-container"),
        [],
        2,
    ),
    "no driver named": ("buildx", 'cache.s3(bucket="b", region="r")', Options(), [], 2),
    "envd without a token": ("envd", "cache.gha()", Options(), [ENVD_GHA_EXPORT, ENVD_GHA_IMPORT], 0),
    "envd on a runner": (
        "envd",
        "cache.gha()",
        Options(environ=RUNNER),
        [ENVD_GHA_EXPORT, ENVD_GHA_IMPORT],
        0,
    ),
    "envd with token and address": ("envd", f"cache.gha({TOKEN})", Options(), [], 2),
    "envd and a directory": ("envd", 'cache.local(path="c")', Options(), [ENVD_LOCAL_IMPORT], 1),
    "envd and two exports": (
        "envd",
        'cache.registry(ref="a", use="export"); cache.registry(ref="b", use="export")',
        Options(),
        [("EC401", "envd build takes one export: `type=registry,ref=b` is left out", ENVD_FIRST)],
        1,
    ),
    "envd and three imports": (
        "envd",
        'cache.registry(ref="a", key=["x", "y", "z"], use="import")',
        Options(),
        [
            ("EC402", "envd build takes one import: `type=registry,ref=a:y` is left out", ENVD_FIRST),
            ("EC402", "envd build takes one import: `type=registry,ref=a:z` is left out", ENVD_FIRST),
        ],
        1,
    ),
    "what envd drops does not count": (
        "envd",
        'cache.local(path="c"); cache.registry(ref="a")',
        Options(),
        [
            ("EC401", "envd build takes one export: `type=registry,ref=a` is left out", ENVD_FIRST),
            ENVD_LOCAL_IMPORT,
        ],
        2,
    ),
    "envd and a line end": (
        "envd",
        f'cache.gha(scope="a\\nb", {TOKEN})',
        Options(),
        [ENVD_LINE, ENVD_LINE],
        0,
    ),
    "envd and a carriage return": (
        "envd",
        f'cache.gha(scope="\\r", use="export", {TOKEN})',
        Options(),
        [ENVD_LINE],
        0,
    ),
    "buildctl and a line end": ("buildctl", 'cache.gha(scope="a\\nb")', Options(), [], 2),
    "a secret without a shell": (
        "buildctl",
        'cache.gha(token=cache.secret("T"), ghtoken=cache.secret("G"), use="export")',
        Options(null=True),
        [
            (
                "EC404",
                f"`{name}` is left out: {NO_SHELL} `{variable}`",
                "`--resolve-secrets` writes its value",
            )
            for name, variable in (("token", "T"), ("ghtoken", "G"))
        ],
        1,
    ),
    "a secret in protobuf": (
        "llb",
        'cache.gha(token=cache.secret("T"), use="export")',
        Options(binary=True),
        [
            (
                "EC404",
                "`token` is left out: protobuf cannot refer to the environment variable `T`",
                "`--resolve-secrets` writes its value",
            )
        ],
        1,
    ),
    "a secret in an attribute": (
        "llb",
        'cache.gha(token=cache.secret("T"))',
        Options(frontend=True),
        [
            (
                "EC404",
                "`token` is left out: an attribute cannot refer to the environment variable `T`",
                "`--resolve-secrets` writes its value",
            )
        ],
        1,
    ),
    "a secret that is filled in": (
        "llb",
        'cache.gha(token=cache.secret("T"))',
        Options(binary=True, secrets={"T": "t"}),
        [],
        2,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_texts(workshop: Workshop, name: str) -> None:
    to, body, options, losses, kept = CASES[name]
    plan = workshop.plan_of(f"def build():\n    base()\n    {body}\n")
    result = workshop.compile_to(to, [plan], options)
    found = [(loss.code, loss.message, loss.hint) for loss in result.diagnostics]
    assert found == losses
    assert {loss.severity for loss in result.diagnostics} <= {"warning"}
    chosen = next(emitter for emitter in EMITTERS if emitter.name == to)
    client = next((client for client in CLIENTS if client.name == chosen.client), None)
    said = reduced(wire(plan), options.replace(client=client)).value
    assert len(said.exports) + len(said.imports) == kept


def test_the_place_is_the_declaration(workshop: Workshop) -> None:
    plan = workshop.plan_of('def build():\n    base()\n    cache.inline()\n    cache.registry(ref="a")\n')
    (loss,) = workshop.compile_to("envd", [plan]).diagnostics
    assert loss.location is not None
    span = loss.location.span
    assert loss.location.source.text[span.start : span.end] == 'cache.registry(ref="a")'


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
@settings(max_examples=60, deadline=None)
@given(declarations=SEVERAL)
def test_nothing_is_lost_in_silence(
    workshop: Workshop, client: Client, declarations: list[Declaration]
) -> None:
    """Each entry that is not kept has its own finding, and each attribute."""
    wired = wire(workshop.plan(declarations))
    for options in (Options(client=client), Options(client=client, null=True)):
        result = reduced(wired, options)
        said = result.value
        missing = len(wired.exports) + len(wired.imports) - len(said.exports) - len(said.imports)
        codes = [loss.code for loss in result.diagnostics]
        # buildx may find its token elsewhere, so what it may drop is warned of and kept.
        announced = codes.count("EC403") if client.name == "envd" else 0
        announced += sum(codes.count(code) for code in ("EC401", "EC402", "EC405"))
        assert missing == announced
        attrs = [len(entry.attrs) for entry in (*said.exports, *said.imports)]
        kept = [entry for entry in (*wired.exports, *wired.imports) if _same(entry, said)]
        assert sum(len(entry.attrs) for entry in kept) - sum(attrs) == codes.count("EC404")


def _same(entry: WireEntry, said: WirePlan) -> bool:
    return any(entry.origin is other.origin for other in (*said.exports, *said.imports))


def test_explain_pages_exist() -> None:
    assert {"EC401", "EC402", "EC403", "EC404", "EC405", "EC406"} <= {code.code for code in CODES}
