"""What CI systems say, and what of it is no answer."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from envd_cache.evaluate.facts import Answer, Facts, known, variable

if TYPE_CHECKING:
    from pathlib import Path

SHA = "0123456789abcdef0123456789abcdef01234567"
OURS = SHA[::-1]
LOCAL = Answer("local", "git")
NONE = Answer("", "no pull request is built")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/HEAD").write_text("ref: refs/heads/local\n")
    (tmp_path / ".git/packed-refs").write_text(f"{OURS} refs/heads/local\n")
    return tmp_path


def value_of(found: Answer | None) -> str | None:
    return None if found is None else found.value


# ---- commits ----


@pytest.mark.parametrize("commit", [SHA, SHA + SHA[:24]])
def test_a_full_commit(folder: Path, commit: str) -> None:
    facts = Facts({"BUILDKITE": "true", "BUILDKITE_COMMIT": commit})
    assert known(facts, "commit", str(folder)) == Answer(commit, "Buildkite (BUILDKITE_COMMIT)")


@pytest.mark.parametrize("commit", ["", "HEAD", SHA[:7], SHA.upper(), SHA + "0", f" {SHA}", f"{SHA}\n"])
def test_what_is_no_full_commit_leaves_it_to_git(folder: Path, commit: str) -> None:
    facts = Facts({"BUILDKITE": "true", "BUILDKITE_COMMIT": commit})
    assert known(facts, "commit", str(folder)) == Answer(OURS, "git")
    assert known(facts.replace(use_git=False), "commit", str(folder)) is None


def test_a_given_commit_is_taken_as_it_is(folder: Path) -> None:
    assert known(Facts(given={"commit": "v1"}), "commit", str(folder)) == Answer("v1", "--fact")


# ---- GitHub Actions ----


def github(folder: Path, event: object = None, **environ: str) -> Answer | None:
    """Return the pull request, with the event written to a file."""
    path = folder / "event.json"
    if event is not None:
        path.write_bytes(event if isinstance(event, bytes) else json.dumps(event).encode())
    everything = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(path), **environ}
    return known(Facts(everything), "pull_request", str(folder))


@pytest.mark.parametrize(
    "event",
    [
        {"pull_request": {"number": 12}},
        {"number": 12},
        {"pull_request": {"number": 12}, "number": 13},
        {"pull_request": {}, "number": 12},
        {"pull_request": None, "number": 12},
        {"pull_request": {"number": "x"}, "number": 12},
    ],
)
@pytest.mark.parametrize(
    "kind", ["pull_request", "pull_request_target", "pull_request_review", "pull_request_review_comment"]
)
def test_the_number_is_in_the_event(folder: Path, event: object, kind: str) -> None:
    found = github(folder, event, GITHUB_EVENT_NAME=kind, GITHUB_REF="refs/heads/main")
    assert found == Answer("12", "GitHub Actions (GITHUB_EVENT_PATH)")


def test_the_ref_is_asked_before_the_event(folder: Path) -> None:
    found = github(folder, {"number": 13}, GITHUB_EVENT_NAME="pull_request", GITHUB_REF="refs/pull/12/merge")
    assert found == Answer("12", "GitHub Actions (GITHUB_REF)")


@pytest.mark.parametrize("kind", ["push", "merge_group", "workflow_dispatch", ""])
def test_other_events_are_not_read(folder: Path, kind: str) -> None:
    assert github(folder, {"number": 12}, GITHUB_EVENT_NAME=kind, GITHUB_REF="refs/heads/main") == NONE


@pytest.mark.parametrize(
    "event",
    [
        *(b"", b"{", b"\xff\xfe\xfd", b"null", b"[12]", b"12", b"[" * 200_000, b'{"number": ' + b"1" * 5000),
        *({}, {"pull_request": {}}, {"pull_request": 12}, {"pull_request": [12]}),
        *({"number": True}, {"number": "12"}, {"number": 12.0}, {"number": 0}, {"number": -1}),
    ],
)
def test_a_faulty_event_is_unknown(folder: Path, event: object) -> None:
    assert github(folder, event, GITHUB_EVENT_NAME="pull_request_target", GITHUB_HEAD_REF="fix") is None
    assert github(folder, event, GITHUB_EVENT_NAME="pull_request") is None


@pytest.mark.parametrize("path", ["", "missing.json", ".", "a\0b"])
def test_an_event_that_cannot_be_read_is_unknown(folder: Path, path: str) -> None:
    place = str(folder / path) if path else ""
    assert github(folder, GITHUB_EVENT_NAME="pull_request", GITHUB_EVENT_PATH=place) is None


def test_no_path_of_an_event_is_unknown(folder: Path) -> None:
    facts = Facts({"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request"})
    assert known(facts, "pull_request", str(folder)) is None


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "event.json")
    assert github(folder, GITHUB_EVENT_NAME="pull_request") is None


@pytest.mark.parametrize(("more", "number"), [(0, "12"), (1, None)])
def test_the_limit_of_an_event(folder: Path, more: int, number: str | None) -> None:
    text = b'{"number": 12}'
    event = text + b" " * (10 * 1024 * 1024 - len(text) + more)
    assert value_of(github(folder, event, GITHUB_EVENT_NAME="pull_request")) == number


def test_a_pull_request_without_a_number_is_not_none(folder: Path) -> None:
    assert github(folder, GITHUB_HEAD_REF="fix", GITHUB_REF="refs/heads/main") is None
    assert github(folder, GITHUB_HEAD_REF="", GITHUB_REF="refs/heads/main") == NONE
    assert github(folder, GITHUB_REF="refs/pull/x/merge") is None


def test_the_branch_of_pull_request_target_is_the_forks(folder: Path) -> None:
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/heads/main", "GITHUB_HEAD_REF": "fix"}
    facts = Facts({**environ, "GITHUB_EVENT_NAME": "pull_request_target"})
    assert value_of(known(facts, "branch", str(folder))) == "fix"


# ---- Jenkins ----


@pytest.mark.parametrize(
    ("environ", "branch"),
    [
        ({"BRANCH_NAME": "PR-12"}, "local"),
        ({"BRANCH_NAME": "PR-12", "GIT_BRANCH": "PR-12"}, "local"),
        ({"BRANCH_NAME": "PR-12", "CHANGE_BRANCH": "fix"}, "fix"),
        ({"BRANCH_NAME": "PR-12", "GIT_BRANCH": "origin/fix"}, "fix"),
        ({"BRANCH_NAME": "PR-x"}, "PR-x"),
        ({"BRANCH_NAME": "PR-"}, "PR-"),
        ({"BRANCH_NAME": "PR-12-fix"}, "PR-12-fix"),
        ({"BRANCH_NAME": "PR-\u0661"}, "PR-\u0661"),
        ({"GIT_BRANCH": "main"}, "main"),
        ({"GIT_BRANCH": "origin/a/b"}, "a/b"),
        ({"GIT_BRANCH": "refs/heads/a/b"}, "a/b"),
        ({"GIT_BRANCH": "refs/tags/v1"}, "local"),
        ({"GIT_BRANCH": "origin/PR-12"}, "local"),
        ({"GIT_BRANCH": "detached"}, "local"),
        ({"GIT_BRANCH": "origin/detached"}, "detached"),
        ({"GIT_BRANCH": "detached-head"}, "detached-head"),
    ],
)
def test_jenkins_branches(folder: Path, environ: dict[str, str], branch: str) -> None:
    facts = Facts({"JENKINS_URL": "https://ci.example.org", **environ})
    assert value_of(known(facts, "branch", str(folder))) == branch


# ---- numbers of pull requests ----


@pytest.mark.parametrize(
    ("environ", "number"),
    [
        ({"CIRCLECI": "1", "CIRCLE_PULL_REQUEST": "https://github.com/a/b/pull/123"}, "123"),
        ({"CIRCLECI": "1", "CIRCLE_PULL_REQUEST": "https://x/pull/1", "CIRCLE_PR_NUMBER": "2"}, "2"),
        ({"CIRCLECI": "1", "CIRCLE_PULL_REQUEST": ""}, ""),
        ({"CIRCLECI": "1", "CIRCLE_PULL_REQUEST": "https://github.com/a/b/pull/"}, None),
        ({"CIRCLECI": "1", "CIRCLE_PULL_REQUEST": "https://github.com/a/b/pull/x"}, None),
        ({"CIRCLECI": "1", "CIRCLE_PULL_REQUEST": "https://github.com/a/b/pull/1 "}, None),
        ({"GITLAB_CI": "1", "CI_EXTERNAL_PULL_REQUEST_IID": "8"}, "8"),
        ({"GITLAB_CI": "1", "CI_EXTERNAL_PULL_REQUEST_IID": "8", "CI_MERGE_REQUEST_IID": "7"}, "7"),
        ({"TF_BUILD": "1", "BUILD_SOURCEBRANCH": "refs/pull/12/merge"}, "12"),
        ({"TF_BUILD": "1", "BUILD_SOURCEBRANCH": "refs/pull/x/merge"}, None),
        ({"TF_BUILD": "1", "BUILD_SOURCEBRANCH": "refs/heads/main"}, ""),
        (
            {
                "TF_BUILD": "1",
                "BUILD_SOURCEBRANCH": "refs/pull/12/merge",
                "SYSTEM_PULLREQUEST_PULLREQUESTID": "3",
            },
            "3",
        ),
    ],
)
def test_numbers_of_pull_requests(folder: Path, environ: dict[str, str], number: str | None) -> None:
    assert value_of(known(Facts(environ), "pull_request", str(folder))) == number


@pytest.mark.parametrize("name", ["CI_MERGE_REQUEST", "CI_EXTERNAL_PULL_REQUEST"])
def test_branches_of_gitlab(folder: Path, name: str) -> None:
    facts = Facts({"GITLAB_CI": "1", f"{name}_SOURCE_BRANCH_NAME": "fix", "CI_COMMIT_BRANCH": "main"})
    assert value_of(known(facts, "branch", str(folder))) == "fix"
    assert known(Facts({"GITLAB_CI": "1", "CI_COMMIT_TAG": "v1"}), "branch", str(folder)) == LOCAL


# ---- values that are no text ----

NO_TEXT = [" main", "main ", " ", "a\nb", "a\tb", "a\0b", "a\x1b[0m", "a\u202eb", "a\u00a0b", "a\udcffb"]


@pytest.mark.parametrize("value", NO_TEXT)
def test_what_is_no_text_is_unknown(folder: Path, value: str) -> None:
    facts = Facts({"GITLAB_CI": "1", "CI_COMMIT_BRANCH": value, "CI_MERGE_REQUEST_IID": value})
    assert known(facts, "branch", str(folder)) == Answer("", "GitLab CI (CI_COMMIT_BRANCH)")
    assert known(facts, "pull_request", str(folder)) is None


def test_a_fork_cannot_name_its_branch_so_that_the_base_is_taken(folder: Path) -> None:
    environ = {"GITHUB_ACTIONS": "1", "GITHUB_REF": "refs/heads/main", "GITHUB_HEAD_REF": "a\u202eb"}
    facts = Facts({**environ, "GITHUB_EVENT_NAME": "pull_request_target"})
    assert known(facts, "branch", str(folder)) == Answer("", "GitHub Actions (GITHUB_HEAD_REF)")


def test_a_branch_of_git_that_is_no_text_is_unknown(folder: Path) -> None:
    (folder / ".git/HEAD").write_text("ref: refs/heads/a\x07b\n")
    assert known(Facts(), "branch", str(folder)) is None


def test_a_machine_that_is_no_text_is_unknown() -> None:
    assert known(Facts(machine="a\n"), "platform", "") is None


@pytest.mark.parametrize("value", ["a b", "ünï/日本", "a'b\"$c"])
def test_text_is_kept(folder: Path, value: str) -> None:
    facts = Facts({"GITLAB_CI": "1", "CI_COMMIT_BRANCH": value})
    assert known(facts, "branch", str(folder)) == Answer(value, "GitLab CI (CI_COMMIT_BRANCH)")


@pytest.mark.parametrize("value", NO_TEXT)
def test_variables_and_given_facts_pass_as_they_are(folder: Path, value: str) -> None:
    assert variable(Facts({"A": value}), "A") == Answer(value, "the environment")
    assert known(Facts(given={"branch": value}), "branch", str(folder)) == Answer(value, "--fact")
