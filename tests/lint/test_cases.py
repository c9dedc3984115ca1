"""Runs the case files in `tests/lint/cases`, one for each rule.

`# args:` states engines (`buildkit=0.20`) and severities (`severity.rule-name=off`). In a case the codes of
its rule and of its expectations are compared; what other rules say of it is theirs.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envd_cache.evaluate.facts import Facts
from envd_cache.lint.engine import Settings
from envd_cache.lint.engines_wanted import Engines
from envd_cache.lint.rules import RULES
from tests.lint.running import lint
from tests.support.cases import Case, Expected, read_cases

if TYPE_CHECKING:
    from envd_cache.diagnostics import Diagnostic, Severity

FOLDER = Path(__file__).parent / "cases"
CODES = {rule.name.replace("-", "_"): rule.code for rule in RULES}
CASES = [
    pytest.param(CODES[path.stem], case, id=case.name)
    for path in sorted(FOLDER.glob("*.envd-cases"))
    for case in read_cases(path)
]


def settings_of(case: Case) -> Settings:
    given = dict(word.split("=", 1) for word in case.args)
    wanted = {name.removeprefix("severity."): value for name, value in given.items() if "." in name}
    engines = Engines(**{name: value for name, value in given.items() if "." not in name})

    def severity_of(name: str, code: str, path: str, default: Severity) -> str:
        assert not path.startswith("/")
        return wanted.get(name, wanted.get(code, default))

    return Settings(engines, severity_of)


def as_expected(found: Diagnostic) -> Expected:
    assert found.location is not None
    source = found.location.source
    line = source.position(found.location.span.start).line + 1
    return Expected(source.path, line, found.code, found.message)


@pytest.mark.parametrize(("code", "case"), CASES)
def test_case(code: str, case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    case.write(Path())
    Path(".git").mkdir(exist_ok=True)
    facts = Facts(given={"pull_request": "", **case.facts})
    found = lint(Path(), settings_of(case), facts).diagnostics
    compared = {code, "EC348", "EC349", *(one.code for one in case.expected)}
    assert Counter(as_expected(one) for one in found if one.code in compared) == Counter(case.expected)


@pytest.mark.parametrize("name", CODES)
def test_each_rule_has_cases_of_both_kinds(name: str) -> None:
    cases = read_cases(FOLDER / f"{name}.envd-cases")
    with_finding = [case for case in cases if any(one.code == CODES[name] for one in case.expected)]
    assert with_finding
    assert len(with_finding) < len(cases)
