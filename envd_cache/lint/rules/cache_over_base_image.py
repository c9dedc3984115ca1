"""EC307: the cache is written over the image that the environment starts from."""

from __future__ import annotations

from envd_cache.catalog import registry
from envd_cache.catalog.formats import split_reference
from envd_cache.lint.context import at, labelled
from envd_cache.lint.rule import PLAN, Finding, Rule
from envd_cache.lint.summary import BASE, images_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each registry export to the place of a base image."""
    return over_images(context, BASE)


def over_images(context: PlanContext, what: str) -> Iterator[Finding]:
    """Yield each registry export to the place of an image that is used as `what`."""
    images = {place: site for place, kind, site in images_of(context.evaluation) if kind == what}
    for entry in context.plan.exports if images else ():
        if entry.type != registry.BACKEND.name:
            continue
        place = split_reference(str(entry.attr("ref"))).normalised
        if place in images:
            message = f"the cache would overwrite {what}, `{place}`"
            labels = labelled(images[place].location, "used as an image here")
            yield Finding(message, at(entry.decl, "ref"), "give the cache a reference of its own", labels)


RULE = Rule(
    code="EC307",
    name="cache-over-base-image",
    why="A cache in a registry is pushed under its reference like an image. What was there before is "
    "gone, and the next build finds a cache where its base image should be. `x` is "
    "`docker.io/library/x:latest`.",
    instead="Give the cache a name or a tag of its own.",
    bad="""\
def build():
    base(image="ghcr.io/acme/base:22.04")
    cache.registry(ref="ghcr.io/acme/base", key="22.04")
""",
    good="""\
def build():
    base(image="ghcr.io/acme/base:22.04")
    cache.registry(ref="ghcr.io/acme/base", key="22.04-cache")
""",
    scope=PLAN,
    check=check,
    severity="error",
    pitfalls=("same-ref-as-image",),
    backends=(registry.BACKEND.name,),
)
