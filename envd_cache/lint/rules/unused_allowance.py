"""EC348: a comment allows what is not found. The engine finds it, when all other rules have run."""

from __future__ import annotations

from envd_cache.lint.rule import REPOSITORY, Rule, SpotFinding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.summary import RepositoryContext


def check(_context: RepositoryContext) -> Iterator[SpotFinding]:
    """Yield nothing: `engine.unused` knows what was allowed."""
    yield from ()


RULE = Rule(
    code="EC348",
    name="unused-allowance",
    why="What the comment allowed is gone, or never was. Left there, it would hide the next real finding. It"
    " is said only where it is certain: what the comment covers ran, the file has no error, and no target of"
    " it asked for the branch, the commit, the pull request, the platform or an environment variable. For a"
    " rule between targets this holds for all files of the repository.",
    instead="Remove the name, or the comment.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.gha(scope="app")  # envd-cache: allow(default-scope)
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.gha()  # envd-cache: allow(default-scope) the only build of this repository
""",
    scope=REPOSITORY,
    check=check,
)
