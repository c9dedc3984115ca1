"""EC309: a registry cache is written over the image that carries the inline cache."""

from __future__ import annotations

from envd_cache.catalog import inline, registry
from envd_cache.catalog.formats import split_reference
from envd_cache.ir.declare import entries
from envd_cache.lint.context import at, labelled
from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each registry export to the image that an inline cache names."""
    images = {
        split_reference(str(entry.attr("ref"))).normalised: decl
        for decl in context.of(inline.BACKEND.name)
        for entry in entries(decl)[1]
    }
    for entry in context.plan.exports if images else ():
        if entry.type != registry.BACKEND.name:
            continue
        place = split_reference(str(entry.attr("ref"))).normalised
        if place in images:
            message = f"the cache would overwrite the image, `{place}`"
            labels = labelled(at(images[place], "ref"), "the image that holds the inline cache")
            yield Finding(message, at(entry.decl, "ref"), "give the cache a reference of its own", labels)


RULE = Rule(
    code="EC309",
    name="cache-over-inline-image",
    why="`cache.inline(ref=…)` names the image that is pushed. BuildKit pushes the image and the "
    "cache at the same time since v0.28.0, and it is chance which of them remains; before, it was"
    " always the cache.",
    instead="Give the registry cache a reference of its own, or keep one of the two.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.inline(ref="ghcr.io/acme/app:latest")
    cache.registry(ref="ghcr.io/acme/app", mode="max")
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/app:cache", mode="max")
""",
    scope=PLAN,
    check=check,
    severity="error",
    pitfalls=("same-ref-as-image",),
    backends=(inline.BACKEND.name,),
    also=("EC311", "EC313"),
)
