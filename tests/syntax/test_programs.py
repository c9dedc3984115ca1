"""Laws over generated programs: what is well formed is read, and its spans nest."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from envd_cache.evaluate.dialect import prepare
from envd_cache.source import SourceFile
from envd_cache.syntax.calls import arguments_of
from envd_cache.syntax.nodes import Argument, Attribute, Call, Name, Node, Number, String
from envd_cache.syntax.parse import parse
from envd_cache.syntax.scan import skeleton, unify_newlines
from envd_cache.syntax.walk import children, walk
from tests.syntax.starlark_side import accepts

GAP = st.sampled_from(["", " ", "\t", "  "])
INNER_GAP = st.sampled_from(["", " ", "\n    ", "\t\n", " # c )\n", "\r\n", "\\\n"])
NAMES = st.sampled_from(["a", "b_1", "cache", "f", "größe", "_x"])
ATOMS = NAMES | st.sampled_from(
    ["1", "0x1F", "1.5", '"s"', "'é#'", 'r"\\""', '"""a\n\t"b"""', '"\\n\\"("', "None", "()", "[]", "{}"]
)


def joined(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map("".join)


def listed(item: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(joined(INNER_GAP, item, INNER_GAP), max_size=3).map(",".join)


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    just = st.just
    keyword = joined(st.sampled_from("pqr"), GAP, just("="), GAP, inner)
    return st.one_of(
        joined(NAMES, GAP, just("("), listed(inner), just(")")),
        joined(NAMES, just(".f("), INNER_GAP, keyword, INNER_GAP, just(")")),
        joined(just("["), listed(inner), just("]")),
        joined(just("("), inner, INNER_GAP, just(")")),
        joined(just("{"), inner, just(": "), inner, INNER_GAP, just("}")),
        joined(just("(not "), inner, just(")")),
        joined(just("("), inner, just(" + "), inner, just(" if "), inner, just(" else "), inner, just(")")),
        joined(just("[x for x in "), NAMES, just(" if "), NAMES, just("]")),
        joined(just("(lambda y, *z: "), inner, just(")")),
        joined(NAMES, just("["), inner, just("]")),
    )


EXPRESSIONS = st.recursive(ATOMS, larger, max_leaves=12)
BODIES = st.lists(
    joined(st.sampled_from(["return ", "v = ", "", "for i in (1, 2): "]), EXPRESSIONS), min_size=1, max_size=3
)
FUNCTIONS = st.tuples(st.sampled_from(["    ", "\t", " "]), BODIES).map(
    lambda made: f"if 1:\n{made[0]}" + f"\n{made[0]}".join(made[1])
)


@st.composite
def programs(draw: st.DrawFn) -> str:
    lines = []
    for number in range(draw(st.integers(1, 4))):
        if draw(st.booleans()):
            body = draw(FUNCTIONS).replace("\n", "\n    ") if draw(st.booleans()) else draw(EXPRESSIONS)
            lines.append(f"def g{number}(h, k = {draw(EXPRESSIONS)}):\n    {body}")
        else:
            lines.append(f"w{number} = {draw(EXPRESSIONS)}")
        lines.append(draw(st.sampled_from(["", "# note", "  "])))
    return draw(st.sampled_from(["\n", "\r\n"])).join(lines)


@settings(max_examples=150, deadline=None)
@given(programs())
def test_spans_nest_and_tell_the_text(text: str) -> None:
    source = SourceFile("build.envd", text)
    result = parse(source)
    assert accepts(text) == (not result.diagnostics)
    if result.value is None:
        return
    for node in walk(result.value):
        assert 0 <= node.span.start <= node.span.end <= len(text)
        inner = children(node)
        for child in inner:
            assert node.span.start <= child.span.start <= child.span.end <= node.span.end
        check(node, text, source)


def check(node: Node, text: str, source: SourceFile) -> None:
    shown = text[node.span.start : node.span.end]
    if isinstance(node, Name):
        assert shown == node.name
    elif isinstance(node, Number):
        assert shown == node.text
    elif isinstance(node, String):
        assert shown[-1] in "\"'"
    elif isinstance(node, Attribute):
        assert text[node.name_span.start : node.name_span.end] == node.name
    elif isinstance(node, Argument):
        assert node.value.span.end == node.span.end
        if node.name_span is not None:
            assert text[node.name_span.start : node.name_span.end] == node.name
    elif isinstance(node, Call):
        last = node.callee.span.end
        for argument in node.arguments:
            assert argument.span.start > last
            last = argument.span.end
        assert last < node.span.end
        assert shown.endswith(")")
        assert arguments_of(source, node.span) == node


PIECES = [
    '"',
    "'",
    '"""',
    "\\",
    "\n",
    "\r",
    "\r\n",
    "#",
    "r",
    "b",
    "a",
    "(",
    ")",
    " ",
    "\t",
    "é",
    "=",
    ",",
    "1",
    ":",
    "x",
    "def ",
    "in",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_any_text_is_judged_alike(text: str) -> None:
    result = parse(SourceFile("build.envd", text))
    assert accepts(text) == (not result.diagnostics)
    prepared = prepare(SourceFile("build.envd", text)).value
    for byte in range(len(prepared.text.encode()) + 1):
        assert 0 <= prepared.offset_of_byte(byte) <= len(text)
    unified = unify_newlines(text)
    code = skeleton(unified).code
    assert len(unified) == len(code) == len(text)
    if result.value is not None:
        for node in walk(result.value):
            if isinstance(node, String):
                assert set(code[node.span.start : node.span.end]) == {'"'}
        for comment in result.value.comments:
            assert not code[comment.span.start : comment.span.end].strip()
