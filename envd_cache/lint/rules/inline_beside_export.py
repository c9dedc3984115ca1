"""EC311: an inline cache beside another export."""

from __future__ import annotations

from envd_cache.catalog import inline
from envd_cache.lint.context import labelled
from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each inline export of a target that exports elsewhere too."""
    others = [entry for entry in context.plan.exports if entry.type != inline.BACKEND.name]
    for entry in context.plan.exports if others else ():
        if entry.type == inline.BACKEND.name:
            message = "the other export has all that the inline cache has, and more"
            labels = labelled(others[0].decl.site.location, "the other export")
            yield Finding(message, entry.decl.site.location, "keep one of them", labels)


RULE = Rule(
    code="EC311",
    name="inline-beside-export",
    why="An inline cache holds the layers of the result only, whatever is asked for, and makes the "
    "image's configuration larger. Another export has those layers already.",
    instead="Keep the other export.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.inline(ref="ghcr.io/acme/app:1")
    cache.registry(ref="ghcr.io/acme/app:cache", mode="max")
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/app:cache", mode="max")
""",
    scope=PLAN,
    check=check,
    severity="note",
    pitfalls=("inline-max",),
    backends=(inline.BACKEND.name,),
)
