"""EC349: a comment allows something that is no rule, or is not in its form. The engine finds it."""

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
    code="EC349",
    name="unknown-allowance",
    why="The comment allows nothing, because no rule has that name or because it is not in its form. So does"
    " `# envd-cache: ignore(x)`, and one without the colon.",
    instead="Write `# envd-cache: allow(rule-name)`, or `allow-file(rule-name)` at the head of the file; "
    "a code does as well.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    # envd-cache: allow(default-scopes)
    cache.gha()
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    # envd-cache: allow(default-scope)
    cache.gha()
""",
    scope=REPOSITORY,
    check=check,
    also=("EC324",),
)
