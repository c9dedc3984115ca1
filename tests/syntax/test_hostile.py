"""Hostile files neither overflow the interpreter's stack nor make our own scanning slow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from time import perf_counter

import pytest

from envd_cache.evaluate.dialect import prepare
from envd_cache.source import SourceFile
from envd_cache.syntax.calls import functions
from envd_cache.syntax.parse import parse
from tests.syntax.hostile import INSIDE

# Each would take many minutes if any step were quadratic; as it is, less than a second.
LINEAR = {
    "open brackets": "(" * 500_000,
    "closing brackets": ")" * 500_000,
    "quotes": '"' * 500_001,
    "escapes": 'x = "' + "\\\\" * 500_000 + '"',
    "escaped line ends": '"\\\n' * 150_000,
    "escaped quotes": '\\"\n' * 150_000,
    "strings on a line": "['', " + "'', " * 125_000 + "]",
    "open strings": '"\n' * 150_000,
    "open long strings": '"""\\' * 125_000,
    "commas": "a,;" * 150_000,
    "targets": "a, " * 150_000 + "a = 1",
    "names": "é = 1\n" * 150_000,
    "long names": "é" * 500_000 + " = 1",
    "tabs": "x\t=\t1\n" * 150_000,
    "indents": "\t" * 500_000 + "x",
    "raw strings": "x = r'" + "\\'" * 500_000 + "'",
    "line joints": "\\\n" * 500_000,
    "loads": 'load("m", ' + '"a", ' * 100_000 + ")",
}


@pytest.mark.parametrize("name", LINEAR)
def test_scanning_is_linear(name: str) -> None:
    began = perf_counter()
    prepare(SourceFile("build.envd", LINEAR[name]))
    assert perf_counter() - began < 20


def test_nothing_inside_the_limits_overflows() -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "tests.syntax.hostile"], cwd=root, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split("\n")[:-1] == list(INSIDE)


@pytest.mark.parametrize("name", [name for name in INSIDE if len(INSIDE[name]) < 200_000])
def test_lark_reads_what_is_inside_the_limits(name: str) -> None:
    assert parse(SourceFile("build.envd", INSIDE[name])).diagnostics == ()


def test_too_deep_a_file_still_tells_its_functions() -> None:
    text = "def first(): pass\n\nx = " + "(" * 500 + ")" * 500 + "\n\ndef last(): pass\n"
    assert [function.name for function in functions(SourceFile("build.envd", text))] == ["first", "last"]
