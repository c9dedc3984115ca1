"""Places in TOML: every key and value that `tomllib` reads is found where it is written."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envd_cache.config_text import places

AWKWARD = '''\
a = 1 # "x" = 2
"b c".'d"e' . f = [ 1, [2, "]"], # ]
  { x = "}", y.z = \'\'\'a\'\'\'\'\' } ,
]
"\\u00e9" = """
[not.a.table]
k = "v" \\""" """""
t = 1979-05-27 07:32:00Z   # a space in it
empty = ""
[ tab . "le" ]
k = true
[[ list ]]
k = 0x1F
[list.sub]
k = -inf
[[list]]
[[list.deep]]
k = [
]
[[list.deep]]
x = 1
'''


def every_path(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], object]]:
    parts: Any = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    found = [(path, value)] if path else []
    for name, part in parts:
        found += every_path(part, (*path, name))
    return found


def check_places(text: str) -> None:
    found = places(text)
    whole = every_path(tomllib.loads(text))
    assert {path for path, _ in whole} == set(found)
    for path, value in whole:
        written = text[found[path].value.start : found[path].value.end]
        if not written.startswith("[") or isinstance(value, list):
            read_again: Any = None if written.startswith("[[") else tomllib.loads(f"x = {written}")["x"]
            if not isinstance(value, dict | list) and isinstance(path[-1], str):
                assert read_again == value or value != value  # noqa: PLR0124 - not a number
        if isinstance(path[-1], str):
            key = text[found[path].key.start : found[path].key.end]
            assert tomllib.loads(f"{key} = 1") == {path[-1]: 1}


@pytest.mark.parametrize("text", [AWKWARD, AWKWARD.replace("\n", "\r\n"), "", "# nothing\n"])
def test_every_key_is_found(text: str) -> None:
    check_places(text)


KEY = st.sampled_from(["a", "b-c", '"d.e"', "'f g'", '"\\t"', '""'])
SCALAR = st.sampled_from(["1", "-2.5", "true", '"x # ]"', "'}'", '"""\na"b"""', "07:32:00", '"\\""'])
VALUE = st.recursive(
    SCALAR,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[ {', '.join(items)} ]"),
        st.lists(inner, max_size=3).map(
            lambda items: "[" + "".join(f"\n{item} , # c ]" for item in items) + "\n]"
        ),
        st.dictionaries(KEY, inner, max_size=2).map(
            lambda items: "{" + ", ".join(f"{key} = {value}" for key, value in items.items()) + "}"
        ),
    ),
    max_leaves=6,
)
TABLE = st.dictionaries(KEY, VALUE, max_size=3).map(
    lambda items: "".join(f"{key}\t= {value} # =\n" for key, value in items.items())
)


@given(
    st.lists(st.tuples(st.sampled_from(["", "[t]", "[t.u]", "[[l]]", "[l.m]", "[[l.n]]"]), TABLE), max_size=5)
)
def test_every_key_of_any_document_is_found(sections: list[tuple[str, str]]) -> None:
    text = "".join(f"{head}\n{body}" for head, body in sections)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    check_places(text)
