"""Every rule: its examples, its place in the tables, and its case file."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

import envd_cache
from envd_cache.codes import CODES
from envd_cache.lint.engine import Settings
from envd_cache.lint.engines_wanted import Engines
from envd_cache.lint.pitfalls import PITFALLS
from envd_cache.lint.rule import PLAN, REPOSITORY, SYNTAX, Rule
from envd_cache.lint.rules import RULES
from envd_cache.lint.rules.shared_default_scope import RULE as SHARED_DEFAULT_SCOPE
from envd_cache.report.text import render
from tests.lint.running import lint
from tests.support.cases import parse_cases, read_cases

CASES = Path(__file__).parent / "cases"
PACKAGE = Path(envd_cache.__file__).parent
BY_CODE = {rule.code: rule for rule in RULES}

each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def module_of(rule: Rule) -> Path:
    return PACKAGE / "lint" / "rules" / f"{rule.name.replace('-', '_')}.py"


def example(text: str, rule: Rule, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    [case] = parse_cases(text)
    case.write(folder)
    (folder / ".git").mkdir()
    monkeypatch.chdir(folder)
    return Counter(one.code for one in lint(Path(), Settings(rule.engines)).diagnostics)


@each_rule
def test_the_bad_example_has_its_finding(rule: Rule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = example(rule.bad, rule, tmp_path, monkeypatch)
    assert found[rule.code] == 1
    assert set(found) == {rule.code, *rule.also}


@each_rule
def test_the_good_example_has_none(rule: Rule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not example(rule.good, rule, tmp_path, monkeypatch)


@each_rule
def test_examples_need_the_stated_engines_only(
    rule: Rule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if rule.engines == Engines():
        return
    without = rule.replace(engines=Engines())
    assert example(rule.bad, without, tmp_path, monkeypatch)[rule.code] == 0


def test_codes_and_names_are_in_order_and_unique() -> None:
    codes = [rule.code for rule in RULES]
    assert codes == sorted(set(codes))
    assert all(re.fullmatch(r"EC3\d\d", code) for code in codes)
    names = [rule.name for rule in RULES] + [code.name for code in CODES if code.code[2] != "3"]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in names)


def test_there_are_enough() -> None:
    assert len(RULES) >= 30
    assert {rule.scope for rule in RULES} == {SYNTAX, PLAN, REPOSITORY}


def test_one_file_one_rule() -> None:
    files = {path for path in (PACKAGE / "lint" / "rules").glob("*.py") if path.name != "__init__.py"}
    assert files == {module_of(rule) for rule in RULES}
    for rule in RULES:
        assert module_of(rule).read_text().startswith(f'"""{rule.code}: ')


@each_rule
def test_its_page_says_everything(rule: Rule) -> None:
    for text in (rule.why, rule.instead):
        assert text[0].isupper() or text[0] == "`"
        assert text.endswith(".")
        assert "  " not in text
    assert rule.bad != rule.good
    assert rule.severity in ("error", "warning", "note")
    assert (rule.suspects is not None) == (rule.scope == SYNTAX)
    assert rule.scope == PLAN or not rule.backends


@each_rule
def test_suspects_never_hides_a_finding(rule: Rule) -> None:
    if rule.suspects is None:
        return
    [bad] = parse_cases(rule.bad)
    assert any(map(rule.suspects, bad.files.values()))
    for case in read_cases(CASES / f"{module_of(rule).stem}.envd-cases"):
        for file, text in case.files.items():
            if any(one.code == rule.code and one.file == file for one in case.expected):
                assert rule.suspects(text), case.name


def test_examples_of_others_are_not_suspected() -> None:
    """A tree costs more than everything else, so an ordinary file must get none."""
    ordinary = [rule.good for rule in RULES if rule.scope == PLAN]
    suspected = [text for text in ordinary for rule in RULES if rule.suspects and rule.suspects(text)]
    assert suspected == []


def test_rules_and_pitfalls_name_each_other() -> None:
    from_rules = {(pitfall, rule.code) for rule in RULES for pitfall in rule.pitfalls}
    from_table = {(one.id, code) for one in PITFALLS for code in one.seen_by if code in BY_CODE}
    assert from_rules == from_table


def test_every_pitfall_is_seen_or_says_why_not() -> None:
    assert len(PITFALLS) == 51
    assert len({one.id for one in PITFALLS}) == 51
    known = {*BY_CODE, *(code.code for code in CODES)}
    for one in PITFALLS:
        assert one.seen_by or one.reason, one.id
        assert set(one.seen_by) <= known, one.id
        assert one.severity in ("critical", "high", "medium", "low")


def test_every_rule_has_a_case_file() -> None:
    assert {path.stem for path in CASES.glob("*.envd-cases")} == {module_of(rule).stem for rule in RULES}


def test_one_place_is_never_two_findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = example(SHARED_DEFAULT_SCOPE.bad, SHARED_DEFAULT_SCOPE, tmp_path, monkeypatch)
    assert found["EC341"] == 0


def test_checking_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".git").mkdir()
    for number, rule in enumerate(RULES):
        [case] = parse_cases(rule.bad)
        case.write(Path(f"r{number}"))
    before = {path: path.read_bytes() for path in sorted(Path().rglob("*")) if path.is_file()}
    first = lint(Path())
    assert render(first.diagnostics) == render(lint(Path()).diagnostics)
    assert before == {path: path.read_bytes() for path in sorted(Path().rglob("*")) if path.is_file()}
