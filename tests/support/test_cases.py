from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.cases import Case, Expected, parse_cases, read_cases

if TYPE_CHECKING:
    from pathlib import Path


def test_one_chunk_is_one_build_file() -> None:
    text = "def build():\n    pass\n"
    assert parse_cases(text, "a.envd") == [Case("a.envd:1", {"build.envd": text})]


def test_chunks_are_named_by_their_first_line() -> None:
    cases = parse_cases("a\n---\nb\n\n---\n\nc", "f")
    assert [case.name for case in cases] == ["f:1", "f:3", "f:6"]
    assert [case.files["build.envd"] for case in cases] == ["a\n", "b\n\n", "c\n"]


def test_a_separator_is_a_whole_line() -> None:
    text = "a = '---'\n --- \n----\n"
    assert [case.files for case in parse_cases(text)] == [{"build.envd": text}]


def test_findings_have_the_line_of_their_file() -> None:
    text = 'x\ny ### EC301 "one" ### EC302 "t\\"w`o\\""\n# file: b/c.envd\nz   ###  no\n'
    with pytest.raises(ValueError, match=r'^f:1: line 1 of b/c\.envd: not `### EC000 "text"`: ###  no$'):
        parse_cases(text, "f")
    (case,) = parse_cases(text.replace("###  no", '### EC001 "é"'))
    assert case.expected == [
        Expected("build.envd", 2, "EC301", "one"),
        Expected("build.envd", 2, "EC302", 't"w`o"'),
        Expected("b/c.envd", 1, "EC001", "é"),
    ]
    assert case.files["build.envd"] == 'x\ny ### EC301 "one" ### EC302 "t\\"w`o\\""\n'


@pytest.mark.parametrize(
    "tail", ["### EC1 'x'", '### EC12 "x"', '### EC123 "x', '### EC123 "x" y', "### TODO"]
)
def test_a_misspelt_finding_is_no_comment(tail: str) -> None:
    with pytest.raises(ValueError, match=r"line 1 of build\.envd: not"):
        parse_cases(f"x {tail}")


def test_headers_are_not_part_of_the_file() -> None:
    text = "\n# facts: branch=main env.X='a b'\n#args: --strict\n\n# facts: env.Y=\nx ### EC001 \"m\"\n"
    (case,) = parse_cases(text)
    assert case.facts == {"branch": "main", "env.X": "a b", "env.Y": ""}
    assert case.args == ["--strict"]
    assert case.files == {"build.envd": 'x ### EC001 "m"\n'}
    assert case.expected == [Expected("build.envd", 1, "EC001", "m")]


def test_headers_belong_to_one_case() -> None:
    first, second = parse_cases("# args: --strict\na\n---\nb\n")
    assert (first.args, second.args) == (["--strict"], [])


def test_the_first_file_may_have_a_name() -> None:
    (case,) = parse_cases(
        "# args: -x\n# file: pyproject.toml\n[tool]\n\n# file: build.envd\nx\n# file: empty\n"
    )
    assert case.files == {"pyproject.toml": "[tool]\n\n", "build.envd": "x\n", "empty": ""}
    assert next(iter(case.files)) == "pyproject.toml"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n---\n", "f:3: an empty case"),
        ("", "f:1: an empty case"),
        ("# args: x\n", "f:1: an empty case"),
        ("a\n# facts: x=y\n", "f:2: `# facts:` stands at the top of a case"),
        ("# facts: x\na\n", "f:1: facts are NAME=VALUE"),
        ("a\n# file: build.envd\n", "f:2: a second file 'build.envd'"),
        ("# file: ../a\n", "f:1: not a path inside the folder of the case: '../a'"),
        ("# file: /a\n", "f:1: not a path inside the folder of the case: '/a'"),
        ("# file:\n", "f:1: not a path inside the folder of the case: ''"),
    ],
)
def test_a_broken_file_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the whole text is compared)
        parse_cases(text, "f")
    assert str(caught.value) == message


def test_cases_are_read_and_written(tmp_path: Path) -> None:
    source = tmp_path / "cases.envd"
    source.write_bytes("a = 'é'\r\n# file: b/c.envd\r\nd\n---\r\n# args: -x\r\ne\n".encode())
    case, second = read_cases(source)
    assert case.name == "cases.envd:1"
    folder = tmp_path / "out"
    assert case.write(folder) == folder / "build.envd"
    assert (folder / "build.envd").read_bytes() == "a = 'é'\r\n".encode()
    assert (folder / "b/c.envd").read_text() == "d\n"
    assert (second.args, second.files) == (["-x"], {"build.envd": "e\n"})
