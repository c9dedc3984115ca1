"""EC310: an inline cache is written, and no image is named to read it from."""

from __future__ import annotations

from envd_cache.catalog import inline
from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each inline cache without an image, in a target that imports nothing else."""
    for decl in context.of(inline.BACKEND.name):
        if decl.exports and not context.plan.imports:
            message = "the inline cache is written, and nothing is read"
            hint = 'name the image that is pushed: `cache.inline(ref="…")`'
            yield Finding(message, decl.site.location, hint)


RULE = Rule(
    code="EC310",
    name="inline-never-read",
    why="BuildKit has no inline import: the cache is read from the image that was pushed, and only if"
    " somebody names it.",
    instead="Give `ref`, the reference under which the image is pushed.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.inline()
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.inline(ref="ghcr.io/acme/app:latest")
""",
    scope=PLAN,
    check=check,
    severity="note",
    pitfalls=("inline-import",),
    backends=(inline.BACKEND.name,),
)
