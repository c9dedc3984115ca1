"""The engine: severities, engines, places, order, and summaries that cross processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envd_cache.evaluate.facts import Facts
from envd_cache.ir.lower import lower
from envd_cache.lint import hosts
from envd_cache.lint.engine import Settings, lint_repository, lint_source
from envd_cache.lint.engines_wanted import is_older, release
from envd_cache.lint.summary import as_data, from_data, summary_of
from envd_cache.pipeline import evaluate, session
from envd_cache.report.data import diagnostics_data
from envd_cache.source import SourceFile, Target
from tests.lint.running import lint

if TYPE_CHECKING:
    from envd_cache.diagnostics import Severity
    from envd_cache.lint.summary import Spot

TEXT = """\
load("//team.envd", "team")
def build():
    base(image="acme/base:1")
    io.copy("/a", "/b", "acme/tools")
    credentials = {"access_key_id": "SWORDFISHID", "secret_access_key": cache.secret("K")}
    cache.s3("b", region="r", prefix="p", use="export", **credentials)
    cache.local("cache", mode="max", reset=True)
    cache.inline("acme/app", key=["a", "b"])
    cache.gha()
    team("x")
"""
TEAM = 'def team(name):\n    cache.registry("acme/" + name + ":c", insecure=True, mode="max")\n'


@pytest.fixture(autouse=True)
def _in_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".git").mkdir()
    Path("svc").mkdir()
    Path("svc/build.envd").write_text(TEXT)
    Path("team.envd").write_text(TEAM)


def test_a_severity_is_that_of_the_file() -> None:
    asked: set[tuple[str, str]] = set()

    def severity_of(name: str, code: str, path: str, default: Severity) -> str:
        asked.add((code, path))
        by_name = {"prefix-without-slash": "note"}
        return {"EC324": "error", "EC311": "off"}.get(code, by_name.get(name, default))

    assert "EC311" in {one.code for one in lint(Path()).diagnostics}
    found = {one.code: one.severity for one in lint(Path(), Settings(severity_of=severity_of)).diagnostics}
    assert found["EC324"] == "error"
    assert found["EC326"] == "note"
    assert "EC311" not in found
    assert {path for _, path in asked} <= {"svc/build.envd", "team.envd"}
    assert ("EC324", "svc/build.envd") in asked


def test_a_summary_is_plain_and_has_no_credential() -> None:
    evaluation = evaluate(Target("svc/build.envd"), session())
    summary = summary_of(evaluation.value, lower(evaluation.value).value)
    written = json.dumps(as_data(summary))
    assert from_data(json.loads(written)) == summary
    assert "SWORDFISH" not in written
    assert ["secret_access_key", "$K"] in [list(one) for entry in summary.entries for one in entry.settings]
    assert summary.label == "//svc:build"
    places = {entry.type: entry.places for entry in summary.entries if entry.direction == "export"}
    assert places["local"] == (("local", "//svc/cache", "latest"),)
    assert places["inline"] == ()
    assert places["registry"] == (("registry", "docker.io/acme/x:c"),)
    assert [image.reference for image in summary.images] == [
        "docker.io/acme/base:1",
        "docker.io/acme/tools:latest",
        "docker.io/acme/app:a",
        "docker.io/acme/app:b",
    ]


def test_a_place_is_where_the_build_file_asks() -> None:
    evaluation = evaluate(Target("svc/build.envd"), session())
    summary = summary_of(evaluation.value, lower(evaluation.value).value)
    spot = next(entry.spot for entry in summary.entries if entry.type == "registry" and entry.settings)
    assert spot is not None
    assert spot.label == "//svc/build.envd"
    assert TEXT[spot.start : spot.end] == 'team("x")'


@pytest.mark.parametrize(
    "data", [[], [1, 2, 3, 4, 5], ["a", "b", "c", [[1]], [], []], ["a", "b", "c", [], [["r", "w", [1]]], []]]
)
def test_what_is_no_summary_is_refused(data: list[object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        from_data(data)


def test_a_file_that_is_gone_is_named_without_a_place() -> None:
    Path("svc/build.envd").write_text(TEXT + "def dev():\n    base()\n    cache.gha()\n")
    summaries = lint(Path()).summaries
    found = lint_repository(summaries, Settings(), lambda _: None)
    [shared] = [one for one in found if one.code == "EC343"]
    assert (shared.location, shared.path, shared.labels) == (None, "svc/build.envd", ())


def test_the_order_of_targets_makes_no_difference() -> None:
    Path("svc/build.envd").write_text(TEXT + "def dev():\n    base()\n    cache.gha()\n    team('x')\n")
    summaries = lint(Path()).summaries
    source = SourceFile("svc/build.envd", Path("svc/build.envd").read_text(), "//svc/build.envd")

    def source_of(spot: Spot) -> SourceFile:
        return source

    found = lint_repository(summaries, Settings(), source_of)
    assert found
    assert diagnostics_data(found) == diagnostics_data(
        lint_repository(summaries[::-1], Settings(), source_of)
    )


def test_one_place_in_a_file_for_several_targets_is_one_finding_without_labels() -> None:
    Path("team.envd").write_text("def defaults():\n    cache.gha()\n")
    Path("envd-cache.toml").write_text('defaults = "//team.envd:defaults"\n')
    Path("svc/build.envd").write_text("def one():\n    base()\ndef two():\n    base()\n")
    [shared] = [one for one in lint(Path()).diagnostics if one.code == "EC343"]
    assert shared.location is not None
    assert (shared.location.source.label, shared.labels) == ("//team.envd", ())


def test_a_broken_file_has_no_lint() -> None:
    assert lint_source(SourceFile("x", "load('//a', 'b')\ndef build(:\n")) == ()


def test_no_report_shows_a_credential() -> None:
    Path("svc/build.envd").write_text(
        "def build():\n    base()\n"
        '    cache.s3("https://key:swordfish@s3.example.org/b", region="r", name="n")\n'
    )
    found = lint(Path()).diagnostics
    assert "EC325" in {one.code for one in found}
    assert "swordfish" not in json.dumps(diagnostics_data(found))


def test_unknown_facts_do_no_harm() -> None:
    Path("svc/build.envd").write_text(
        'IMAGE = cache.env("IMAGE")\ndef build():\n    base(image=IMAGE)\n    cache.registry(IMAGE)\n'
        '    cache.s3("b", region="r", prefix=cache.env("P"))\n    cache.azblob("https://a.example.org", '
        'container="x" + cache.env("C", default="_"), key=cache.env("K"))\n'
    )
    found = lint(Path(), facts=Facts(use_git=False))
    assert {one.code for one in found.diagnostics} == {"EC116"}
    [summary] = found.summaries
    assert (summary.entries, summary.images) == ((), ())
    assert summary.changing
    # What is known of a place is left of it; a value that was given is not.
    assert [one for one in summary.guessed if one[0] == "export"] == [
        ("export", "registry", ()),
        ("export", "s3", ()),
        ("export", "azblob", ()),
    ]


# ---- releases and hosts ----


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("0.20", (0, 20, 0)),
        ("v0.20.1", (0, 20, 1)),
        ("1", (1, 0, 0)),
        ("v0.13.0-rc1", (0, 13, 0)),
        ("", None),
        ("latest", None),
        ("0.1.2.3", None),
        ("0.²", None),
    ],
)
def test_releases(text: str, numbers: tuple[int, int, int] | None) -> None:
    assert release(text) == numbers


def test_older() -> None:
    assert is_older("0.9", "v0.10.0")
    assert not is_older("0.10", "v0.10.0")
    assert not is_older("", "v0.10.0")
    assert not is_older("0.9", "")


@pytest.mark.parametrize(
    ("host", "refuses"),
    [
        ("1.dkr.ecr.eu-central-1.amazonaws.com", True),
        ("1.dkr.ecr.cn-north-1.amazonaws.com.cn", True),
        ("1.dkr.ecr-fips.us-east-1.amazonaws.com", True),
        ("public.ecr.aws", True),
        ("ghcr.io", False),
        ("ecr.amazonaws.com.example.org", False),
    ],
)
def test_registries_without_indexes(host: str, refuses: bool) -> None:
    assert hosts.refuses_indexes(host) is refuses


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("localhost", True),
        ("localhost:5000", True),
        ("127.0.0.1:5000", True),
        ("[::1]:5000", True),
        ("a.localhost", True),
        ("localhost.example.org", False),
        ("registry:5000", False),
        ("docker.io", False),
    ],
)
def test_this_machine(host: str, is_here: bool) -> None:
    assert hosts.is_this_machine(host) is is_here


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://minio:9000/x", "minio"),
        ("https://s3.example.org", "s3.example.org"),
        ("http://[::1]:9000", "[::1]"),
        ("http://[::1]", "[::1]"),
    ],
)
def test_hosts_of_urls(url: str, host: str) -> None:
    assert hosts.url_host(url) == host
