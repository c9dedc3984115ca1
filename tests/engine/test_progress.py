"""The readers of a build's progress, against recordings of real clients and against noise."""

from __future__ import annotations

import pytest

from envd_cache.engine.outcome import ExportOutcome, ImportOutcome, Outcome, Steps
from envd_cache.engine.plaintext import PlainText
from envd_cache.engine.rawjson import RawJson
from tests.engine import status_lines
from tests.engine.recordings import NAMES, outcome_of

HERE = "127.0.0.1:40377"
REFUSED = "connection refused"
S3 = "s3:17524054376711961428"

# Of each case: imports as (source, state, a part of the reason), exports as (type, state, fatal), steps.
Expected = tuple[list[tuple[str, str, str]], list[tuple[str, str, bool]], Steps]
DOCKER: dict[str, Expected] = {
    "export": ([], [("registry", "written", False)], Steps(0, 4)),
    "import_hit": ([(f"{HERE}/c:1", "found", "")], [("registry", "written", False)], Steps(4)),
    "missing": ([(f"{HERE}/nothing:1", "missing", "not found")], [], Steps(0, 4)),
    "imports_bad": (
        [
            ("127.0.0.1:1/x:1", "failed", REFUSED),
            (f"{HERE}/UPPER:1", "failed", "must be lowercase"),
            (f"{HERE}/base:1", "found", ""),
            ("nodir", "missing", "no such file or directory"),
            ("nosuch:10641301939562309392", "failed", "unknown cache importer: nosuch"),
            (S3, "failed", "unknown cache importer: s3"),
        ],
        [],
        # The engine had kept one step from before.
        Steps(1, 3),
    ),
    "local": ([], [("local", "written", False)], Steps(1, 3)),
    "inline": ([], [("inline", "written", False)], Steps(0, 4)),
    "refused": ([], [("registry", "failed", True)], Steps(0, 4)),
    "refused_ignored": ([], [("registry", "failed", False)], Steps(0, 4)),
    "unknown_export": ([], [], Steps()),
    "failing": ([(f"{HERE}/c:1", "found", "")], [], Steps(0, 3, 1)),
    "two_registries": ([], [("registry", "failed", False), ("registry", "written", False)], Steps(0, 4)),
    "two": (
        [],
        [("inline", "written", False), ("local", "written", False), ("registry", "written", False)],
        Steps(0, 4),
    ),
    "cached": ([], [], Steps(4)),
    "gha_dropped": ([], [], Steps(1, 3)),
    "inline_nooutput": ([], [], Steps(1, 3)),
    "nobase": ([], [], Steps()),
    "docker20_two": ([], [], Steps()),
    "docker28_inline": ([], [("inline", "written", False)], Steps(0, 4)),
    "docker28_registry": (
        [("127.0.0.1:48635/c:none", "missing", "not found"), (S3, "failed", "unknown cache importer: s3")],
        [("registry", "written", False)],
        Steps(0, 4),
    ),
    "docker20_inline_in": (
        [("127.0.0.1:55063/img:1", "found", "")],
        [("", "written", False)],
        Steps(4),
    ),
}
ENVD: dict[str, Expected] = {
    "export": ([], [("registry", "written", False)], Steps(0, 2)),
    "import_hit": ([(f"{HERE}/e:1", "found", "")], [("registry", "written", False)], Steps(2)),
    "cached": ([], [], Steps(2)),
    "missing": ([(f"{HERE}/nothing:1", "missing", "not found")], [], Steps(0, 2)),
    "unreachable": ([("127.0.0.1:1/x:1", "failed", REFUSED)], [], Steps(0, 2)),
    "unknown_import": ([(S3, "failed", "unknown cache importer: s3")], [], Steps(0, 2)),
    "badref": ([(f"{HERE}/UPPER:1", "failed", "must be lowercase")], [], Steps(0, 2)),
    "local_missing": (
        [("local:12990569792467131034", "failed", "local cache importer requires explicit digest")],
        [],
        Steps(0, 2),
    ),
    "inline": ([], [("inline", "written", False)], Steps(0, 2)),
    "refused": ([], [("registry", "failed", True)], Steps(0, 2)),
    "refused_ignored": ([], [("registry", "failed", False)], Steps(0, 2)),
    "unknown_export": ([], [], Steps()),
    # The first step was cached: its layers were fetched for the second, which ran.
    "failing": ([(f"{HERE}/e:1", "found", "")], [], Steps(1, 0, 1)),
    "wrong": ([], [], Steps()),
}


