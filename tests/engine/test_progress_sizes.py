"""The report after a build: sizes, times, and the same as data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from envd_cache.diagnostics import WARNING
from envd_cache.engine.matched import place, settled
from envd_cache.engine.outcome import ExportOutcome, ImportOutcome, Outcome, Steps
from envd_cache.engine.telling import as_data, duration, measured, size, text
from envd_cache.remote.held import LIMIT, Absent, Held
from tests.emit.workshop import Workshop
from tests.engine.recordings import plan_of

if TYPE_CHECKING:
    from envd_cache.emit.wire import WireEntry
    from envd_cache.engine.outcome import ExportState

TWO = 'cache.registry(ref="ghcr.io/a/b:1", use="export")\n    cache.registry(ref="c/d", use="export")'


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("workshop"))


# ---- sizes ----


def test_sizes_and_what_cannot_be_read(workshop: Workshop) -> None:
    plan = plan_of(workshop, TWO + '\n    cache.local(dest="d")\n    cache.inline()')
    exports = (
        ExportOutcome("registry", "written", seconds=4.06, digest="sha256:1", layers=9),
        ExportOutcome("registry", "written", digest="sha256:2"),
        ExportOutcome("local", "written", seconds=0.5),
        ExportOutcome("inline", "written"),
    )
    outcome = settled(Outcome(exports=exports, seen=4), plan)
    asked: list[str] = []

    def look(entry: WireEntry) -> Held | str | None:
        asked.append(place(entry, "export"))
        answers: dict[str, Held | str] = {
            "ghcr.io/a/b:1": Held("sha256:1", 1000, LIMIT, 3, 12_000_000),
            "c/d": "not logged in (401)",
            "d": Held("sha256:3", 10, LIMIT + 1, 1, 5),
        }
        return answers[asked[-1]]

    made, problems = measured(outcome, look)
    assert asked == ["ghcr.io/a/b:1", "c/d", "d"]
    assert [(each.bytes, each.layers) for each in made.exports] == [
        (12_000_000 + 1000 + LIMIT, 3),
        (None, 0),
        (10 + LIMIT + 1 + 5, 1),
        (None, 0),
    ]
    assert text(made, "//:build") == (
        "caches of //:build\n"
        "  export  registry ghcr.io/a/b:1  written, 13.0 MB in 4.1 s\n"
        "  export  registry c/d            written\n"
        "  export  local d                 written, 1.0 MB in 0.5 s\n"
        "  export  inline                  written\n"
        "no steps\n"
    )
    (problem,) = problems
    assert (problem.code, problem.severity) == ("EC507", WARNING)
    assert problem.message == (
        "the configuration of `type=local,dest=d` has 1048577 bytes; "
        "BuildKit reads at most 1048576 and will refuse it"
    )
    assert problem.location == plan.exports[2].origin.decl.site.location


def test_a_place_that_another_build_wrote_since(workshop: Workshop) -> None:
    plan = plan_of(workshop, 'cache.registry(ref="r:1", use="export")')
    written = ExportOutcome("registry", "written", digest="sha256:1")
    outcome = settled(Outcome(exports=(written,), seen=1), plan)
    made, problems = measured(outcome, lambda _entry: Held("sha256:2", LIMIT + 1, 1, 1, 1))
    assert (made, problems) == (outcome, ())


@pytest.mark.parametrize(
    ("error", "look", "state"),
    [
        # buildx 0.13.1 fills in the index last; measured with 4,300 layers, which took it five minutes.
        ("DeadlineExceeded: context deadline exceeded", Absent("index.json: no such file"), "failed"),
        ("DeadlineExceeded: context deadline exceeded", "index.json: permission denied", "written"),
        ("", Absent("index.json: no such file"), "written"),
    ],
)
def test_a_directory_without_the_cache_that_a_failed_client_wrote(
    error: str, look: str, state: str, workshop: Workshop
) -> None:
    plan = plan_of(workshop, 'cache.local(dest="d", use="export")')
    written = ExportOutcome("local", "written", digest="sha256:1", layers=2)
    outcome = settled(Outcome(exports=(written,), error=error, seen=1), plan)
    (export,) = measured(outcome, lambda _entry: look)[0].exports
    assert export.state == state
    assert (export.reason, export.digest) == ((look, "") if state == "failed" else ("", "sha256:1"))


def test_how_a_build_of_several_ended_is_told_once(workshop: Workshop) -> None:
    plan = plan_of(workshop, 'cache.registry(ref="r:1", use="import")')
    found = ImportOutcome("r:1", "found")
    outcome = settled(Outcome(imports=(found,), steps=Steps(1, 2), error="boom", seen=4), plan)
    caches = "caches of //:build\n  import  registry r:1  found\n"
    assert text(outcome, "//:build", ends=False) == caches
    assert text(outcome, "//:build") == f"{caches}3 steps: 1 cached, 2 run\nthe build failed: boom\n"


def test_nobody_is_asked_about_what_was_not_written(workshop: Workshop) -> None:
    plan = plan_of(workshop, 'cache.registry(ref="r:1", use="export")')

    def never(_entry: WireEntry) -> Held:
        raise AssertionError

    states: tuple[ExportState, ...] = ("failed", "not reached", "unclear")
    for state in states:
        exports = (ExportOutcome("registry", state),)
        outcome = settled(Outcome(exports=exports, seen=1), plan)
        assert measured(outcome, never) == (outcome, ())


# ---- numbers and data ----


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (12_345_678, "12.3 MB"),
        (10**12, "1.0 TB"),
        (10**16, "10000.0 TB"),
    ],
)
def test_a_size(number: int, shown: str) -> None:
    assert size(number) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0, "0.0 s"),
        (0.04, "0.0 s"),
        (4.06, "4.1 s"),
        (99.9, "99.9 s"),
        (99.96, "1 min 40 s"),
        (3601, "60 min 1 s"),
    ],
)
def test_a_time(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_the_data(workshop: Workshop) -> None:
    plan = plan_of(workshop, 'cache.registry(ref="r:1")')
    export = ExportOutcome("registry", "failed", seconds=0.12345, reason="refused", fatal=True)
    outcome = settled(
        Outcome(
            (ImportOutcome("r:1", "missing", "not found", seconds=0.5),),
            (export,),
            Steps(9, 3),
            14.2,
            "refused",
            seen=15,
        ),
        plan,
    )
    expected = {
        "imports": [
            {"type": "registry", "source": "r:1", "state": "missing", "reason": "not found", "seconds": 0.5}
        ],
        "exports": [
            {
                "type": "registry",
                "where": "r:1",
                "state": "failed",
                "reason": "refused",
                "failed_the_build": True,
                "seconds": 0.123,
            }
        ],
        "steps": {"total": 12, "cached": 9, "run": 3, "failed": 0, "left": 0},
        "seconds": 14.2,
        "error": "refused",
        "failed_step": "",
        "failed_log": [],
    }
    assert as_data(outcome) == expected
    assert json.loads(json.dumps(as_data(outcome))) == expected
    assert text(outcome, plan.label) == (
        "caches of //:build\n"
        "  import  registry r:1  missing (not found)\n"
        "  export  registry r:1  failed: refused; this failed the build\n"
        "12 steps: 9 cached, 3 run, 14.2 s\n"
    )
