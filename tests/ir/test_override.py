"""Changes from the command line: how they are read, which targets they mean, and what they make of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from envd_cache import pipeline
from envd_cache.catalog import BACKENDS
from envd_cache.catalog.common import KEY, USE
from envd_cache.catalog.model import Secret
from envd_cache.diagnostics import in_order
from envd_cache.evaluate.facts import Facts
from envd_cache.evaluate.model import CallSite, Evaluation, RecordedCall
from envd_cache.ir.lower import lower
from envd_cache.ir.override import Override, apply, blamed, parse, unused
from envd_cache.report.text import position, render
from envd_cache.source import Target
from tests.emit.strategies import ONE, Declaration

if TYPE_CHECKING:
    from pathlib import Path

    from envd_cache.ir.model import CachePlan
    from envd_cache.ir.override import Applied

NOWHERE = CallSite(lambda: ())


def calls(made: dict[str, dict[str, Any]], label: str = "//team/app:build") -> Evaluation:
    """Return a target that made one call for each backend, with its arguments."""
    recorded = [RecordedCall(f"cache.{name}", (), arguments, NOWHERE) for name, arguments in made.items()]
    return Evaluation(Target("build.envd"), label, None, tuple(recorded))


def right(*texts: str) -> tuple[Override, ...]:
    found = parse(texts)
    assert found.diagnostics == ()
    return found.value


def changed(evaluation: Evaluation, *texts: str) -> list[dict[str, object]]:
    """Return the arguments of each call after some changes."""
    return [dict(call.kwargs) for call in apply(right(*texts), evaluation).evaluation.calls]


# ---- reading ----


def test_a_change_and_its_parts() -> None:
    (found,) = right("//team/*:build.registry.mode=min")
    assert (found.target, found.backend, found.param) == ("//team/*:build", "registry", "mode")
    assert (found.value, found.adds, found.location.source.path) == ("min", False, "--set")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("*.registry.insecure=true", True),
        ("*.registry.insecure=False", False),
        ("*.registry.compression_level=5", 5),
        ("*.registry.compression_level=0", 0),
        ("*.registry.ref=ghcr.io/a.b/c:x", "ghcr.io/a.b/c:x"),
        ("*.s3.blobs_prefix=a=b.c+=d", "a=b.c+=d"),
        ("*.s3.blobs_prefix= a\nb", " a\nb"),
        ("*.s3.secret_access_key=$KEY", Secret("KEY")),
        ("*.s3.secret_access_key=${KEY_1}", Secret("KEY_1")),
        ("*.s3.access_key_id=$ID", Secret("ID")),
        ("*.s3.access_key_id=AKIA", "AKIA"),
        ("*.gha.version=2", 2),
        ("*.registry.key=a/b", "a/b"),
        ("//a.b/c.envd:f.local.path=c", "c"),
        ("*.*.use=import", "import"),
        ("*.registry.mode=", None),
    ],
)
def test_a_value_is_read_by_the_type_of_its_parameter(text: str, value: object) -> None:
    (found,) = right(text)
    assert found.value == value
    assert type(found.value) is type(value)


WRONG = {
    "": "--set:1:1: EC021 a change is TARGET.BACKEND.PARAMETER=VALUE (such as `*.registry.mode=max`)",
    "*.registry.mode": "--set:1:1: EC021 a change is TARGET.BACKEND.PARAMETER=VALUE"
    " (such as `*.registry.mode=max`)",
    "registry.mode=max": "--set:1:1: EC021 a change is TARGET.BACKEND.PARAMETER=VALUE"
    " (such as `*.registry.mode=max`)",
    ".registry.mode=max": "--set:1:1: EC021 a change is TARGET.BACKEND.PARAMETER=VALUE"
    " (such as `*.registry.mode=max`)",
    "*.cache-to=": "--set:1:1: EC021 a change is TARGET.BACKEND.PARAMETER=VALUE"
    " (such as `*.registry.mode=max`)",
    "*.regisry.mode=max": "--set:1:3: EC021 there is no `cache.regisry` (did you mean `registry`?)",
    "*.ftp.mode=max": "--set:1:3: EC021 there is no `cache.ftp`"
    " (backends: registry, inline, local, gha, s3, azblob, or `*` for all)",
    "*.registry.ignore-error=true": "--set:1:12: EC021 `cache.registry` has no parameter `ignore-error`"
    " (did you mean `ignore_error`?)",
    "*.inline.mode=max": "--set:1:10: EC021 `cache.inline` has no parameter `mode`"
    " (parameters: key, ref, use)",
    "*.*.moed=max": "--set:1:5: EC021 no cache has a parameter `moed` (did you mean `mode`?)",
    "team/app:build.registry.mode=max": "--set:1:1: EC021 `team/app:build` is neither a label nor a function"
    " (write `//team/app:build`)",
    "*.registry.mode+=max": "--set:1:16: EC021 `mode` takes one value, so nothing can be added to it"
    " (write `mode=`)",
    "*.registry.ref=": "--set:1:12: EC021 `cache.registry` needs `ref`, so it cannot be taken away"
    " (give another value)",
    "*.registry.mode=MAX": '--set:1:17: EC106 `mode` must be "min" or "max", not "MAX" (did you mean "max"?)',
    "*.registry.insecure=yes": "--set:1:21: EC103 `insecure` must be true or false, not `yes`"
    " (write `insecure=true` or `insecure=false`)",
    "*.registry.compression_level=5.0": "--set:1:30: EC103 `compression_level` must be a whole number,"
    " not `5.0` (write digits only)",
    "*.registry.compression_level=٣": "--set:1:30: EC103 `compression_level` must be a whole number,"
    " not `٣` (write digits only)",
    "*.s3.upload_parallelism=0": "--set:1:25: EC107 `upload_parallelism` must be at least 1, not 0"
    " (write a number from 1 to 2147483647)",
    "*.registry.ref=r/a:b/c": "--set:1:16: EC108 `ref` has a `/` in its tag: `b/c`"
    " (`key=cache.branch()` makes a valid tag of any name, or use `cache.slug`)",
    "*.registry.key+=": "--set:1:15: EC106 `key` is empty (name a key, or leave the argument out)",
    "*.s3.secret_access_key=hunter2": "--set:1:24: EC111 `secret_access_key` holds a credential; "
    "it cannot be written on a command line (write `secret_access_key=$NAME`, with the name of an "
    "environment variable, quoted for the shell)",
    "*.s3.secret_access_key=$1": "--set:1:24: EC106 `secret_access_key` must be the name of an environment "
    "variable (write letters, digits and `_` only, and no digit first)",
}


@pytest.mark.parametrize(("text", "expected"), WRONG.items(), ids=WRONG)
def test_what_is_wrong_with_a_change(text: str, expected: str) -> None:
    found = parse([text])
    assert found.value == ()
    (problem,) = found.diagnostics
    assert problem.severity == "error"
    assert problem.location is not None
    where = position(problem.location)
    assert f"{where}: {problem.code} {problem.message} ({problem.hint})" == expected


def test_all_that_is_wrong_is_told_each_on_its_line() -> None:
    found = parse(["*.registry.mode=max", "a/b.registry.moed=1", "*.local.reset=true", "x.y.z=1"])
    assert [override.param for override in found.value] == ["mode", "reset"]
    shown = render(found.diagnostics)
    assert [line.partition(" error")[0] for line in shown.splitlines() if line.startswith("--set")] == [
        "--set:2:1:",
        "--set:2:14:",
        "--set:4:3:",
    ]
    assert "2 | a/b.registry.moed=1\n  |              ^^^^\n" in shown


@pytest.mark.parametrize(
    "text",
    [
        "*.s3.secret_access_key={}",
        "*.s3.secret_acess_key={}",
        "*.ftp.secret_access_key={}",
        "secret_access_key={}",
        "*.gha.token+={}",
        "a/b.gha.token={}",
        "*.*.token={}",
        "*.gha.token=${}!",
    ],
)
def test_a_credential_is_not_shown(text: str) -> None:
    value = "hunter2hunter2"
    found = parse([text.replace("{}", value)])
    assert found.value == ()
    shown = render(found.diagnostics)
    assert "error" in shown
    assert value not in shown


PIECES = st.sampled_from(
    ["*", ".", "=", "+=", "//", ":", "registry", "key", "mode", "token", "s3", "$A", "max", "\n", ""]
)


@given(st.lists(st.lists(PIECES, max_size=8).map("".join), max_size=3))
def test_any_text_is_a_change_or_is_refused(texts: list[str]) -> None:
    found = parse(texts)
    assert len(found.value) + len({problem.location for problem in found.diagnostics}) >= len(texts)
    render(found.diagnostics)
    target = apply(found.value, calls({"registry": {"ref": "r"}, "s3": {}}))
    unused(found.value, [target])


# ---- which targets ----

LABELS = (
    "//:build",
    "//:test",
    "//other.envd:build",
    "//team:build",
    "//team/app:build",
    "//team/app:gpu",
    "//team/app/deep:build",
    "//teams:build",
)


@pytest.mark.parametrize(
    ("target", "meant"),
    [
        ("*", LABELS),
        ("build", tuple(label for label in LABELS if label.endswith(":build"))),
        (":gpu", ("//team/app:gpu",)),
        ("g?u", ("//team/app:gpu",)),
        ("[g]pu", ()),
        ("//:*", ("//:build", "//:test")),
        ("//:build", ("//:build",)),
        ("//*:build", ("//:build", "//other.envd:build", "//team:build", "//teams:build")),
        ("//other.envd", ("//other.envd:build",)),
        ("//team", ("//team:build",)),
        ("//team/*", ("//team/app:build", "//team/app:gpu")),
        ("//team/*:build", ("//team/app:build",)),
        ("//team/**:build", ("//team/app:build", "//team/app/deep:build")),
        ("//team/...", LABELS[3:7]),
        ("//team/...:gpu", ("//team/app:gpu",)),
        ("//...", LABELS),
        ("//**", LABELS),
        ("//...:test", ("//:test",)),
        ("//nowhere", ()),
    ],
)
def test_the_targets_that_are_meant(target: str, meant: tuple[str, ...]) -> None:
    overrides = right(f"{target}.registry.mode=max")
    found = [label for label in LABELS if apply(overrides, calls({"registry": {"ref": "r"}}, label)).used]
    assert found == list(meant)


# ---- what is changed ----


def test_a_parameter_is_set_added_to_and_taken_away() -> None:
    file = calls({"registry": {"ref": "r", "mode": "min", "key": "a"}, "local": {"path": "c", "mode": "min"}})
    assert changed(file, "*.registry.mode=max") == [
        {"ref": "r", "mode": "max", "key": "a"},
        {"path": "c", "mode": "min"},
    ]
    assert changed(file, "*.*.mode=") == [{"ref": "r", "key": "a"}, {"path": "c"}]
    assert changed(file, "*.registry.key+=b", "*.registry.key+=c")[0]["key"] == ["a", "b", "c"]
    assert changed(file, "*.local.key+=b")[1]["key"] == ["b"]
    assert changed(file, "*.registry.key=x", "*.registry.key+=y")[0]["key"] == ["x", "y"]
    assert changed(file, "*.registry.mode=max", "build.registry.mode=")[0] == {"ref": "r", "key": "a"}
    assert changed(file, "other.registry.mode=max") == [dict(call.kwargs) for call in file.calls]


def test_the_calls_of_the_file_stay_as_they_are() -> None:
    file = calls({"registry": {"ref": "r", "key": ["a"]}})
    apply(right("*.registry.key+=b", "*.registry.mode=max"), file)
    assert file == calls({"registry": {"ref": "r", "key": ["a"]}})


def test_a_parameter_given_by_position() -> None:
    call = RecordedCall("cache.local", ("a",), {"tag": "t"}, NOWHERE)
    file = Evaluation(Target("build.envd"), "//:build", None, (call,))
    (changed_call,) = apply(right("*.local.path=b"), file).evaluation.calls
    assert (changed_call.args, changed_call.kwargs) == (("b",), {"tag": "t"})
    (changed_call,) = apply(right("*.local.path="), file).evaluation.calls
    assert (changed_call.args, changed_call.kwargs) == ((), {"tag": "t"})


def test_what_the_other_direction_takes_goes_with_it() -> None:
    file = calls({"registry": {"ref": "r", "mode": "max", "ignore_error": True}, "inline": {"ref": "i"}})
    assert changed(file, "*.*.use=import") == [
        {"ref": "r", "use": "import"},
        {"ref": "i", "use": "import"},
    ]
    plan = lower(apply(right("*.*.use=import"), file).evaluation)
    assert plan.diagnostics == ()
    assert (plan.value.exports, len(plan.value.imports)) == ((), 2)
    assert changed(file, "*.registry.use=import", "*.registry.mode=min")[0] == {"ref": "r", "use": "import"}


def as_texts(declaration: Declaration) -> list[str]:
    texts = []
    for name, value in declaration.arguments.items():
        values = value if isinstance(value, list) else [value]
        for number, item in enumerate(values):
            written = f"${item.name}" if isinstance(item, Secret) else str(item)
            texts.append(f"*.{declaration.backend.name}.{name}{'+=' if number else '='}{written}")
    return texts


@given(ONE)
def test_a_change_is_as_good_as_the_file(declaration: Declaration) -> None:
    values = declaration.arguments.values()
    assume("" not in values)  # that takes the parameter away
    assume(not str(declaration.arguments.get("access_key_id", "")).startswith("$"))
    name = declaration.backend.name
    whole = lower(calls({name: declaration.arguments}))
    # What has no effect a file is warned of, and a change leaves it out.
    assume(not any("has no effect: only" in problem.message for problem in whole.diagnostics))
    found = apply(right(*as_texts(declaration)), calls({name: {}})).evaluation
    assert entries(lower(found).value) == entries(whole.value)
    assert [problem.code for problem in lower(found).diagnostics] == [
        problem.code for problem in whole.diagnostics
    ]


def entries(plan: CachePlan) -> tuple[object, ...]:
    return plan.exports, plan.imports


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.name)
def test_every_parameter_can_be_taken_away_or_is_needed(backend: Any) -> None:
    for param in (*backend.params, USE, KEY):
        found = parse([f"*.{backend.name}.{param.name}="])
        assert bool(found.value) != (param.required and not param.env)


# ---- what changed nothing, and what changed for the worse ----


def told(overrides: tuple[Override, ...], *targets: Applied) -> list[str]:
    return [f"{problem.code} {problem.message} ({problem.hint})" for problem in unused(overrides, targets)]


def test_a_change_that_means_nothing() -> None:
    overrides = right(
        "//taem/...:build.registry.mode=max",
        "biuld.registry.mode=max",
        "zzz.registry.mode=max",
        "*.s3.mode=max",
        "*.*.reset=true",
        "gpu.registry.mode=max",
        "*.registry.mode=max",
    )
    one = apply(overrides, calls({"registry": {"ref": "r"}}, "//team:build"))
    two = apply(overrides, calls({}, "//team:gpu"))
    assert told(overrides, one, two) == [
        "EC021 no target is meant by `//taem/...:build` (did you mean `//team:build`?)",
        "EC021 no target is meant by `biuld` (did you mean `build`?)",
        "EC021 no target is meant by `zzz` (there is `//team:build`, `//team:gpu`)",
        "EC021 no target of `*` declares `cache.s3` (declared is `cache.registry`)",
        "EC021 no target of `*` declares a cache with `reset` (declared is `cache.registry`)",
        "EC021 no target of `gpu` declares `cache.registry` (no cache is declared there)",
    ]


def test_a_change_that_makes_a_call_wrong_is_shown_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "build.envd"
    file.write_text(
        "def build():\n    base()\n"
        '    cache.local("c", compression="gzip")\n'
        '    cache.registry(ref="r", compression="gzip")\n'
    )
    evaluation = pipeline.evaluate(Target(str(file)), pipeline.session(Facts(use_git=False)))
    target = apply(right("*.registry.mode=max", "*.registry.compression_level=22"), evaluation.value)
    lowered = lower(target.evaluation)
    (problem,) = in_order(blamed(lowered.diagnostics, [target]))
    assert problem.message == "`compression_level` must be from 0 to 9 for gzip, not 22"
    shown = render([problem]).replace(str(file), "build.envd")
    assert shown.splitlines()[0].startswith("build.envd:4:5: error[EC107]")
    assert "  = --set:1:1: changed by this\n  = --set:2:1: changed by this\n" in shown
    assert blamed(lower(evaluation.value).diagnostics, [target]) == ()
