from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envd_cache.catalog.ci import SYSTEMS
from envd_cache.evaluate.facts import Answer, Facts, known, variable
from envd_cache.pipeline import evaluate, session
from envd_cache.source import Target

if TYPE_CHECKING:
    from pathlib import Path

    from envd_cache.evaluate.model import FactRead

NAMES = ("branch", "commit", "pull_request", "platform")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = COMMIT[::-1]
NONE = Answer("", "no pull request is built")
SAMPLES = {"branch": "value", "commit": OTHER, "pull_request": "12"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/HEAD").write_text("ref: refs/heads/local\n")
    (tmp_path / ".git/packed-refs").write_text(f"{COMMIT} refs/heads/local\n")
    return tmp_path


def test_git_is_asked_last(folder: Path) -> None:
    assert known(Facts(), "branch", str(folder)) == Answer("local", "git")
    assert known(Facts(), "commit", str(folder)) == Answer(COMMIT, "git")
    ci = Facts({"CIRCLECI": "true", "CIRCLE_BRANCH": "remote"})
    assert known(ci, "branch", str(folder)) == Answer("remote", "CircleCI (CIRCLE_BRANCH)")
    assert known(ci, "commit", str(folder)) == Answer(COMMIT, "git")


def test_git_need_not_be_asked(folder: Path) -> None:
    assert known(Facts(use_git=False), "branch", str(folder)) is None
    assert known(Facts(use_git=False), "commit", str(folder)) is None


@pytest.mark.parametrize("name", NAMES)
def test_what_is_given_wins(folder: Path, name: str) -> None:
    facts = Facts({"CIRCLECI": "true", "CIRCLE_BRANCH": "x"}, {name: "given"})
    assert known(facts, name, str(folder)) == Answer("given", "--fact")
    assert known(Facts(given={name: ""}), name, str(folder)) == Answer("", "--fact")


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_every_variable_of_every_ci_system(folder: Path, system: object) -> None:
    asked = 0
    for name in NAMES[:3]:
        for source in getattr(system, name):
            value = f"{source.prefix}{SAMPLES[name]}{source.suffix}"
            detect = str(getattr(system, "detect"))  # noqa: B009 (the parameter is any object)
            found = known(Facts({detect: "1", source.name: value}), name, str(folder))
            assert found == Answer(SAMPLES[name], f"{getattr(system, 'name')} ({source.name})")  # noqa: B009
            asked += 1
    assert asked >= 3


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_variables_do_not_count_outside_of_their_system(folder: Path, system: object) -> None:
    environ = {source.name: "value" for name in NAMES[:3] for source in getattr(system, name)}
    assert known(Facts(environ), "branch", str(folder)) == Answer("local", "git")
    assert known(Facts(environ), "pull_request", str(folder)) == NONE


@pytest.mark.parametrize(
    ("environ", "name", "value"),
    [
        ({"GITHUB_REF": "refs/tags/v1"}, "branch", "local"),
        ({"GITHUB_REF": "refs/heads/a/b"}, "branch", "a/b"),
        ({"GITHUB_REF": "refs/heads/a", "GITHUB_HEAD_REF": ""}, "branch", "a"),
        ({"GITHUB_REF": "refs/pull/1/merge", "GITHUB_HEAD_REF": "fork"}, "branch", "fork"),
        ({"GITHUB_REF": "refs/pull/12/merge"}, "pull_request", "12"),
        ({"GITHUB_REF": "refs/pull/12/head"}, "pull_request", ""),
        ({"GITHUB_REF": "refs/heads/main"}, "pull_request", ""),
    ],
)
def test_github(folder: Path, environ: dict[str, str], name: str, value: str) -> None:
    found = known(Facts({"GITHUB_ACTIONS": "true", **environ}), name, str(folder))
    assert found is not None
    assert found.value == value


@pytest.mark.parametrize("value", ["", "false", "0"])
def test_words_for_no_pull_request(folder: Path, value: str) -> None:
    facts = Facts({"BUILDKITE": "true", "BUILDKITE_PULL_REQUEST": value})
    assert known(facts, "pull_request", str(folder)) == NONE


def test_an_empty_detection_variable_does_not_count(folder: Path) -> None:
    facts = Facts({"CIRCLECI": "", "CIRCLE_BRANCH": "x", "BUILDKITE": "1", "BUILDKITE_BRANCH": "y"})
    assert known(facts, "branch", str(folder)) == Answer("y", "Buildkite (BUILDKITE_BRANCH)")


@pytest.mark.parametrize(
    ("machine", "platform"),
    [
        ("x86_64", "linux/amd64"),
        ("amd64", "linux/amd64"),
        ("aarch64", "linux/arm64"),
        ("arm64", "linux/arm64"),
        ("riscv64", "linux/riscv64"),
    ],
)
def test_platforms(machine: str, platform: str) -> None:
    assert known(Facts(machine=machine), "platform", "") == Answer(platform, "this machine")


def test_variables() -> None:
    facts = Facts({"A": "1", "EMPTY": ""}, {"env.A": "2", "env.B": "3"})
    assert variable(facts, "A") == Answer("2", "--fact")
    assert variable(facts, "B") == Answer("3", "--fact")
    assert variable(facts, "EMPTY") == Answer("", "the environment")
    assert variable(facts, "C") is None


def test_only_the_first_ci_system_is_asked(folder: Path) -> None:
    facts = Facts({"GITHUB_ACTIONS": "true", "BUILDKITE": "1", "BUILDKITE_BRANCH": "y"})
    assert known(facts, "branch", str(folder)) == Answer("local", "git")


# ---- what an evaluation keeps of them ----


def read(folder: Path, text: str, facts: Facts) -> list[FactRead]:
    (folder / "build.envd").write_text(text)
    result = evaluate(Target(str(folder / "build.envd")), session(facts))
    assert result.diagnostics == ()
    return list(result.value.facts)


def test_every_fact_that_was_read_is_kept(folder: Path) -> None:
    text = (
        "TOP = cache.platform()\n"
        "def build():\n"
        '    cache.env("A", default="x")\n'
        '    cache.env("B", default="x")\n'
        '    cache.secret("S")\n'
        "    [cache.branch(), cache.commit(), cache.pull_request(), cache.target()]\n"
        '    cache.slug("not a fact")\n'
    )
    found = read(folder, text, Facts({"A": "1", "S": "hidden"}))
    assert [(fact.name, fact.argument, fact.value, fact.origin) for fact in found] == [
        ("platform", "", "linux/amd64", "this machine"),
        ("env", "A", "1", "the environment"),
        ("env", "B", "x", "the default"),
        ("secret", "S", "", "the environment"),
        ("branch", "", "local", "git"),
        ("commit", "", COMMIT, "git"),
        ("pull_request", "", "", "no pull request is built"),
        ("target", "", "//:build", "the target"),
    ]
    lines = [
        fact.site.location.source.position(fact.site.location.span.start).line
        for fact in found
        if fact.site.location
    ]
    assert lines == [0, 2, 3, 4, 5, 5, 5, 5]


def test_facts_that_were_not_asked_for_are_not_read(folder: Path) -> None:
    assert read(folder, "def build():\n    pass\n", Facts({"A": "1"})) == []


def test_the_same_facts_make_the_same_plan(folder: Path) -> None:
    text = 'def build():\n    cache.registry("r", key=[cache.branch(), cache.env("A")])\n'
    assert read(folder, text, Facts({"A": "1"})) == read(folder, text, Facts({"A": "1"}))
    assert read(folder, text, Facts({"A": "1"})) != read(folder, text, Facts({"A": "2"}))
