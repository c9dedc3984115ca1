"""Globs: what they match, and which of them a configuration refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from envd_cache.globs import FORM, Patterns, refusal


@pytest.mark.parametrize(
    ("globs", "inside", "outside"),
    [
        (["team"], ["team/a", "x/team/a/b", "team"], ["teams/a", "x/teams"]),
        (["/team"], ["team/a"], ["x/team/a"]),
        (["team/"], ["team/a", "x/team/b"], ["team", "x/team"]),
        (["team/*.envd"], ["team/a.envd"], ["team/x/a.envd", "x/team/a.envd", "team/a.env"]),
        (["team/**"], ["team/a", "team/b/c"], ["team", "x/team/a"]),
        (["**/b.envd"], ["b.envd", "x/y/b.envd"], ["ab.envd"]),
        (["a/**/b"], ["a/b", "a/x/b", "a/x/y/b/c"], ["b", "a/x"]),
        (["team/**", "!team/old/"], ["team/a"], ["team/old/a", "x"]),
        (["*.envd", "!build.envd"], ["a/x.envd"], ["build.envd", "a/build.envd"]),
        (["a?[0-9][!x]"], ["ab1y", "q/ab9z/f"], ["ab1x", "a/1y", "abcy"]),
        (["a**/b", "x**"], ["a/b", "ac/b", "xy"], ["a/c/b"]),
        (
            ["[[:digit:]x-]a", "[]-]b", "[!]a]c"],
            ["1a", "xa", "-a", "]b", "-b", "bc"],
            ["aa", ":a", "]c", "ac"],
        ),
        (["\\!a", "b\\*"], ["!a", "x/b*"], ["a", "bc"]),
    ],
    ids=" ".join,
)
def test_globs(globs: list[str], inside: list[str], outside: list[str]) -> None:
    patterns = Patterns(globs)
    assert [path for path in inside if not patterns.covers(path)] == []
    assert [path for path in outside if patterns.covers(path)] == []
    assert [glob for glob in globs if refusal(glob) != ("", "")] == []


FORM_OF_GLOBS = Draft202012Validator({"pattern": FORM})
PIECES = st.sampled_from(
    ["a", "b.envd", "*", "**", "/", "//", "..", ".", "?", "[", "]", "!", "#", " ", "\\", "\n"]
)


@given(st.lists(PIECES, max_size=6).map("".join))
def test_a_glob_is_refused_or_means_something(glob: str) -> None:
    if refusal(glob) == ("", ""):
        assert bool(Patterns([glob])), "a right glob must not be passed over"
        FORM_OF_GLOBS.validate(glob)
        Patterns([glob]).covers("a/b.envd")
    else:
        assert all(refusal(glob))


def test_the_form_of_globs_refuses_too() -> None:
    for glob in ("[[:letter:]]", "[b-a]", "[a", "[[:alpha:]"):
        assert refusal(glob) != ("", ""), glob
    for glob in ("", "/", "!", "!/", "//a", "#a", "!!a", "a/..", "./a", "..", " a", "a ", "a\nb"):
        assert not FORM_OF_GLOBS.is_valid(glob), glob
        assert refusal(glob) != ("", ""), glob
