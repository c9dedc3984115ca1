from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envd_cache.evaluate.slug import MAX_TAG, slug

TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
TEXTS = st.text(min_size=1, max_size=300) | st.text(alphabet=st.sampled_from("aZ0_.-/ é"), min_size=1)


def digits(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


@given(TEXTS)
def test_a_slug_is_a_valid_tag(text: str) -> None:
    assert TAG.fullmatch(slug(text))


@given(TEXTS)
def test_a_slug_of_a_slug_is_itself(text: str) -> None:
    assert slug(slug(text)) == slug(text)


@given(st.from_regex(TAG, fullmatch=True))
def test_a_valid_tag_stays_as_it_is(tag: str) -> None:
    assert slug(tag) == tag


@given(st.text(alphabet=st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF), min_size=1))
def test_half_characters_are_no_trouble(text: str) -> None:
    assert TAG.fullmatch(slug(text))


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("main", "main"),
        ("feature/new parser", "feature-new-parser"),
        ("a//b  c", "a-b-c"),
        ("a/-/b", "a---b"),
        (".hidden", "hidden"),
        ("--x", "x"),
        ("/x/", "x-"),
        ("_private", "_private"),
        ("v1.2.3", "v1.2.3"),
        ("Grün", "Gr-n-" + digits("Grün")),
        ("feature/登录", "feature--" + digits("feature/登录")),
        ("x" * 128, "x" * 128),
        ("x" * 129, "x" * 119 + "-" + digits("x" * 129)),
        ("中文", digits("中文")),
        ("...", digits("...")),
    ],
)
def test_slugs(text: str, tag: str) -> None:
    assert slug(text) == tag


def test_long_names_that_differ_at_their_end_stay_apart() -> None:
    one, other = "b/" * 100 + "1", "b/" * 100 + "2"
    assert slug(one) != slug(other)
    assert len(slug(one)) == MAX_TAG


def test_names_without_any_usable_character_stay_apart() -> None:
    assert slug("中") != slug("文")
    assert slug("feature/登录") != slug("feature/登出")
