"""What is accepted at once is what the authorities behind it accept, wherever there is this short way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envd_cache.catalog import BACKENDS, FACTS
from envd_cache.catalog.bind import check_value
from envd_cache.catalog.common import KEY, USE
from envd_cache.catalog.envd import BUILTINS
from envd_cache.catalog.model import Secret
from envd_cache.catalog.refusal import problems_of
from envd_cache.evaluate.model import CallSite, Evaluation, RecordedCall
from envd_cache.ir import declare as declaring
from envd_cache.ir.envd_arguments import check
from envd_cache.ir.envd_refusals import refusals
from envd_cache.ir.lower import lower
from envd_cache.ir.merge import merge
from envd_cache.source import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envd_cache.catalog.model import Backend, Builtin, Param

    Draw = Callable[[st.SearchStrategy[Any]], Any]

DIGEST = "sha256:" + "0123456789abcdef" * 4
PIECES = ["a", "B", "0", ".", "_", "-", "/", ":", ";", "@", " ", "\t", "$", "~", "é", "\x00", DIGEST, "://"]
WORDS = [
    *(
        "",
        "main",
        "a/b",
        "min",
        "max",
        "gzip",
        "zstd",
        "both",
        "export",
        "import",
        "10m",
        "r:t",
        "r@" + DIGEST,
    ),
    *("acme/app", "ghcr.io/acme/app", "host:5000/x", "localhost", "0" * 64, "x" * 300, "r:", "https://x.y"),
    *(
        "~/cache",
        "$HOME",
        "a;b",
        "NAME",
        "1A",
        "<opaque python object>",
        "https://u:p@x.y",
        "127.0.0.1",
        "2.7",
        "a-",
    ),
]
TEXTS = (
    st.sampled_from(WORDS) | st.lists(st.sampled_from(PIECES), max_size=6).map("".join) | st.text(max_size=4)
)
VALUES: st.SearchStrategy[object] = (
    TEXTS
    | st.lists(TEXTS, max_size=3)
    | st.booleans()
    | st.sampled_from([None, -1, 0, 1, 9, 22, 70000, 2**31, 1.5, Secret("NAME"), (), {}, {"a": "b"}, [[]]])
)
PARAMS: tuple[Param, ...] = (
    *(param for backend in BACKENDS for param in backend.params),
    *(param for fact in FACTS for param in fact.params),
    *(USE, KEY),
)
# One parameter of each kind is enough.
KINDS = {(param.type, param.format, param.choices, param.minimum, param.secret): param for param in PARAMS}
NOWHERE = CallSite(lambda: ())


@pytest.mark.parametrize("value", WORDS, ids=repr)
def test_each_word(value: str) -> None:
    for param in KINDS.values():
        assert check_value(param, value, "x") == problems_of(param, value, "x"), param.name


@given(param=st.sampled_from([*KINDS.values()]), value=VALUES)
@settings(max_examples=500, deadline=None)
def test_a_value(param: Param, value: object) -> None:
    assert check_value(param, value, "x") == problems_of(param, value, "x")


@pytest.mark.parametrize("builtin", BUILTINS, ids=lambda builtin: builtin.name)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_a_call_of_envd(builtin: Builtin, data: st.DataObject) -> None:
    names = st.sampled_from([*(param.name for param in builtin.params), "zzz"])
    args = tuple(data.draw(st.lists(VALUES, max_size=3)))
    kwargs = data.draw(st.dictionaries(names, VALUES, max_size=4))
    called = data.draw(st.sampled_from([(), ("install.conda",)]))
    expected = () if builtin.any_arguments else refusals(builtin, args, kwargs, called)
    assert check(builtin, args, kwargs, called) == expected


def _fitting(param: Param) -> st.SearchStrategy[object]:
    if param.choices:
        return st.sampled_from(param.choices)
    if param.format == "reference":
        return st.sampled_from(["r", "r:t", "r@" + DIGEST])
    simple: dict[object, st.SearchStrategy[object]] = {
        bool: st.booleans(),
        int: st.integers(0, 25),
        Secret: st.just(Secret("NAME")),
    }
    return simple.get(param.type, TEXTS | st.just(Secret("NAME")))


@st.composite
def calls(draw: Draw, backend: Backend) -> RecordedCall:
    params = {param.name: param for param in (*backend.params, USE, KEY)}
    names = draw(st.sets(st.sampled_from(sorted(params)), max_size=5))
    names |= {param.name for param in backend.params if param.required and draw(st.integers(0, 9))}
    arguments: Mapping[str, object] = {name: draw(_fitting(params[name])) for name in sorted(names)}
    return RecordedCall(f"cache.{backend.name}", (), arguments, NOWHERE)


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.name)
@given(data=st.data())
@settings(max_examples=250, deadline=None)
def test_a_declaration(backend: Backend, data: st.DataObject) -> None:
    call = data.draw(calls(backend))
    quick = declaring.declare(backend, call)
    with mock.patch.object(declaring, "_stands_plainly", return_value=False):
        assert declaring.declare(backend, call) == quick


@given(data=st.data())
@settings(max_examples=250, deadline=None)
def test_a_plan(data: st.DataObject) -> None:
    backends = data.draw(st.lists(st.sampled_from(BACKENDS), max_size=4))
    found = tuple(data.draw(calls(backend)) for backend in backends)
    lowered = lower(Evaluation(Target("build.envd"), "//:build", None, found))
    plan = lowered.value
    exports, imports, diagnostics = merge(plan.declarations)
    assert (plan.exports, plan.imports) == (exports, imports)
    assert set(diagnostics) <= set(lowered.diagnostics)
