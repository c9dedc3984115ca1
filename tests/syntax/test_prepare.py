"""What `prepare` refuses and where, and that what it rewrites keeps its meaning and its offsets."""

from __future__ import annotations

import subprocess
import sys

import pytest

from envd_cache.evaluate.dialect import prepare
from envd_cache.evaluate.names import ascii_name
from envd_cache.source import SourceFile
from tests.syntax.starlark_side import value_of


def problems(text: str) -> list[tuple[str, str]]:
    """Return code and text of the span of every problem."""
    found = []
    for problem in prepare(SourceFile("build.envd", text)).diagnostics:
        assert problem.location is not None
        span = problem.location.span
        found.append((problem.code, text[span.start : span.end]))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('x = "é\\d"', [("EC017", "\\d")]),
        ('x = "\\xff" + "\\n\\400"', [("EC017", "\\xff"), ("EC017", "\\400")]),
        ('x = "\\u12"', [("EC017", "\\u12")]),
        ("x = (1,\n 2),  # c", [("EC005", ",")]),
        ("x = 1,; y = 2", [("EC005", ",")]),
        ("x = [y for y, in []]", [("EC005", ",")]),
        ("x, = [1]", [("EC005", ",")]),
        ("x = lambda y,: y", [("EC005", ",")]),
        ("x = [1, 2,]\ny = f(1, int(2), a[1:2],)\n", []),
        ("x = 1\nx += 1\ny = 2", [("EC016", "x")]),
        ("x = 1; x = 2; x = 3", [("EC016", "x"), ("EC016", "x")]),
        ('load("m", "x", y = "x", x = "z")', [("EC016", "x")]),
        ('load("m", "x\\\n")\nload("n", "\\x78")', [("EC016", '"\\x78"')]),
        ("(a, [b]), c[a] = 1\nb = c", [("EC016", "b")]),
        ("x = 1\nload('m', 'x')", []),
        ("x == 1\nx == 1\nx <= 1\nf(x = 1)\nf(x = 1)\nx[0] = 1\nx[0] = 2\nx.y = 1\nx.y = 2", []),
        ("x = b'a'", [("EC018", "b")]),
        ("f(é = 1)\nx.é", [("EC018", "é"), ("EC018", "é")]),
        ("def f(é = 1): pass\nx = lambda é = 1: é\nload('m', é = 'é')", []),
        ("x = " + "(" * 76 + ")" * 76, [("EC007", "(")]),
        ("x = " + "f(" * 83 + ")" * 83, [("EC007", "(")]),
        ("x = " + "- " * 988 + "1", [("EC007", "-")]),
        ("x = " + "lambda a, b: " * 494 + "1", [("EC007", "lambda")]),
        ("lambda a = 1: a\nlambda a = 1: a", []),
        ("x = 1" + " and 1" * 1001, [("EC007", "and")]),
        ("x = y" + ".z" * 1001, [("EC007", ".")]),
        ("x = y" + "[0]" * 1001, [("EC007", "(")]),
        ("x = y" + "()" * 1001, [("EC007", "(")]),
        ("def f():\n if 1: pass\n" + " elif 1: pass\n" * 1001, [("EC007", "elif")]),
        ("".join(" " * n + "def f():\n" for n in range(101)) + " " * 101 + "pass", [("EC007", "d")]),
        ("x = [" + "f(1 + 1, -2).y, " * 5000 + "]", []),
        ("x = {" + "'a': lambda y, z: y + z, " * 5000 + "}", []),
        ("def f():\n" + " if 1: pass\n elif 2: pass\n" * 2000, []),
    ],
)
def test_problems(text: str, expected: list[tuple[str, str]]) -> None:
    if ("EC007", "(") in expected and "[" in text:
        expected = [("EC007", "[")]
    assert problems(text) == expected


def test_reassignment_names_both_places() -> None:
    text = 'load("m", "x")\n\n  # c\nx = 1\n'
    (problem,) = prepare(SourceFile("a/build.envd", text)).diagnostics
    assert problem.message == "cannot reassign local `x` declared at a/build.envd:1:11"
    (label,) = problem.labels
    assert (label.text, text[label.location.span.start : label.location.span.end]) == (
        "first declared here",
        '"x"',
    )
    assert problem.location is not None
    assert problem.location.span.start == text.index("x = 1")


