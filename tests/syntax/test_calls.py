"""Spans of arguments, held against the spans that the interpreter itself reports."""

from __future__ import annotations

import pytest

from envd_cache.source import SourceFile, Span
from envd_cache.syntax.calls import arguments_of, functions, item_span, load_span, loads
from envd_cache.syntax.nodes import Argument, Call
from envd_cache.syntax.parse import parse
from envd_cache.syntax.walk import find_call, walk
from tests.syntax.starlark_side import call_spans


def shown(text: str, argument: Argument) -> tuple[str, str, str]:
    """Return kind, name and value of an argument as the text has them, after checking the spans."""
    span, inner = argument.span, argument.value.span
    assert span.start <= inner.start
    assert inner.end == span.end
    if argument.name_span is not None:
        assert text[argument.name_span.start : argument.name_span.end] == argument.name
        assert argument.name_span.start == span.start
    return argument.kind, argument.name, text[inner.start : inner.end]


def arguments(text: str, span: Span) -> list[tuple[str, str, str]]:
    call = arguments_of(SourceFile("build.envd", text), span)
    assert call is not None
    assert call.span == span
    return [shown(text, argument) for argument in call.arguments]


CALLS = {
    "one line": ('note("a", mode = "max")', [("positional", "", '"a"'), ("keyword", "mode", '"max"')]),
    "attribute": ('cache.note(ref="r")', [("keyword", "ref", '"r"')]),
    "no arguments": ("cache.note( )", []),
    "over lines": (
        'cache.note(\n    # where to: )\n    ref = "a#b",  # "\n\n    mode =\n        "max",\n)',
        [("keyword", "ref", '"a#b"'), ("keyword", "mode", '"max"')],
    ),
    "line ends of Windows": (
        'cache.note(\r\n    ref = "a",\r\n    tags = [\r\n        "b",\r\n    ],\r\n)',
        [("keyword", "ref", '"a"'), ("keyword", "tags", '[\r\n        "b",\r\n    ]')],
    ),
    "line ends of old Macs": ('cache.note(\r  ref = "a",\r)', [("keyword", "ref", '"a"')]),
    "tabs": ('cache.note(\t"a",\tmode\t=\t"max")', [("positional", "", '"a"'), ("keyword", "mode", '"max"')]),
    "splats": (
        "note(1, *[2, 3], **{'k': 4})",
        [("positional", "", "1"), ("*", "", "[2, 3]"), ("**", "", "{'k': 4}")],
    ),
    "lambda": (
        "note(lambda a, b=(1,): [a, b], k=lambda: 0)",
        [("positional", "", "lambda a, b=(1,): [a, b]"), ("keyword", "k", "lambda: 0")],
    ),
    "comprehension": (
        "note([x for x in [1, 2] if x], 1 if True else 2)",
        [("positional", "", "[x for x in [1, 2] if x]"), ("positional", "", "1 if True else 2")],
    ),
    "brackets": (
        "note((1), (2,), ((3)))",
        [("positional", "", "(1)"), ("positional", "", "(2,)"), ("positional", "", "((3))")],
    ),
    "strings with brackets": (
        "note(')', \"'(\", '''\n)''')",
        [("positional", "", "')'"), ("positional", "", '"\'("'), ("positional", "", "'''\n)'''")],
    ),
    "beyond ASCII": ('note("é😀", k = "ü")', [("positional", "", '"é😀"'), ("keyword", "k", '"ü"')]),
    "joined lines": ("note \\\n  (1)", [("positional", "", "1")]),
    "operators": (
        "note(1 + 2 * -3, not 4, 5 not in [6])",
        [("positional", "", "1 + 2 * -3"), ("positional", "", "not 4"), ("positional", "", "5 not in [6]")],
    ),
}

AROUND = {
    "alone": "{}",
    "assigned": 'x = "é日"; y = {}',
    "in a function": "def f():\n    # 日本\n    return {}\nf()",
    "in a block of tabs": "def f():\n\tfor x in [1]:\n\t\t{}\nf()",
    "in a header": "def f():\n    if {}: pass\nf()",
    "as a default": "def f(a = {}): pass",
    "in brackets": "x = [\n    ({})\n]",
    "behind a sign": "x = not {}",
    "behind foreign names": "größe = 1\nx = größe + 1; {}",
    "behind a raw string": "x = r'\\'' + \"\"; {}",
}


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("name", CALLS)
def test_arguments_of_what_the_interpreter_reports(name: str, around: str) -> None:
    call, expected = CALLS[name]
    text = AROUND[around].replace("{}", call)
    for span in call_spans(text):
        assert text[span.start : span.end] == call
        assert arguments(text, span) == expected


