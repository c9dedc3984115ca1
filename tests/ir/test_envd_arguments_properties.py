"""Laws of the check of envd's own functions: it agrees with typeguard, and always points into the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st
from typeguard import CollectionCheckStrategy, TypeCheckError, check_type

from envd_cache.catalog.envd import BUILTINS
from envd_cache.catalog.model import Builtin, DataSource, Param, Rule, Secret
from envd_cache.ir.envd_arguments import check
from envd_cache.problem import Foreign

if TYPE_CHECKING:
    from collections.abc import Mapping

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=3)
    | st.sampled_from([DataSource("x"), Secret("X"), Foreign("range")]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=2) | st.integers() | st.booleans(), inner, max_size=3)
        | st.lists(st.text(max_size=2), max_size=3)
    ),
    max_leaves=6,
)
TYPES: tuple[Any, ...] = (str, bool, int, list[str], list[list[str]], dict[str, str], str | DataSource)


@given(value=VALUES, annotation=st.sampled_from(TYPES))
def test_a_value_is_accepted_if_and_only_if_typeguard_accepts_it(value: object, annotation: Any) -> None:
    rules = (Rule("value", "source", "refused"),) if annotation == str | DataSource else ()
    builtin = Builtin("f", params=(Param("value", annotation, doc=""),), rules=rules)
    try:
        check_type(value, annotation, collection_check_strategy=CollectionCheckStrategy.ALL_ITEMS)
        accepted = not (annotation is int and type(value) is bool)
    except TypeCheckError:
        accepted = False
    assert (check(builtin, (value,), {}, ()) == ()) is accepted
    assert (check(builtin, (), {"value": value}, ()) == ()) is accepted


KEYWORDS = ["name", "url", "commands", "version", "port", "zzz"]


@given(
    builtin=st.sampled_from(BUILTINS),
    args=st.lists(VALUES, max_size=4),
    kwargs=st.dictionaries(st.sampled_from(KEYWORDS), VALUES, max_size=3),
)
def test_any_call_gets_an_answer_that_points_into_it(
    builtin: Builtin, args: list[object], kwargs: Mapping[str, object]
) -> None:
    for problem in check(builtin, tuple(args), kwargs, ()):
        assert problem.code in {"EC114", "EC115"}
        assert problem.message
        if isinstance(problem.argument, int):
            assert 0 <= problem.argument < len(args)
        elif problem.argument is not None:
            assert problem.argument in kwargs
        if problem.item:
            assert problem.argument is not None
            place: Any = (
                args[problem.argument] if isinstance(problem.argument, int) else kwargs[problem.argument]
            )
            for step in problem.item:
                place = place[step]
