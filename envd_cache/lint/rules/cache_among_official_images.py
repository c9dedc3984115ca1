"""EC314: a cache is written to Docker Hub under a name that only Docker may push."""

from __future__ import annotations

from envd_cache.catalog import registry
from envd_cache.catalog.formats import split_reference
from envd_cache.lint.context import at
from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each registry export to `docker.io/library`."""
    for entry in context.plan.exports:
        if entry.type == registry.BACKEND.name:
            parts = split_reference(str(entry.attr("ref")))
            if parts.normalised.startswith("docker.io/library/"):
                message = f"only Docker may push to `{parts.normalised}`"
                hint = f"write your name or a registry in front: `…/{parts.path.rpartition('/')[2]}`"
                yield Finding(message, at(entry.decl, "ref"), hint)


RULE = Rule(
    code="EC314",
    name="cache-among-official-images",
    why="A name without a registry is one of Docker Hub, and without a `/` it is one of the official "
    "images, `docker.io/library/…`. The build runs to its end and fails at the push.",
    instead="Write the registry and the name: `ghcr.io/acme/app:cache`, or `acme/app:cache` for Docker Hub.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="app:cache")
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="acme/app:cache")
""",
    scope=PLAN,
    check=check,
    backends=(registry.BACKEND.name,),
)
