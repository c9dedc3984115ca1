"""EC324: a GitHub Actions cache without a scope."""

from __future__ import annotations

from envd_cache.catalog import gha
from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each export to the scope that BuildKit takes by itself."""
    for decl in context.of(gha.BACKEND.name):
        if decl.exports and "scope" not in decl.places and not decl.keys:
            scope = gha.BACKEND.param("scope")
            message = (
                f"without a scope the cache is `{scope.default if scope else ''}`, as that of other builds"
            )
            yield Finding(message, decl.site.location, "give each build its own: `scope=…` or `key=…`")


RULE = Rule(
    code="EC324",
    name="default-scope",
    why="Every build of the repository that names no scope writes the same one, and each overwrites "
    "it whole.",
    instead="Write `scope=` with a name of its own for each build.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.gha(mode="max")
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.gha(scope="app", mode="max")
""",
    scope=PLAN,
    check=check,
    severity="note",
    pitfalls=("gha-scope",),
    backends=(gha.BACKEND.name,),
)