@pytest.mark.parametrize(
    "text",
    ["x = '", '"""', "x = (1,\ny = 2,", "x = 1 2", "x = )", "def f(:", "\\", 'xb"a"', 'x = 1\nx = """'],
)
def test_plain_syntax_errors_are_left_to_the_interpreter(text: str) -> None:
    assert problems(text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x\t=\t'a\tb'\t# c\t", "a\tb"),
        ('x = r"\\""', '\\"'),
        ("x = r'a\\'b\\\\c\\d'", "a\\'b\\\\c\\d"),
        ('x = r"""a\\""b\n"""', 'a\\""b\n'),
        ('x = r"a\\\r\nb"', "a\\\nb"),
        ('x = "a\\\r\nb"', "ab"),
        ('x = """a\rb\r\nc"""', "a\nb\nc"),
        ("größe = 2\rx = größe * 2", 4),
        ("def f(ä, *ö, ü = 3):\n\treturn [ä, ö, ü]\nx = f(1, 2)", [1, [2], 3]),
        ("def f():\n\tif True:\n\t\treturn 1\n               return 2\nx = f()", 1),
        ("def f():\n        if False:\n        \treturn 1\n\treturn 2\nx = f()", 2),
        (
            "def f():\n    if 0: return 1\n\n    # é\n\n    elif 1: return 2\r\n\r\n    else: pass\nx = f()",
            2,
        ),
        ("def f():\n\tif 0: é = 1\n\t\n\telse: é = 2\n\treturn é\nx = f()", 2),
        ("x = [\n\t1,\n\t\t2]", [1, 2]),
        ("x = 1 + \\\n\t2", 3),
    ],
)
def test_what_is_rewritten_keeps_its_meaning(text: str, value: object) -> None:
    assert value_of(text, "x") == value


def test_every_offset_leads_back() -> None:
    text = "ü = r'\\\"é'\n\ndef größe(a,\té = 1):\n\tif a:\n\t\t# tab\there\n"
    text += "  \t\treturn ü\t+ '\té'\n\treturn é\n"
    prepared = prepare(SourceFile("build.envd", text)).value
    left = [line for line in prepared.text.split("\n") if "\t" in line]
    assert [line.strip() for line in left] == ["# tab\there", f"return {ascii_name('ü')} + '\té'"]
    for mark in ("def", "a,", "if", "return", "'\té'", "+", ":\n"):
        byte = len(prepared.text[: prepared.text.index(mark)].encode())
        assert prepared.offset_of_byte(byte) == text.index(mark), mark
    offsets = [prepared.offset_of_byte(byte) for byte in range(len(prepared.text.encode()) + 1)]
    assert offsets == sorted(offsets)
    assert offsets[0] == 0
    assert offsets[-1] == len(text)


def test_an_ordinary_file_is_handed_on_as_it_is() -> None:
    source = SourceFile("build.envd", 'x = "\té" # ü\n\r\ndef build():\n    """Doc\\n."""\n')
    prepared = prepare(source)
    assert prepared.diagnostics == ()
    assert prepared.value.view is source


def test_names_beyond_ascii_come_back_in_messages() -> None:
    prepared = prepare(SourceFile("build.envd", "_größe😀 = 1\nx = _größe")).value
    assert not prepared.renamed or "größe" not in prepared.text
    renamed = prepare(SourceFile("build.envd", "x = _größe")).value
    name = ascii_name("_größe")
    assert name.isascii()
    assert name.startswith("_")
    assert f"x = {name}" == renamed.text
    assert renamed.original_names(f"Variable `{name}` not found") == "Variable `_größe` not found"
    assert ascii_name("build") == "build"


def test_names_in_load_statements_are_renamed_alike() -> None:
    text = prepare(SourceFile("build.envd", 'load("é", "ö", ü = "ß")\nx = ["é"]')).value.text
    renamed = {name: ascii_name(name) for name in "öüß"}
    assert text == f'load("é", "{renamed["ö"]}", {renamed["ü"]} = "{renamed["ß"]}")\nx = ["é"]'


def test_the_module_is_cheap_to_import() -> None:
    code = "import sys; import envd_cache.evaluate.dialect as d; from envd_cache.source import SourceFile; "
    code += "d.prepare(SourceFile('b', 'x = 1\\ny = \"\\\\n\"\\n')); "
    code += "print({'re', 'lark', 'starlark', 'json', 'typing', 'enum', 'functools'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "set()"
