"""Comments that allow findings: what each form covers, and what it may not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envd_cache.diagnostics import WARNING, Diagnostic
from envd_cache.lint.engine import Settings, finish
from envd_cache.lint.suppress import allowances_of
from envd_cache.source import SourceFile
from tests.lint.running import lint

if TYPE_CHECKING:
    from envd_cache.diagnostics import Severity

TEXT = """\
def build():
    base()
    cache.gha(mode="max")
    cache.local("cache", mode="max")


def dev():
    base()
    if True:
        cache.gha(
            use="export",
        )
        print("x"); cache.gha(use="import")
"""
ALLOW = "# envd-cache: allow(default-scope)"


def lines_with_finding(text: str, code: str, *, whole: bool = True) -> list[int]:
    Path("build.envd").write_text(text)
    found = lint(Path(), whole=whole).diagnostics
    return [
        one.location.source.position(one.location.span.start).line + 1
        for one in found
        if one.code == code and one.location
    ]


def before(number: int, comment: str = ALLOW, indent: str = "    ") -> str:
    lines = TEXT.splitlines()
    lines.insert(number - 1, indent + comment)
    return "\n".join(lines) + "\n"


def behind(number: int, comment: str = ALLOW) -> str:
    lines = TEXT.splitlines()
    lines[number - 1] += "  " + comment
    return "\n".join(lines) + "\n"


@pytest.fixture(autouse=True)
def _in_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".git").mkdir()


def test_without_a_comment() -> None:
    assert lines_with_finding(TEXT, "EC324") == [3, 10]


@pytest.mark.parametrize(
    ("text", "left", "unused"),
    [
        pytest.param(behind(3), [10], 0, id="behind a statement"),
        pytest.param(before(3), [11], 0, id="on a line above"),
        pytest.param(behind(1), [10], 0, id="behind the head of a function"),
        pytest.param(before(1, indent=""), [11], 0, id="above a function"),
        pytest.param(behind(7), [3], 0, id="behind the head of the other function"),
        pytest.param(behind(9), [3], 0, id="behind `if`"),
        pytest.param(before(9, indent="    "), [3], 0, id="above `if`"),
        pytest.param(behind(10), [3], 0, id="behind the first line of a call"),
        pytest.param(behind(11), [3], 0, id="behind an argument"),
        pytest.param(behind(12), [3], 0, id="behind the last line of a call"),
        pytest.param(before(11, indent="            "), [3], 0, id="above an argument"),
        pytest.param(behind(13), [3, 10], 1, id="behind two statements, of which none has it"),
        pytest.param(behind(4), [3, 10], 1, id="behind another statement"),
        pytest.param(before(4), [3, 11], 1, id="above another statement"),
        pytest.param(before(5), [3, 11], 1, id="at the end of a block"),
        pytest.param(before(99, indent=""), [3, 10], 1, id="at the end of the file"),
        pytest.param(before(1, "# envd-cache: allow-file(EC324)", ""), [], 0, id="the whole file"),
        pytest.param(behind(3, "# envd-cache:allow( EC341 ,EC324 ) why"), [10], 1, id="by code, in a list"),
        pytest.param(behind(3, "# noqa  # envd-cache: allow(default-scope)"), [10], 0, id="behind another"),
        pytest.param(behind(3, '; print("# envd-cache: allow(default-scope)")'), [3, 10], 0, id="a text"),
    ],
)
def test_what_a_comment_covers(text: str, left: list[int], unused: int) -> None:
    assert lines_with_finding(text, "EC324") == left
    assert len(lines_with_finding(text, "EC348")) == unused


def test_findings_of_other_phases_are_allowed_unless_they_are_errors() -> None:
    text = 'def build():\n    base()\n    cache.gha(mode="max", use="import")  # envd-cache: allow({})\n'
    assert lines_with_finding(text.format("default-scope"), "EC117") == [3]
    assert lines_with_finding(text.format("ineffective-argument"), "EC117") == []
    text = 'def build():\n    base()\n    cache.gha(mode="MAX")  # envd-cache: allow(invalid-value)\n'
    assert lines_with_finding(text, "EC106") == [3]


def test_an_error_of_a_rule_is_allowed() -> None:
    text = 'def build():\n    base(image="acme/a:1")\n    cache.registry("acme/a:1"){}\n'
    assert lines_with_finding(text.format(""), "EC307") == [3]
    assert lines_with_finding(text.format("  # envd-cache: allow(cache-over-base-image)"), "EC307") == []


def test_loaded_files_allow_for_all_who_load_them() -> None:
    Path("team.envd").write_text(
        "def team():\n    # envd-cache: allow(default-scope) one job\n    cache.gha()\n"
    )
    text = 'load("//team.envd", "team")\ndef build():\n    base()\n    team()\n'
    assert lines_with_finding(text, "EC324") == []
    assert lines_with_finding(text, "EC348") == []


def test_a_part_of_a_repository_says_nothing_of_rules_between_targets() -> None:
    text = 'def build():\n    base()\n    cache.gha(scope="a")  # envd-cache: allow({})\n'
    assert lines_with_finding(text.format("shared-place"), "EC348", whole=False) == []
    assert lines_with_finding(text.format("shared-place"), "EC348") == [3]
    assert lines_with_finding(text.format("default-scope"), "EC348", whole=False) == [3]


def test_a_broken_file_allows_nothing() -> None:
    assert allowances_of(SourceFile("x", f"def build(:\n    pass {ALLOW}\n")) == ()


@pytest.mark.parametrize(
    ("comment", "told"),
    [
        ("# envd-cache: ignore default-scope", True),
        ("# envd-cache: skip", True),
        ("# envd-cache: disable EC324", True),
        ("# envd-cache:ignore-next-line(EC324)", True),
        ("# envd-cache ignore(EC324)", True),
        ("# envd-cache: ignore what is below", False),
        ("# envd-cache: the caches (all of them)", False),
        ("# envd-cache: off we go", False),
        ("# envd-cache check (see below)", False),
        ("# use envd-cache, allow(x) or not", False),
    ],
)
def test_what_only_looks_like_an_allowance(comment: str, told: bool) -> None:
    text = f"def build():\n    base()\n    {comment}\n    cache.gha(scope='a')\n"
    assert lines_with_finding(text, "EC349") == ([3] if told else [])
    assert bool(allowances_of(SourceFile("x", text))) is told


def test_a_comment_for_the_file_covers_what_is_in_no_place_of_it() -> None:
    text = "# envd-cache: allow-file({})\ndef build():\n    base()\n"
    source = SourceFile("build.envd", text.format("EC013"))
    without_place = [Diagnostic("EC013", WARNING, "no target", path=path) for path in ("build.envd", "other")]
    kept = finish(without_place, [source])
    assert kept.diagnostics == (without_place[1],)
    assert len(kept.used) == 1
    assert finish(without_place, [SourceFile("build.envd", text.format("EC014"))]).diagnostics == (
        *without_place,
    )
    inside = SourceFile("build.envd", "def build():  # envd-cache: allow(EC013)\n    base()\n")
    assert finish(without_place, [inside]).diagnostics == (*without_place,)


def test_severities_come_before_comments() -> None:
    def strict(name: str, code: str, path: str, default: Severity) -> str:
        return "error" if name == "ineffective-argument" else default

    Path("build.envd").write_text('def build():\n    base()\n    cache.gha(mode="max", use="import")\n')
    [found] = [one for one in lint(Path(), Settings(severity_of=strict)).diagnostics if one.code == "EC117"]
    assert found.severity == "error"
