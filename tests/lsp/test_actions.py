"""Code actions, findings at once, pages of codes, and formatting without a server."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import pytest

from envd_cache.lsp.actions import FIX_ALL, QUICK, actions, fix_all
from envd_cache.lsp.findings import Change, Finding, Insight, Mend, at_once, merged, refuted_of
from envd_cache.lsp.formatting import FormatError, changes, find_ruff, formatted
from envd_cache.lsp.pages import Pages, page

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lsp.marked import Desk

HEAD = "def build():\n    base()\n    "


def finding(desk: Desk, text: str, word: str, code: str, new: str, *, safe: bool = True) -> Finding:
    start = text.index(word)
    path = desk.path("build.envd")
    mend = Mend(f"write {new}", (Change(path, start, start + len(word), new),), safe)
    return Finding(code, "warning", "wrong", start, start + len(word), mend=mend)


def apply(text: str, made: tuple[Change, ...]) -> str:
    for change in sorted(made, key=lambda one: -one.start):
        text = text[: change.start] + change.text + text[change.end :]
    return text


def test_fixes_of_what_is_there_and_of_all(desk: Desk) -> None:
    text = f"{HEAD}cache.gha(a=1, b=2, c=3)\n"
    document = desk.open(text)
    one, two = finding(desk, text, "a=1", "EC310", "x=1"), finding(desk, text, "b=2", "EC311", "y=2")
    risky = finding(desk, text, "c=3", "EC312", "z=3", safe=False)
    found = actions(document, [one, two, risky], one.start, one.start)
    fixes = [action for action in found if action.finding == one and action.preferred]
    assert [apply(text, action.changes) for action in fixes] == [text.replace("a=1", "x=1")]
    (everything,) = [action for action in found if action.kind == FIX_ALL]
    assert apply(text, everything.changes) == text.replace("a=1", "x=1").replace("b=2", "y=2")
    risks = [action for action in actions(document, [risky], risky.start, risky.end) if action.kind == QUICK]
    assert risks[0].title == "write z=3 (changes what is built)"
    assert not risks[0].preferred


def test_overlapping_fixes_wait(desk: Desk) -> None:
    text = f"{HEAD}cache.gha(a=1)\n"
    document = desk.open(text)
    first = finding(desk, text, "a=1", "EC310", "x=1")
    assert fix_all(document, [first, finding(desk, text, "(a=1", "EC311", "(")]) == fix_all(document, [first])
    assert fix_all(document, []) is None


def test_an_allowance_above_the_line(desk: Desk) -> None:
    text = f"{HEAD}cache.gha()\n"
    document = desk.open(text)
    at = text.index("cache")
    found = [
        action
        for action in actions(document, [Finding("EC301", "warning", "m", at, at + 5)], at, at)
        if action.title.startswith("allow")
    ]
    (action,) = found
    allowed = apply(text, action.changes)
    assert allowed == f"{HEAD}# envd-cache: allow(unused-load)\n    cache.gha()\n"
    document = desk.open(allowed)
    at = allowed.index("cache.gha")
    second = actions(document, [Finding("EC302", "warning", "m", at, at + 5)], at, at)
    texts = [apply(allowed, action.changes) for action in second if action.title.startswith("allow")]
    assert texts == [allowed.replace("(unused-load)", "(unused-load, uncalled-declaration)")]


def test_an_error_of_the_language_is_not_allowed_away(desk: Desk) -> None:
    document = desk.open(f"{HEAD}cache.gha(mode=1)\n")
    error = at_once(document)[0]
    assert error.severity == "error"
    assert not any(action.title.startswith("allow") for action in actions(document, [error], 0, 999))


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ('cache.gha(skope="a")', 'cache.gha(scope="a")'),
        ('cache.gha(mode="MAX")', 'cache.gha(mode="max")'),
        ('cache.gha(\n        mode="MAX",\n    )', 'cache.gha(\n        mode="max",\n    )'),
    ],
)
@pytest.mark.parametrize("rest", ["", "\n\ndef broken(:\n"])
def test_a_fix_waits_for_no_evaluation(desk: Desk, wrong: str, right: str, rest: str) -> None:
    document = desk.open(f"{HEAD}{wrong}\n{rest}")
    (found, *_) = at_once(document)
    made = [one for one in actions(document, [found], found.start, found.start) if one.finding]
    assert [apply(document.text, one.changes) for one in made] == [f"{HEAD}{right}\n{rest}"]
    everything = fix_all(document, [found])
    assert everything
    assert apply(document.text, everything.changes) == f"{HEAD}{right}\n{rest}"


def test_findings_of_an_old_text_move_with_theirs(desk: Desk) -> None:
    text = f"{HEAD}cache.gha()\n    cache.none()\n"
    at = text.index("cache.none")
    slow = Finding("EC210", "warning", "m", at, at + 5)
    document = desk.open(text)
    insight = Insight(document.path, {document.path: text}, {document.path: (slow,)})
    assert merged(document, at_once(document), [insight], own=insight) == [slow]
    document.change("\n\n", 0, 0)
    moved = merged(document, at_once(document), [insight], own=insight)
    assert [one.start for one in moved] == [at + 2]
    document.change("x", at + 4, at + 4)
    assert merged(document, at_once(document), [insight], own=insight) == []


def test_what_an_evaluation_refuted_does_not_come_back(desk: Desk) -> None:
    text = "def helper():\n    cache.gha(nope=1)\n\n\ndef build():\n    base()\n"
    document = desk.open(text)
    assert [one.code for one in at_once(document)] == ["EC102"]
    insight = Insight(document.path, {document.path: text}, {})
    insight = insight.replace(refuted=refuted_of(document, insight))
    assert merged(document, at_once(document), [insight], own=insight) == []
    document.change("\n", len(text), len(text))
    assert merged(document, at_once(document), [insight], own=insight) == []


def test_a_name_of_the_files_own_is_not_judged(desk: Desk) -> None:
    assert at_once(desk.open("cache = struct\n\n\ndef f():\n    cache.gha(nope=1)\n")) == []


@pytest.mark.parametrize(("code", "word"), [("EC301", "**Instead:**"), ("EC102", "**Instead:**")])
def test_a_page_for_each_code(tmp_path: Path, code: str, word: str) -> None:
    uri = Pages(str(tmp_path / "a b")).uri(code)
    assert uri == f"file://{tmp_path}/a%20b/{code}.md"
    assert word in (tmp_path / "a b" / f"{code}.md").read_text()


def test_no_page_without_a_folder_or_a_code(tmp_path: Path) -> None:
    assert Pages("").uri("EC301") == ""
    assert Pages(str(tmp_path)).uri("EC999") == ""
    assert page("EC999") == ""


def test_ruff_of_an_absolute_folder_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("relative", "absolute"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "ruff").write_text("#!/bin/sh\n")
        (tmp_path / folder / "ruff").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    assert find_ruff("", f"relative{os.pathsep}.{os.pathsep}") == ""
    assert find_ruff("", f"relative{os.pathsep}{tmp_path}/absolute") == str(tmp_path / "absolute" / "ruff")
    assert find_ruff(str(tmp_path / "absolute" / "python"), "") == str(tmp_path / "absolute" / "ruff")


def test_formatting_leaves_broken_text_alone(tmp_path: Path) -> None:
    ruff = find_ruff(sys.executable, os.environ["PATH"])
    assert ruff
    path = str(tmp_path / "build.envd")
    assert asyncio.run(formatted(ruff, path, "base( image='é' )\n")) == 'base(image="é")\n'
    with pytest.raises(FormatError, match="ruff"):
        asyncio.run(formatted(ruff, path, "base(\n"))


def test_changes_are_as_small_as_lines() -> None:
    old = "a\nb\nc\nd\n"
    made = changes("p", old, "a\nB\nc\nd\ne\n")
    assert [(one.start, one.end, one.text) for one in made] == [(2, 4, "B\n"), (8, 8, "e\n")]
    assert changes("p", old, old) == []
