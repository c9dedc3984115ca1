"""Where CI systems say what they build: environment variables, in the order in which they are asked.

A value may carry a prefix that is cut off (`refs/heads/`), and some words mean "none".
"""

from __future__ import annotations

from envd_cache.record import Record


class Variable(Record):
    """An environment variable, the prefix cut from its value, and the suffix; other values do not count.

    With `prefix` or `suffix` required, a value without them is skipped (a tag is no branch).
    """

    name: str
    prefix: str = ""
    suffix: str = ""
    required: bool = False


class System(Record):
    """A CI system: the variable that is set when it runs, and where its facts are."""

    name: str
    detect: str
    branch: tuple[Variable, ...]
    commit: tuple[Variable, ...]
    pull_request: tuple[Variable, ...]


SYSTEMS: tuple[System, ...] = (
    System(
        name="GitHub Actions",
        detect="GITHUB_ACTIONS",
        branch=(Variable("GITHUB_HEAD_REF"), Variable("GITHUB_REF", prefix="refs/heads/", required=True)),
        commit=(Variable("GITHUB_SHA"),),
        pull_request=(Variable("GITHUB_REF", prefix="refs/pull/", suffix="/merge", required=True),),
    ),
    System(
        name="GitLab CI",
        detect="GITLAB_CI",
        branch=(Variable("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME"), Variable("CI_COMMIT_BRANCH")),
        commit=(Variable("CI_COMMIT_SHA"),),
        pull_request=(Variable("CI_MERGE_REQUEST_IID"),),
    ),
    System(
        name="Jenkins",
        detect="JENKINS_URL",
        branch=(Variable("CHANGE_BRANCH"), Variable("BRANCH_NAME"), Variable("GIT_BRANCH", prefix="origin/")),
        commit=(Variable("GIT_COMMIT"),),
        pull_request=(Variable("CHANGE_ID"),),
    ),
    System(
        name="CircleCI",
        detect="CIRCLECI",
        branch=(Variable("CIRCLE_BRANCH"),),
        commit=(Variable("CIRCLE_SHA1"),),
        pull_request=(Variable("CIRCLE_PR_NUMBER"),),
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
