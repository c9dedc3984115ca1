"""Where CI systems say what they build: environment variables, in the order in which they are asked.

A value may carry a prefix that is cut off (`refs/heads/`), and some words mean "none". Sources: each
system's own list of variables; GitHub's events are described with its webhook payloads.
"""

from __future__ import annotations

from envd_cache.record import Record


class Variable(Record):
    """An environment variable, and what of its value counts.

    `prefix` and `suffix` are cut off; when `required`, a value without them is skipped (a tag is no
    branch). With `last_part` only what follows the last slash is left. With `number` only digits are an
    answer. `not_these` are values that mean nothing: `#` at the end is any number, `*` any text.
    """

    name: str
    prefix: str = ""
    suffix: str = ""
    required: bool = False
    last_part: bool = False
    number: bool = False
    not_these: tuple[str, ...] = ()


class Event(Record):
    """A JSON file that tells of a pull request, asked when no variable has the number.

    It counts when the variable `kind` starts with `starts`. `path` is the variable with the file's path,
    and `numbers` are the places of the number in it, each the keys from the outside in.
    """

    kind: str
    starts: str
    path: str
    numbers: tuple[tuple[str, ...], ...]


class System(Record):
    """A CI system: the variable that is set when it runs, and where its facts are.

    When a variable of `in_pull_request` is set, a pull request is built even if nobody knows its number.
    """

    name: str
    detect: str
    branch: tuple[Variable, ...]
    commit: tuple[Variable, ...]
    pull_request: tuple[Variable, ...]
    in_pull_request: tuple[str, ...] = ()
    event: Event | None = None


SYSTEMS: tuple[System, ...] = (
    System(
        name="GitHub Actions",
        detect="GITHUB_ACTIONS",
        branch=(Variable("GITHUB_HEAD_REF"), Variable("GITHUB_REF", prefix="refs/heads/", required=True)),
        commit=(Variable("GITHUB_SHA"),),
        pull_request=(
            Variable("GITHUB_REF", prefix="refs/pull/", suffix="/merge", required=True, number=True),
        ),
        # `pull_request_target` has the base branch in GITHUB_REF; a merged pull request has it, too.
        in_pull_request=("GITHUB_HEAD_REF",),
        event=Event(
            kind="GITHUB_EVENT_NAME",
            starts="pull_request",
            path="GITHUB_EVENT_PATH",
            numbers=(("pull_request", "number"), ("number",)),
        ),
    ),
    System(
        name="GitLab CI",
        detect="GITLAB_CI",
        branch=(
            Variable("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME"),
            Variable("CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME"),
            Variable("CI_COMMIT_BRANCH"),
        ),
        commit=(Variable("CI_COMMIT_SHA"),),
        pull_request=(Variable("CI_MERGE_REQUEST_IID"), Variable("CI_EXTERNAL_PULL_REQUEST_IID")),
    ),
    System(
        name="Jenkins",
        detect="JENKINS_URL",
        branch=(
            Variable("CHANGE_BRANCH"),
            # A multibranch project names its pull requests `PR-12`, in GIT_BRANCH, too.
            Variable("BRANCH_NAME", not_these=("PR-#",)),
            Variable("GIT_BRANCH", prefix="refs/heads/", required=True, not_these=("PR-#",)),
            Variable("GIT_BRANCH", prefix="origin/", required=True, not_these=("PR-#",)),
            Variable("GIT_BRANCH", not_these=("PR-#", "detached", "refs/*", "origin/*")),
        ),
        commit=(Variable("GIT_COMMIT"),),
        pull_request=(Variable("CHANGE_ID"),),
    ),
    System(
        name="CircleCI",
        detect="CIRCLECI",
        branch=(Variable("CIRCLE_BRANCH"),),
        commit=(Variable("CIRCLE_SHA1"),),
        pull_request=(
            Variable("CIRCLE_PR_NUMBER"),
            # A pull request of the same repository has only its address, https://…/pull/12.
            Variable("CIRCLE_PULL_REQUEST", last_part=True, number=True),
        ),
    ),
    System(
        name="Azure Pipelines",
        detect="TF_BUILD",
        branch=(
            Variable("SYSTEM_PULLREQUEST_SOURCEBRANCH", prefix="refs/heads/"),
            Variable("BUILD_SOURCEBRANCH", prefix="refs/heads/", required=True),
        ),
        commit=(Variable("BUILD_SOURCEVERSION"),),
        pull_request=(
            Variable("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER"),
            Variable("SYSTEM_PULLREQUEST_PULLREQUESTID"),
            Variable("BUILD_SOURCEBRANCH", prefix="refs/pull/", suffix="/merge", required=True, number=True),
        ),
    ),
    System(
        name="Buildkite",
        detect="BUILDKITE",
        branch=(Variable("BUILDKITE_BRANCH"),),
        commit=(Variable("BUILDKITE_COMMIT"),),
        pull_request=(Variable("BUILDKITE_PULL_REQUEST"),),
    ),
)

NO_PULL_REQUEST = frozenset({"", "false", "0"})
