"""EC343: several targets write the scope that BuildKit takes by itself."""

from __future__ import annotations

from envd_cache.lint.rule import REPOSITORY, Rule, SpotFinding
from envd_cache.lint.rules.shared_place import differ, groups, is_default_scope, shared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.summary import RepositoryContext


def check(context: RepositoryContext) -> Iterator[SpotFinding]:
    """Yield a finding for each target but the first that writes the default scope."""
    for writers in groups(context):
        if not differ(writers) and is_default_scope(writers[0][1]):
            yield from shared(
                writers, "no scope is given, and each build replaces the other's", "write `scope=…` at each"
            )


RULE = Rule(
    code="EC343",
    name="shared-default-scope",
    why="A GitHub Actions cache without a scope is called `buildkit`. It is replaced whole by each "
    "build, so only the target that was built last has a cache.",
    instead="Write a scope at each: `cache.gha(key=cache.target())`.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.gha()


def test():
    base(image="ubuntu:22.04", dev=True)
    cache.gha()
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.gha(scope="build")


def test():
    base(image="ubuntu:22.04", dev=True)
    cache.gha(scope="test")
""",
    scope=REPOSITORY,
    check=check,
    pitfalls=("gha-scope", "shared-target"),
    also=("EC324",),
)
