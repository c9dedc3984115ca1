"""The whole report of each rule's bad example, to the letter: place, message, labels, hint, fix.

Write it anew with `pytest tests/lint/test_error_reports.py --update`; look at the difference.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from envd_cache.lint.engine import Settings
from envd_cache.lint.fixes import with_fixes
from envd_cache.lint.rules import RULES
from envd_cache.report.text import render
from tests.lint.running import lint
from tests.support.cases import parse_cases

if TYPE_CHECKING:
    import pytest

GOLDEN = Path(__file__).parent / "reports.txt"


def test_error_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, update_goldens: bool) -> None:
    made = []
    for rule in RULES:
        folder = tmp_path / rule.code
        (folder / ".git").mkdir(parents=True)
        [case] = parse_cases(rule.bad)
        case.write(folder)
        monkeypatch.chdir(folder)
        for found in with_fixes(lint(Path(), Settings(rule.engines)).diagnostics):
            if found.code == rule.code:
                made.append(render([found]))
                if found.fix:
                    made.append(f"{'safe' if found.fix.safe else 'unsafe'} fix: {found.fix.title}\n")
        made.append("\n")
    text = "".join(made)
    if update_goldens:
        GOLDEN.write_text(text, encoding="utf-8")
    assert GOLDEN.read_text(encoding="utf-8") == text
