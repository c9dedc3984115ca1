"""The report after a build: which declaration each outcome belongs to, the text, the data, the problems."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envd_cache.diagnostics import ERROR, WARNING
from envd_cache.engine.matched import diagnostics_of, import_key, settled
from envd_cache.engine.outcome import ExportOutcome, ImportOutcome, Outcome
from envd_cache.engine.telling import text
from envd_cache.report.text import position
from tests.emit.workshop import Workshop
from tests.engine.recordings import DECLARED, NAMES, outcome_of, plan_of

if TYPE_CHECKING:
    from envd_cache.engine.outcome import ImportState

GOLDEN = Path(__file__).parent / "recorded_reports.txt"


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("workshop"))


# ---- recorded builds ----


def test_the_reports_of_recorded_builds(workshop: Workshop, update_goldens: bool) -> None:
    parts = []
    for name in NAMES:
        case = name.split(".")[0]
        if case not in DECLARED or not name.endswith(("buildx-0.29.rawjson", "buildx-0.13.txt")):
            continue
        plan = plan_of(workshop, DECLARED[case])
        outcome = settled(outcome_of(name), plan)
        problems = [
            f"{found.severity}[{found.code}] at line {line}: {found.message}\n"
            + (f"  hint: {found.hint}\n" if found.hint else "")
            for found in diagnostics_of(outcome, plan)
            if (line := position(found.location).split(":")[-2] if found.location else "-")
        ]
        parts.append(f"== {name}\n{text(outcome, plan.label)}{''.join(problems)}")
    written = "\n".join(parts)
    if update_goldens:
        GOLDEN.write_text(written)
    assert written == GOLDEN.read_text()


def test_directories_are_told_apart(workshop: Workshop) -> None:
    plan = plan_of(workshop, DECLARED["two_locals"])
    digests = {
        "lc": "sha256:787f695d50d0cf106cef35886521cd41c807b518df8fd349c9d26ab90d02c6fa",
        "lc2": "sha256:787f695d50d0cf106cef35886521cd41c807b518df8fd349c9d26ab90d02c6fa",
    }
    first, second = (
        import_key("local", {"src": name, "digest": digest}) for name, digest in sorted(digests.items())
    )
    broken = Outcome(
        (
            ImportOutcome(second, "failed", "broken", "local"),
            ImportOutcome(first, "found", "", "local"),
            ImportOutcome(
                import_key("s3", {"bucket": "c", "region": "r", "name": "y"}), "failed", "no", "s3"
            ),
            ImportOutcome("s3:1", "read", "", "s3"),
        ),
        seen=5,
    )

    def digest_of(directory: str, tag: str) -> str:
        assert tag == "latest"
        return digests.get(directory, "")

    known = settled(broken, plan, digest_of=digest_of)
    assert [(each.source, each.state) for each in known.imports] == [
        ("lc", "found"),
        ("lc2", "failed"),
        ("nodir2", "not asked"),
        ("b x", "read"),
        ("c y", "failed"),
    ]
    # Without the digests nobody knows which of them it was.
    unknown = settled(broken, plan)
    assert [each.state for each in unknown.imports] == ["unclear", "unclear", "unclear", "read", "failed"]
    found = diagnostics_of(unknown, plan)[0]
    assert found.message == (
        "`type=local,src=lc` may not have been read: of 2 of this kind 1 failed, "
        "and BuildKit does not say which: broken"
    )


@pytest.mark.parametrize(
    ("type_", "attrs", "name"),
    [
        # Docker Engine 26.1 and 28.5, through buildx and through envd.
        ("nosuch", {"x": "1"}, "nosuch:10641301939562309392"),
        ("s3", {"bucket": "b", "region": "r"}, "s3:17524054376711961428"),
        ("s3", {"region": "r", "name": "x", "bucket": "b"}, "s3:14750203011361204794"),
        ("local", {"src": "nodir"}, "local:12990569792467131034"),
        (
            "local",
            {
                "src": "lc",
                "digest": "sha256:02cb7866bafde747f7645ae2f5a71eb847fe5728b30c5514191a7ccb2fa33421",
            },
            "local:17878853001410328880",
        ),
    ],
)
def test_buildkits_name_of_an_import(type_: str, attrs: dict[str, str], name: str) -> None:
    assert import_key(type_, attrs) == name
    assert import_key(type_, dict(reversed(attrs.items()))) == name
    assert import_key(type_, {**attrs, "more": ""}) != name


# ---- matching ----

TWO = 'cache.registry(ref="ghcr.io/a/b:1", use="export")\n    cache.registry(ref="c/d", use="export")'


def states(outcome: Outcome) -> list[tuple[str, str, str]]:
    return [(each.where, each.state, each.reason) for each in outcome.exports]


@pytest.mark.parametrize(
    ("reason", "failed"),
    [
        ('Put "https://ghcr.io/v2/a/b/blobs/sha256:1": refused', 0),
        ('Head "https://registry-1.docker.io/v2/c/d/manifests/x": 401', 1),
        ("failed to push c/d: denied", 1),
        ("unexpected status from HEAD request to https://ghcr.io/v2/a/b/manifests/1: 403 Forbidden", 0),
    ],
)
def test_an_error_names_its_registry(workshop: Workshop, reason: str, failed: int) -> None:
    plan = plan_of(workshop, TWO)
    good = ExportOutcome("registry", "written", digest="sha256:1", seconds=1.0)
    bad = ExportOutcome("registry", "failed", reason=reason)
    for both in ((good, bad), (bad, good)):
        outcome = settled(Outcome(exports=both, seen=4), plan)
        expected = [("written", ""), ("written", "")]
        expected[failed] = ("failed", reason)
        assert [(each.state, each.reason) for each in outcome.exports] == expected
        assert [each.where for each in outcome.exports] == ["ghcr.io/a/b:1", "c/d"]


def test_what_cannot_be_told_apart_is_not_guessed(workshop: Workshop) -> None:
    plan = plan_of(workshop, TWO)
    both = (ExportOutcome("registry", "written"), ExportOutcome("registry", "failed", reason="no space"))
    outcome = settled(Outcome(exports=both, seen=4), plan)
    says = "of 2 of this kind 1 failed, and BuildKit does not say which: no space"
    assert states(outcome) == [("ghcr.io/a/b:1", "unclear", says), ("c/d", "unclear", says)]
    found = diagnostics_of(outcome, plan)
    assert [each.severity for each in found] == [WARNING, WARNING]
    assert {each.location for each in found} == {entry.origin.decl.site.location for entry in plan.exports}


def test_settling_twice_is_settling_once(workshop: Workshop) -> None:
    plan = plan_of(workshop, TWO)
    once = settled(Outcome(exports=(ExportOutcome("registry", "written"),), seen=1), plan)
    assert settled(once, plan) is once


def test_what_is_not_declared_comes_last(workshop: Workshop) -> None:
    plan = plan_of(workshop, 'cache.registry(ref="r:1")')
    own = Outcome(
        (ImportOutcome("other:1", "found"), ImportOutcome("r:1", "found")),
        (ExportOutcome("local", "written"), ExportOutcome("registry", "written")),
        seen=3,
    )
    outcome = settled(own, plan)
    assert [(each.source, each.entry is not None) for each in outcome.imports] == [
        ("r:1", True),
        ("other:1", False),
    ]
    assert [(each.type, each.entry is not None) for each in outcome.exports] == [
        ("registry", True),
        ("local", False),
    ]
    assert diagnostics_of(outcome, plan) == ()


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("bake.")])
def test_one_target_of_bake(workshop: Workshop, name: str) -> None:
    here = "127.0.0.1:40377"
    plan = plan_of(workshop, f'cache.registry(ref="{here}/b", key=["app", "none"], mode="max")')
    app = settled(outcome_of(name), plan, "app")
    assert [(each.source, each.state) for each in app.imports][-1] == (f"{here}/b:none", "missing")
    assert [(each.where, each.state) for each in app.exports] == [(f"{here}/b:app", "written")]
    assert len(app.imports) == 2
    web = settled(outcome_of(name), plan_of(workshop, 'cache.local(dest="blc")'), "web")
    assert [(each.where, each.state) for each in web.exports] == [("blc", "written")]
    assert [each.source for each in web.imports] == ["127.0.0.1:1/x:1"]


@pytest.mark.parametrize(
    ("error", "body", "failed"),
    [
        ('unknown cache exporter: "s3"', 'cache.s3(bucket="b", region="r", use="export")', [True]),
        ('unknown cache exporter: "s3"', "cache.inline()", [False]),
        ("failed to configure registry cache exporter: invalid reference format", TWO, [True, True]),
        ("registry cache exporter requires ref", "cache.inline()\n    " + TWO, [False, True, True]),
        ("duplicate cache exports [inline registry]", "cache.inline()\n    " + TWO, [True, True, True]),
        ("Cache export is not supported for the docker driver.", TWO, [True, True]),
        ("specifying multiple cache exports is not supported currently", TWO, [True, True]),
        ("dockerfile parse error on line 2", TWO, [False, False]),
    ],
)
def test_an_export_that_is_refused_before_the_build(
    workshop: Workshop, error: str, body: str, failed: list[bool]
) -> None:
    plan = plan_of(workshop, body)
    outcome = settled(Outcome(error=error), plan)
    assert [each.state == "failed" for each in outcome.exports] == failed
    assert [each.fatal for each in outcome.exports] == failed
    assert {each.state for each in outcome.exports} <= {"failed", "not reached"}
    found = diagnostics_of(outcome, plan)
    assert [each.severity for each in found] == [ERROR] * sum(failed)


def test_without_progress_nothing_is_said(workshop: Workshop) -> None:
    plan = plan_of(workshop, 'cache.registry(ref="r:1")')
    outcome = settled(Outcome(), plan)
    assert text(outcome, plan.label) == (
        "caches of //:build\n  import  registry r:1  unknown\n  export  registry r:1  unknown\n"
    )
    assert diagnostics_of(outcome, plan) == ()


REACH = "check the address, and that the engine can reach it"
LOGIN = "log in where the engine's client runs, and check what the account may do"
FIRST = "this is usual in a first build; an export to the same place makes it"
SMALLER = 'use `mode="min"`, or delete this cache and write a smaller one'


@pytest.mark.parametrize(
    ("state", "reason", "said", "hint"),
    [
        ("missing", "not found", "note: was not there: not found", FIRST),
        ("failed", "x: 403 Forbidden", "warning: could not be read: x: 403 Forbidden", LOGIN),
        ("failed", "sha256:aa403bb: connection refused", "", REACH),
        ("failed", "lookup r: no such host", "", REACH),
        ("failed", "blob sha256:1 is too large (9 > 8)", "", SMALLER),
        ("failed", "unknown cache importer: r", "", "the engine does not have this kind of cache"),
        ("failed", "something new", "warning: could not be read: something new", ""),
    ],
)
def test_the_problems_of_imports(
    workshop: Workshop, state: ImportState, reason: str, said: str, hint: str
) -> None:
    plan = plan_of(workshop, 'cache.registry(ref="r:1", use="import")')
    (one,) = diagnostics_of(Outcome((ImportOutcome("r:1", state, reason),), seen=2), plan)
    severity, _, message = (said or f"warning: could not be read: {reason}").partition(": ")
    assert (one.code, one.severity, one.hint) == ("EC505", severity, hint)
    assert one.message == f"`type=registry,ref=r:1` {message}"
    assert one.location is not None
    assert position(one.location).endswith("build.envd:3:5")


def test_a_secret_is_a_name(workshop: Workshop) -> None:
    keys = 'access_key_id=cache.secret("K"), secret_access_key=cache.secret("S")'
    plan = plan_of(workshop, f'cache.s3(bucket="b", region="r", {keys})')
    outcome = settled(Outcome(seen=3), plan)
    told = repr([found.message for found in diagnostics_of(outcome, plan)])
    assert "access_key_id=$K" in told
    assert [each.source for each in outcome.imports] == ["b"]
