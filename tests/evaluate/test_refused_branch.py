"""A branch that is no plain text must not become the default branch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envd_cache.evaluate.facts import Facts
from envd_cache.pipeline import plan, session
from envd_cache.source import Target

if TYPE_CHECKING:
    from pathlib import Path


def test_error_a_branch_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    file = tmp_path / "build.envd"
    file.write_text('def build():\n    base()\n    cache.registry("r", key=cache.branch())\n')
    facts = Facts({"GITLAB_CI": "1", "CI_COMMIT_BRANCH": "a\u202eb"})
    (found,) = plan(Target(str(file)), session(facts)).diagnostics
    assert (found.code, found.message) == (
        "EC116",
        "the branch from GitLab CI (CI_COMMIT_BRANCH) is no plain text",
    )
