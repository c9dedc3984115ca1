"""Changes of parameters that one direction takes: they are made where a declaration has that direction."""

from __future__ import annotations

import pytest

from envd_cache.evaluate.model import Evaluation, RecordedCall
from envd_cache.ir.lower import lower
from envd_cache.ir.override import apply
from envd_cache.source import Target
from tests.ir.test_override import NOWHERE, calls, changed, right, told

ONE_WAY = {
    "registry": {"ref": "r", "use": "import"},
    "gha": {"use": "export"},
    "local": {"src": "c"},
    "inline": {},
}


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["*.*.mode=max"], {"gha": {"use": "export", "mode": "max"}}),
        (["*.*.ignore_error=true"], {"gha": {"use": "export", "ignore_error": True}}),
        (["*.gha.timeout=1m"], {"gha": {"use": "export", "timeout": "1m"}}),
        (["*.registry.mode=max"], {}),
        (["*.registry.mode="], {}),
        (["*.registry.insecure=true"], {"registry": {"ref": "r", "use": "import", "insecure": True}}),
        (
            ["*.registry.mode=max", "*.registry.use=both"],
            {"registry": {"ref": "r", "use": "both", "mode": "max"}},
        ),
        (["*.registry.mode=max", "*.registry.use="], {"registry": {"ref": "r", "mode": "max"}}),
        (["*.local.mode=max"], {}),
        (["*.local.dest=d", "*.local.mode=max"], {"local": {"src": "c", "dest": "d", "mode": "max"}}),
        (
            ["*.local.dest=d", "*.local.mode=max", "*.local.use=import"],
            {"local": {"src": "c", "use": "import"}},
        ),
        (["*.inline.ref=i"], {"inline": {"ref": "i"}}),
        (["*.inline.ref=i", "*.inline.use=export"], {"inline": {"use": "export"}}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_parameter_of_one_direction_is_set_where_that_is(
    texts: list[str], expected: dict[str, dict[str, object]]
) -> None:
    file = calls(ONE_WAY)
    assert changed(file, *texts) == [expected.get(name, before) for name, before in ONE_WAY.items()]
    assert lower(apply(right(*texts), file).evaluation).diagnostics == lower(file).diagnostics


def test_a_parameter_by_position_makes_its_direction() -> None:
    call = RecordedCall("cache.local", ("a",), {}, NOWHERE)
    file = Evaluation(Target("build.envd"), "//:build", None, (call,))
    assert changed(file, "*.local.src=b", "*.local.mode=max") == [{"src": "b", "mode": "max"}]


def test_a_declaration_without_any_direction_is_changed_as_it_is_told() -> None:
    assert changed(calls({"local": {}}), "*.local.mode=max") == [{"mode": "max"}]


def test_a_change_of_a_direction_that_nobody_has() -> None:
    overrides = right(
        "*.registry.mode=max", "*.*.mode=max", "*.inline.ref=x", "*.*.reset=true", "*.registry.insecure=true"
    )
    made = {"registry": {"ref": "r", "use": "import"}, "inline": {"use": "export"}}
    one = apply(overrides, calls(made, "//team:build"))
    hint = "(leave the change out, or change `use` too)"
    assert told(overrides, one) == [
        f"EC021 no `cache.registry` of `*` has an export, which alone takes `mode` {hint}",
        f"EC021 no cache of `*` has an export, which alone takes `mode` {hint}",
        f"EC021 no `cache.inline` of `*` has an import, which alone takes `ref` {hint}",
        "EC021 no target of `*` declares a cache with `reset` (declared is `cache.registry`, `cache.inline`)",
    ]
    two = apply(overrides, calls({"registry": {"ref": "r"}}, "//team:test"))
    assert [text[:40] for text in told(overrides, one, two)] == [
        "EC021 no `cache.inline` of `*` has an im",
        "EC021 no target of `*` declares a cache ",
    ]
