"""Correct files have no finding above a note, none between targets: examples, idioms, generated files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from envd_cache.diagnostics import NOTE, Diagnostic
from envd_cache.evaluate.facts import Facts
from envd_cache.lint.rule import REPOSITORY
from envd_cache.lint.rules import RULES
from envd_cache.pipeline import session
from envd_cache.report.text import render
from tests.differential import snippets
from tests.lint.generated import targets
from tests.lint.running import lint

EXAMPLES = Path(__file__).parents[2] / "examples"
BETWEEN = {rule.code for rule in RULES if rule.scope == REPOSITORY}
ACCEPTED = [snippet for snippet in snippets.every() if snippet.topic.endswith("_accepted")]


def unwanted(found: tuple[Diagnostic, ...]) -> list[Diagnostic]:
    """Return what is above a note, and every finding between targets."""
    return [one for one in found if one.severity != NOTE or one.code in BETWEEN]


@pytest.mark.parametrize("folder", sorted(EXAMPLES.iterdir()), ids=lambda folder: folder.name)
def test_examples(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(folder, tmp_path / "app")
    monkeypatch.chdir(tmp_path / "app")
    facts_file = folder / "facts"
    lines = facts_file.read_text().split("\n") if facts_file.exists() else []
    given_facts = dict(line.split("=", 1) for line in lines if line)
    for branch, number in (("main", ""), ("feature/login", ""), ("feature/x", "7"), ("main", "7")):
        facts = Facts(given={"branch": branch, **given_facts, "pull_request": number})
        # `expected.envd` is a golden, no build file.
        for golden in Path().glob("expected.*"):
            golden.unlink()
        Path(".git").mkdir(exist_ok=True)
        found = lint(Path(), facts=facts)
        assert found.summaries or folder.name == "plain-envd"
        assert found.diagnostics == (), render(found.diagnostics)


@pytest.mark.parametrize("given_facts", [{}, {"branch": "feature/x", "pull_request": "7"}], ids=["", "7"])
def test_idioms_of_envd(given_facts: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    during = session(Facts(given=given_facts))
    wrong = []
    assert len(ACCEPTED) > 100
    for number, snippet in enumerate(ACCEPTED):
        folder = snippet.write(_new(tmp_path / str(number)))
        (folder / ".git").mkdir()
        monkeypatch.chdir(folder)
        try:
            found = lint(Path(), during=during).diagnostics
        except UnicodeDecodeError:
            continue
        wrong += [f"{snippet}: {one.code} {one.message}" for one in found if one.code[2] == "3"]
    assert wrong == []


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


@seed(4)
@settings(
    max_examples=200,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(text=targets())
def test_generated_declarations(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("app")
    (folder / ".git").mkdir()
    (folder / "build.envd").write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        found = lint(Path(), during=_SESSION)
        in_pull_request = lint(Path(), during=_IN_PULL_REQUEST)
    assert len(found.summaries) == text.count("def ")
    assert unwanted(found.diagnostics) == [], text + render(found.diagnostics)
    assert unwanted(in_pull_request.diagnostics) == [], text + render(in_pull_request.diagnostics)


_SESSION = session(Facts(given={"branch": "feature/login", "commit": "0" * 40, "pull_request": ""}))
_IN_PULL_REQUEST = session(Facts(given={"branch": "feature/x", "commit": "0" * 40, "pull_request": "7"}))
