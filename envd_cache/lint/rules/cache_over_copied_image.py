"""EC308: the cache is written over an image that the build copies from."""

from __future__ import annotations

from envd_cache.catalog import registry
from envd_cache.lint.rule import PLAN, Finding, Rule
from envd_cache.lint.rules.cache_over_base_image import over_images
from envd_cache.lint.summary import COPY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each registry export to the place of an image of `io.copy`."""
    return over_images(context, COPY)


RULE = Rule(
    code="EC308",
    name="cache-over-copied-image",
    why="A cache in a registry is pushed under its reference like an image. What was there before is "
    "gone, and the next `io.copy` finds a cache in its place.",
    instead="Give the cache a name or a tag of its own.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    io.copy(image="ghcr.io/acme/tools:1", source="/bin/tool", target="/bin/tool")
    cache.registry(ref="ghcr.io/acme/tools:1")
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    io.copy(image="ghcr.io/acme/tools:1", source="/bin/tool", target="/bin/tool")
    cache.registry(ref="ghcr.io/acme/tools:cache")
""",
    scope=PLAN,
    check=check,
    severity="error",
    pitfalls=("same-ref-as-image",),
    backends=(registry.BACKEND.name,),
)