def test_two_calls_on_a_line_and_nested_calls() -> None:
    text = 'note(1); note(note(2), k = note("é")) ; x = [note(i) for i in [3]]\n'
    spans = call_spans(text)
    found = [text[span.start : span.end] for span in spans]
    assert found == ["note(1)", "note(2)", 'note("é")', 'note(note(2), k = note("é"))', "note(i)"]
    tree = parse(SourceFile("build.envd", text)).value
    assert tree is not None
    for span in spans:
        assert arguments_of(SourceFile("build.envd", text), span) == find_call(tree, span)


def test_chained_calls_have_one_span_each() -> None:
    text = "x = (note(1)\n(2)(a = 3))\n"
    spans = call_spans(text)
    assert [text[span.start : span.end] for span in spans] == [
        "note(1)",
        "note(1)\n(2)",
        "note(1)\n(2)(a = 3)",
    ]
    assert arguments(text, spans[-1]) == [("keyword", "a", "3")]


def test_the_rest_of_the_file_may_be_broken() -> None:
    text = 'x = (((\n"""\nnote(ref = [1,\n2])\n def ]'
    start = text.index("note")
    assert arguments(text, Span(start, text.index("])") + 2)) == [("keyword", "ref", "[1,\n2]")]


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "note(1",
        "note(1) + note(2)",
        "note(1))(note(2)",
        "",
        "(note(1))",
        "note(1) ",
        "not note(1)",
        "note(b'a')",
        "note(" * 100 + ")" * 100,
    ],
)
def test_what_is_no_call(text: str) -> None:
    assert arguments_of(SourceFile("build.envd", text), Span(0, len(text))) is None


def test_items_of_values() -> None:
    text = "note(a = [1, ('b', [2])], d = {'k': {'l': [3]}, 5: 6}, v = x)"
    call = arguments_of(SourceFile("build.envd", text), Span(0, len(text)))
    assert call is not None
    list_, dict_, name = (argument.value for argument in call.arguments)

    def at(value: object, *path: int | str) -> str:
        span = item_span(value, path)  # type: ignore[arg-type]
        return text[span.start : span.end]

    assert at(list_) == "[1, ('b', [2])]"
    assert at(list_, 0) == "1"
    assert at(list_, 1, 1, 0) == "2"
    assert at(list_, -1) == "[1, ('b', [2])]"
    assert at(list_, 7) == "[1, ('b', [2])]"
    assert at(list_, 1, 9, 0) == "('b', [2])"
    assert at(list_, "k") == "[1, ('b', [2])]"
    assert at(dict_, "k", "l", 0) == "3"
    assert at(dict_, "k", "nope") == "{'l': [3]}"
    assert at(dict_, 5) == "6"
    assert at(name, 0, "k") == "x"


FILE = """\
load("//team.envd", "one", two = "zwei")

def build(): pass

def other(a, b = 1, *args, c, d = {}, **kwargs):
    def inner(): pass
    return a

x = '''
def not_this(): pass
'''

def broken(:
    pass

y = (1,

def last(*, z):
    pass
"""


def test_functions_and_loads_of_a_broken_file() -> None:
    source = SourceFile("build.envd", FILE)
    assert parse(source).value is None
    found = functions(source)
    assert [function.name for function in found] == ["build", "other", "last"]
    for function in found:
        assert FILE[function.name_span.start : function.name_span.end] == function.name
        assert FILE[function.span.start :].startswith("def " + function.name)
    kinds = [(one.kind, one.name, one.has_default) for one in found[1].parameters]
    assert kinds == [
        ("positional", "a", False),
        ("positional", "b", True),
        ("*", "args", False),
        ("keyword-only", "c", False),
        ("keyword-only", "d", True),
        ("**", "kwargs", False),
    ]
    assert [one.name for one in found[1].required] == ["a", "c"]
    assert found[0].required == ()
    assert [one.kind for one in found[2].parameters] == ["bare *", "keyword-only"]
    (load,) = loads(source)
    assert load.module == "//team.envd"
    assert [(one.name, one.alias) for one in load.names] == [("one", "one"), ("zwei", "two")]


@pytest.mark.parametrize(
    ("module", "name", "expected"),
    [
        ("//team.envd", "", '"//team.envd"'),
        ("//team.envd", "zwei", "zwei"),
        ("//team.envd", "two", None),
        ("nope", "", None),
    ],
)
def test_load_span(module: str, name: str, expected: str | None) -> None:
    span = load_span(SourceFile("build.envd", FILE), module, name)
    assert (FILE[span.start : span.end] if span else None) == expected


def test_every_call_of_a_tree_is_found_by_its_span() -> None:
    text = "x = f(g(1)(2), k = [i(y) for y in j()], *h(3))[l(0):m(1)].n(2)\n"
    source = SourceFile("build.envd", text)
    tree = parse(source).value
    assert tree is not None
    calls = [node for node in walk(tree) if isinstance(node, Call)]
    assert len(calls) == 9
    for call in calls:
        assert find_call(tree, call.span) is call
        assert arguments_of(source, call.span) == call
    assert find_call(tree, Span(0, 1)) is None