def seen(outcome: Outcome) -> tuple[list[tuple[str, str]], list[tuple[str, str, bool]], Steps]:
    imports = sorted((found.source, str(found.state)) for found in outcome.imports)
    exports = sorted((found.type, str(found.state), found.fatal) for found in outcome.exports)
    return imports, exports, outcome.steps


def case_of(name: str) -> tuple[str, str]:
    case, client = name.split(".")[:2]
    return case, client


TOLD = [name for name in NAMES if case_of(name)[0] in (ENVD if ".envd." in name else DOCKER)]


def test_most_recordings_are_in_the_tables() -> None:
    left = {case_of(name)[0] for name in NAMES if name not in TOLD}
    others = {"bake", "local_in", "local_both", "two_locals", "two_registries_fatal", "docker28_local_in"}
    assert left == others


@pytest.mark.parametrize("name", TOLD)
def test_a_recorded_build(name: str) -> None:
    case, client = case_of(name)
    imports, exports, steps = (ENVD if client == "envd" else DOCKER)[case]
    outcome = outcome_of(name)
    assert seen(outcome) == ([(source, state) for source, state, _ in imports], exports, steps)
    reasons = {found.source: found.reason for found in outcome.imports}
    for source, state, part in imports:
        assert part in reasons[source]
        assert bool(reasons[source]) == (state in ("missing", "failed"))


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(".rawjson")])
def test_times_and_digests(name: str) -> None:
    outcome = outcome_of(name)
    assert (outcome.seconds is None) == (outcome.seen == 0)
    for export in outcome.exports:
        written = export.state == "written" and export.type in ("registry", "local")
        assert export.digest.startswith("sha256:") == written
        assert export.layers == (5 if written else 1 if export.state == "failed" else 0)
        if export.type != "inline":
            assert export.seconds is not None
            assert 0 <= export.seconds < 5


PAIRS = [
    (name, other)
    for name in NAMES
    for other in NAMES
    if name.endswith(".rawjson") and other.endswith(".txt") and ".envd." not in other
    if case_of(name)[0] == case_of(other)[0] != "bake"
]


@pytest.mark.parametrize(("name", "other"), PAIRS)
def test_both_readers_say_the_same_of_a_case(name: str, other: str) -> None:
    one, two = outcome_of(name), outcome_of(other)
    if "two_locals" in name:
        # The numbers of directories depend on what was in them.
        one, two = (
            each.replace(imports=tuple(found for found in each.imports if found.type != "local"))
            for each in (one, two)
        )
    if case_of(name)[0] == "two_registries_fatal":
        # Before one of them the engine had kept a step.
        one, two = one.replace(steps=Steps()), two.replace(steps=Steps())
    assert seen(one) == seen(two)
    assert one.error.split('"')[0] == two.error.split('"')[0]
    assert one.failed_step == two.failed_step
    assert sorted(one.failed_log) == sorted(two.failed_log)


# ---- what failed ----

RUN = 'RUN echo FAIL=1; [ "1" = 0 ] || { echo about to fail; echo "no such thing: x" >&2; exit 3; }'


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("failing.buildx")])
def test_a_failed_step_of_docker(name: str) -> None:
    outcome = outcome_of(name)
    assert outcome.failed_step == f"[5/5] {RUN}"
    assert sorted(outcome.failed_log) == ["FAIL=1", "about to fail", "no such thing: x"]
    assert outcome.error.startswith('process "/bin/sh -c echo FAIL=$FAIL;')
    assert outcome.error.endswith("did not complete successfully: exit code: 3")


def test_a_failed_step_of_envd() -> None:
    outcome = outcome_of("failing.envd.txt")
    assert outcome.failed_step == "echo about to fail; echo no such thing >&2; exit 3"
    assert outcome.failed_log[1:] == ("about to fail", "no such thing")
    assert outcome.error.startswith('process "bash -c set -euo pipefail')


def test_an_error_before_the_build() -> None:
    assert outcome_of("unknown_export.buildx-0.29.rawjson").error == 'unknown cache exporter: "s3"'
    assert outcome_of("unknown_export.envd.txt").error == 'unknown cache exporter: "s3"'
    driver = "Cache export is not supported for the docker driver."
    assert outcome_of("docker20_two.buildx-0.13.txt").error == driver
    assert outcome_of("wrong.envd.txt").error.endswith("undefined: nope")


