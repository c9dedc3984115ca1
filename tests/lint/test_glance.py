"""What a text tells without a tree, against regular expressions that say the same."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from envd_cache.lint.glance import begins_statement, has_word
from envd_cache.lint.rules.uncalled_declaration import suspects as may_stand_alone
from envd_cache.lint.rules.unused_answer import suspects as may_ask_for_nothing
from envd_cache.lint.rules.unused_load import suspects as may_be_unused

NAMES = ("cache.", "cache.none", "cache.gha", "branch", "cache.slug", "env", "x", "_", "é", "if y")
MARKS = ("(", ")", " ", "\t", "\n", "\r\n", ";", ":", "#", ".", "=", '"', ",")
PIECES = st.sampled_from((*NAMES, *MARKS))
TEXTS = st.lists(PIECES, max_size=14).map("".join)

ALONE = re.compile(r"(?:^|[;:])[ \t]*\(?cache\.\w+\)?[ \t]*\r?(?:$|[#;])", re.MULTILINE)
ASKED = re.compile(
    r"(?:^|[;:])[ \t]*cache\.(?:branch|commit|platform|pull_request|secret|slug|target)\s*\(", re.MULTILINE
)
WORD = re.compile(r"(?<![\w.])\w+")


@given(TEXTS)
@example("cache.none")
@example("if y: (cache.gha)#")
@example("\n  (cache.gha)\r\nx")
def test_a_name_alone(text: str) -> None:
    assert may_stand_alone(text) == (ALONE.search(text) is not None)


@given(TEXTS)
@example(";\t cache.slug\n(")
@example("x = cache.slug(")
def test_an_answer_alone(text: str) -> None:
    assert may_ask_for_nothing(text) == (ASKED.search(text) is not None)


@given(TEXTS, st.sampled_from(["x", "branch", "é", "env"]), st.integers(1, 3))
@example("x x", "x", 2)
@example("x.x.x x", "x", 2)
def test_words(code: str, word: str, times: int) -> None:
    assert has_word(code, word, times) == (WORD.findall(code).count(word) >= times)


def test_where_a_statement_begins() -> None:
    text = "a\n\tb; c\nif d: e(f) g"
    assert [char for at, char in enumerate(text) if char.isalpha() and begins_statement(text, at)] == list(
        "abcie"
    )


def test_loaded_names() -> None:
    assert may_be_unused('load("t", "one")\n# one "one" a.one\n')
    assert may_be_unused('load("t", one = "two")\ntwo()\n')
    assert may_be_unused('load ("t",\n  "one", "two")\none()\n')
    assert not may_be_unused('load("t", "one")\none()\n')
    assert not may_be_unused('load("t", one = "two")\none()\n')
    assert not may_be_unused('x = 1\n  load("t", "one")\n')
