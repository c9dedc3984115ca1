"""Runs the case files in `tests/cases`: small build files with every finding that they must have.

The words of `# args:` are those of `envd-cache compile`. A fact `environ.NAME` is a variable of the
environment; every other one is given as with `--fact`. A finding that has a file but no place in it is
expected on the first line of that file, or of the build file when the case has no such file.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

import envd_cache
from envd_cache.cli.compile import COMPILE
from envd_cache.cli.options import quick
from envd_cache.cli.process import with_changes
from envd_cache.codes import CODES
from envd_cache.diagnostics import Diagnostic, has_errors
from envd_cache.emit.registry import DEFAULT, Options, emitter
from envd_cache.evaluate.facts import Facts
from envd_cache.ir.override import OPTION
from envd_cache.lint.rules import RULES
from envd_cache.pipeline import compile_targets, session, targets_of
from envd_cache.source import Target, parse_target
from tests.support.cases import Case, Expected, read_cases

TESTS = Path(__file__).parent
CASES = [case for path in sorted((TESTS / "cases").glob("*.envd-cases")) for case in read_cases(path)]
PACKAGE = Path(envd_cache.__file__).parent

# Codes of findings that no small file can have, and the test that has them.
ELSEWHERE = {
    "EC206": "cli/test_compile.py",
    "EC002": "test_error_texts.py",
    "EC003": "test_error_texts.py",
    "EC009": "test_error_texts.py",
    "EC019": "check/test_check.py",
}


def build_file(case: Case) -> str:
    return next(name for name in case.files if name.endswith(".envd"))


def run(case: Case) -> tuple[tuple[Diagnostic, ...], str | bytes | None]:
    """Return the findings and the output of a case; the current folder is the case's own."""
    case.write(Path())
    Path(".git").mkdir(exist_ok=True)
    values = quick(COMPILE, case.args)
    assert values is not None, f"{case.name}: wrong arguments {case.args}"
    environ = {
        name.removeprefix("environ."): value
        for name, value in case.facts.items()
        if name.startswith("environ.")
    }
    given = {name: value for name, value in case.facts.items() if not name.startswith("environ.")}
    during = session(Facts(environ, given, clones="clones"), float(str(values["time_limit"] or 10)))
    target = parse_target(str(values["target"] or build_file(case)))
    assert target is not None
    targets: tuple[Target, ...] = (target,)
    diagnostics: tuple[Diagnostic, ...] = ()
    if values["all"]:
        found = targets_of(target.path, during)
        targets, diagnostics = found.value, found.diagnostics
        if has_errors(diagnostics):
            return diagnostics, None
    chosen = emitter(str(values["to"])) if values["to"] else DEFAULT
    assert chosen is not None
    options = Options(
        keyed=bool(values["all"]),
        null=bool(values["null"]),
        binary=bool(values["binary"]),
        frontend=bool(values["frontend"]),
        driver=str(values["driver"] or ""),
        environ=environ,
        secrets=environ if values["resolve_secrets"] else None,
    )
    changing = with_changes(during, values)
    diagnostics += changing.diagnostics
    if has_errors(diagnostics):
        return diagnostics, None
    during = changing.value
    result = compile_targets(targets, during, chosen, options, strict=bool(values["strict"]))
    return diagnostics + result.diagnostics, result.value.output


def as_expected(case: Case, diagnostic: Diagnostic) -> Expected:
    if diagnostic.location is not None and diagnostic.location.source.path == OPTION:
        return Expected(build_file(case), 1, diagnostic.code, diagnostic.message)
    if diagnostic.location is None:
        path = Path(diagnostic.path)
        shown = str(path.relative_to(Path.cwd()) if path.is_absolute() else path)
        file = shown if shown in case.files else build_file(case)
        return Expected(file, 1, diagnostic.code, diagnostic.message)
    source = diagnostic.location.source
    line = source.position(diagnostic.location.span.start).line + 1
    shown = os.path.relpath(source.path) if os.path.isabs(source.path) else source.path
    return Expected(shown, line, diagnostic.code, diagnostic.message)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    diagnostics, output = run(case)
    found = Counter(as_expected(case, diagnostic) for diagnostic in diagnostics)
    expected = Counter(case.expected)
    missing = "\n".join(map(str, (expected - found).elements()))
    unexpected = "\n".join(map(str, (found - expected).elements()))
    assert not missing, f"missing:\n{missing}\nunexpected:\n{unexpected}"
    assert not unexpected, f"unexpected:\n{unexpected}"
    assert (output is None) == has_errors(diagnostics)


def test_there_are_many_cases() -> None:
    assert len(CASES) >= 150
    assert sum(not case.expected for case in CASES) >= 30


def test_a_missing_and_an_unexpected_finding_both_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = next(case for case in CASES if case.expected)
    wrong = [
        replace(case, expected=[]),
        replace(case, expected=[*case.expected, Expected("build.envd", 1, "EC101", "x")]),
        replace(case, expected=[case.expected[0]._replace(message="x"), *case.expected[1:]]),
        replace(case, expected=[case.expected[0]._replace(line=99), *case.expected[1:]]),
    ]
    for number, changed in enumerate(wrong):
        folder = tmp_path / str(number)
        folder.mkdir()
        with pytest.raises(AssertionError):
            test_case(changed, folder, monkeypatch)


@pytest.mark.parametrize("code", [code.code for code in CODES])
def test_every_code_has_a_case(code: str) -> None:
    if code.startswith("EC5"):
        # What happens around a real build has tests of its own.
        tests = [path.read_text() for path in (TESTS / "engine").rglob("*.py")]
        assert any(code in text for text in tests)
    elif code in ELSEWHERE:
        assert f"[{code}]" in (TESTS / ELSEWHERE[code]).read_text()
    else:
        assert any(expected.code == code for case in CASES for expected in case.expected)


def test_every_code_in_the_program_is_in_the_table() -> None:
    used = {
        code
        for path in PACKAGE.rglob("*.py")
        if path.name != "codes.py"
        for code in re.findall(r"\bEC\d{3}\b", path.read_text())
    }
    known = {code.code for code in CODES} | {rule.code for rule in RULES}
    assert used - known == set()
    assert known - used == set()


def test_codes_are_in_order_and_named_once() -> None:
    codes = [code.code for code in CODES]
    assert codes == sorted(set(codes))
    names = [code.name for code in CODES]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in names)