def test_an_image_that_is_not_there() -> None:
    outcome = outcome_of("nobase.buildx-0.13.txt")
    assert outcome.failed_step == "[internal] load metadata for docker.io/library/nothere:1"
    assert outcome.error.startswith("nothere:1: failed to resolve source metadata")


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("two_registries_fatal")])
def test_an_export_that_another_one_stopped(name: str) -> None:
    exports = outcome_of(name).exports
    assert sorted((export.state, export.fatal) for export in exports) == [("failed", False), ("failed", True)]
    assert all("https://127.0.0.1:1/v2/y/" in export.reason for export in exports)


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("bake.")])
def test_two_targets_of_bake(name: str) -> None:
    outcome = outcome_of(name)
    by_target = {(found.target, found.source.rpartition("/")[2]) for found in outcome.imports}
    assert by_target == {("app", "b:app"), ("app", "b:none"), ("web", "x:1")}
    assert {(found.target, found.type) for found in outcome.exports} == {
        ("app", "registry"),
        ("web", "local"),
    }
    assert outcome.error == ""
    assert (outcome.steps.failed, outcome.steps.left) == (0, 0)


@pytest.mark.parametrize(
    ("code", "error"),
    [(None, "boom"), (1, "boom"), (0, "")],
)
def test_the_exit_code_decides(code: int | None, error: str) -> None:
    reader = PlainText()
    reader.feed(b"#1 [1/1] RUN x\nERROR: failed to solve: boom\n")
    assert reader.outcome(code).error == error


def test_a_client_that_says_nothing_of_its_failure() -> None:
    reader = RawJson()
    reader.feed(status_lines.vertex("a", "[1/2] RUN x", started=1, completed=2, error="it broke"))
    assert reader.outcome().error == ""
    assert reader.outcome(1).error == "it broke"
    assert reader.outcome(1).failed_step == "[1/2] RUN x"
    assert RawJson().outcome(137).error == "exit code 137 (SIGKILL)"
    assert RawJson().outcome().seen == 0


def test_steps_that_never_began() -> None:
    reader = RawJson()
    reader.feed(status_lines.vertex("a", "[1/2] RUN x", started=1, completed=2, error="it broke"))
    reader.feed(status_lines.vertex("b", "[2/2] RUN y"))
    assert reader.outcome(1).steps == Steps(0, 0, 1, 1)
    assert reader.outcome(0).steps == Steps(0, 0, 1, 0)


# ---- what BuildKit does not say ----


def test_a_missing_cache_that_is_no_error_for_its_importer() -> None:
    name = "importing cache manifest from s3:17524054376711961428"
    reader = RawJson()
    reader.feed(status_lines.vertex("a", name, started=1, completed=2))
    assert reader.outcome().imports == (
        ImportOutcome("s3:17524054376711961428", "read", "", "s3", seconds=1.0),
    )
    status = {"id": "found 3 layers in cache", "vertex": "a", "completed": status_lines.time(2)}
    reader.feed(status_lines.line({"statuses": [status]}))
    assert reader.outcome().imports[0].state == "found"


LEFT = b"""#4 importing cache manifest from local:17
#4 inferred cache manifest type: application/vnd.oci.image.index.v1+json done
#4 ...

#9 exporting cache to client directory
#9 writing layer sha256:aa
#9 writing config sha256:bb done
#9 writing cache manifest sha256:cc done
#9 preparing build cache for export 0.0s done
#9 ...

#10 exporting cache to registry
#10 writing cache manifest sha256:cc
"""


def test_an_end_that_buildx_does_not_print() -> None:
    reader = PlainText()
    reader.feed(LEFT)
    done = reader.outcome(0)
    assert [each.state for each in done.imports] == ["found"]
    assert [(each.state, each.digest) for each in done.exports] == [
        ("written", "sha256:cc"),
        ("not reached", ""),
    ]
    broken = PlainText()
    broken.feed(LEFT)
    assert [each.state for each in broken.outcome(1).exports] == ["not reached", "not reached"]


def test_what_a_stopped_build_left() -> None:
    reader = RawJson()
    reader.feed(status_lines.vertex("a", "importing cache manifest from r:1", started=1))
    reader.feed(status_lines.vertex("b", "exporting cache to registry", started=1))
    reader.feed(status_lines.vertex("c", "[1/1] RUN x", started=1, completed=2, error="a: context canceled"))
    outcome = reader.outcome(130)
    assert outcome.imports == (ImportOutcome("r:1", "not asked"),)
    assert outcome.exports == (ExportOutcome("registry", "not reached"),)
    assert outcome.steps == Steps(left=1)
