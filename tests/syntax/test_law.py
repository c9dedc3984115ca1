"""The one law of the grammar: lark reads a text if and only if the interpreter does.

The case files were also run through envd 1.3.6: it accepts all of accepted.txt and none of refused.txt.
Where envd and we differ the snippet stands in DIFFERENCES instead, with the reason.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from envd_cache.diagnostics import has_errors
from envd_cache.source import SourceFile
from envd_cache.syntax.parse import parse
from tests.syntax.starlark_side import accepts, snippets

TREE = Path(__file__).parents[2]

ACCEPTED = snippets("accepted.txt")
REFUSED = [tuple(chunk.removeprefix("### ").split("\n", 1)) for chunk in snippets("refused.txt")]

# What envd does, the snippet, and why we do the opposite.
DIFFERENCES = (
    (True, 'x = b"a"', "bytes have no use in envd's functions and starlark-rust has none"),
    (True, "x = dict(é = 1)", "a keyword can become a key that the program sees, so it cannot be renamed"),
    (True, "x = [y for y in [1] if lambda: 1]", "starlark-rust wants brackets around this lambda"),
    (True, "assert = 1", "starlark-rust reserves the word"),
    (True, "x = 00", "starlark-rust takes no leading zero"),
    (True, "1, 2", "starlark-rust wants brackets around a tuple that is a statement"),
    (True, "def f():\n    for x in 1, 2: pass", "starlark-rust wants brackets around this tuple"),
    (True, "x = 1" + " + 1" * 1200, "a long chain nests in our interpreter, and not in envd's parser"),
    (False, "x = 1e400", "starlark-rust reads it as infinity"),
    (False, 'load("m", "_x")', "refused when it is evaluated, not when it is read"),
    (False, 'load("m", "")', "refused when it is evaluated, not when it is read"),
)


def lark_accepts(text: str) -> bool:
    result = parse(SourceFile("build.envd", text))
    assert (result.value is None) <= has_errors(result.diagnostics)
    return not has_errors(result.diagnostics)


def test_there_are_many_cases() -> None:
    assert len(ACCEPTED) > 200
    assert len(REFUSED) > 200


@pytest.mark.parametrize("text", ACCEPTED)
def test_both_accept(text: str) -> None:
    assert accepts(text)
    assert parse(SourceFile("build.envd", text)).diagnostics == ()


@pytest.mark.parametrize(("code", "text"), REFUSED)
def test_both_refuse(code: str, text: str) -> None:
    assert not accepts(text)
    problems = parse(SourceFile("build.envd", text)).diagnostics
    assert problems[0].code == code
    for problem in problems:
        assert problem.location is not None
        span = problem.location.span
        assert 0 <= span.start <= span.end <= len(text)


@pytest.mark.parametrize("text", ['b"a"', "rb'a'", 'f(b"""a""")'])
def test_bytes_are_refused_with_a_reason(text: str) -> None:
    assert [problem.code for problem in parse(SourceFile("build.envd", text)).diagnostics] == ["EC018"]


@pytest.mark.parametrize(("envd_accepts", "text", "_why"), DIFFERENCES)
def test_known_differences_to_envd(envd_accepts: bool, text: str, _why: str) -> None:
    assert lark_accepts(text) == accepts(text) == (not envd_accepts)


def test_every_build_file_in_the_tree() -> None:
    paths = [path for path in TREE.rglob("*.envd") if not path.relative_to(TREE).parts[0].startswith(".")]
    for path in paths:
        text = path.read_bytes().decode()
        assert lark_accepts(text) == accepts(text), path


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_do_not_matter(end: str) -> None:
    for text in ACCEPTED:
        if "\r" not in text and "\\\n" not in text:
            changed = text.replace("\n", end)
            assert lark_accepts(changed), text
            assert accepts(changed), text


def test_lark_agrees_on_every_prefix_of_a_file() -> None:
    text = 'load("m", "a")\n\ndef f(a, *b, c = {"k": [1]}):  # é\n'
    text += '\tif not a: return "\\n" + r"\\"\n\treturn (a,)[0]\n'
    for end in range(len(text)):
        assert lark_accepts(text[:end]) == accepts(text[:end]), text[:end]
