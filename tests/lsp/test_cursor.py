"""What stands left of a cursor, in text that nobody could parse."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envd_cache.syntax.cursor import Cursor, cursor, given_right
from tests.lsp.marked import marked


def at(text: str) -> Cursor:
    source, offset = marked(text)
    return cursor(source, 0, offset)


@pytest.mark.parametrize(
    ("text", "word", "space", "string"),
    [
        ("cache.<|>", "", "cache", None),
        ("cache.re<|>gistry", "re", "cache", None),
        ("cache . re<|>", "re", "cache", None),
        ("data.path.<|>", "", "data.path", None),
        ("f().x<|>", "x", "?", None),
        ('f("ab<|>', "", "", "ab"),
        ('f(r"""a\nb<|>', "", "", "a\nb"),
        (r'"a\"<|>', "", "", r"a\""),
        ('"a" <|>', "", "", None),
        ("ba<|>", "ba", "", None),
    ],
)
def test_word_space_and_string(text: str, word: str, space: str, string: str | None) -> None:
    found = at(text)
    assert (found.word, found.space, found.string) == (word, space, string)


@pytest.mark.parametrize(
    ("text", "callee", "positional", "keyword", "given_left"),
    [
        ("f(<|>", "f", 0, "", ()),
        ("f(1, <|>", "f", 1, "", ()),
        ("f(1, a=2, b=<|>", "f", 1, "b", ("a", "b")),
        ("f(a=[1, 2, <|>", "f", 0, "a", ("a",)),
        ("f(a={'x': g(1)}, <|>", "f", 0, "", ("a",)),
        ("f(g(h(1, 2), <|>", "g", 1, "", ()),
        ("f(a == b, <|>", "f", 1, "", ()),
        ("x = a.b.c(\n  d=1,\n  <|>", "a.b.c", 0, "", ("d",)),
    ],
)
def test_the_call_around_a_cursor(
    text: str, callee: str, positional: int, keyword: str, given_left: tuple[str, ...]
) -> None:
    call = at(text).call
    assert call is not None
    assert (call.callee, call.positional, call.keyword, call.given) == (
        callee,
        positional,
        keyword,
        given_left,
    )


@pytest.mark.parametrize("text", ["x<|>", "(a, <|>", "f(1)<|>", "return (<|>", "a[<|>"])
def test_no_call(text: str) -> None:
    assert at(text).call is None


def test_keywords_on_the_right() -> None:
    text = "f(<|> b=1, c=g(d=2), e = [x for x in y]) + h(i=1)"
    source, offset = marked(text)
    assert given_right(source, offset, len(source)) == ("b", "c", "e")


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text("ab.,=()[]{}\"'#\\\n r*:", max_size=40), st.integers(0, 40))
def test_any_text_has_an_answer(text: str, offset: int) -> None:
    offset = min(offset, len(text))
    found = cursor(text, 0, offset)
    assert text[found.word_start : found.word_start + len(found.word)] == found.word
    if found.string is not None:
        assert text[found.string_start : offset] == found.string
