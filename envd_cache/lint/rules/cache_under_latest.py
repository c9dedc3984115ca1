"""EC313: a registry cache is written under the tag `latest`."""

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
    """Yield each registry export whose tag is `latest`, written or not."""
    for entry in context.plan.exports:
        if entry.type == registry.BACKEND.name:
            parts = split_reference(str(entry.attr("ref")))
            if parts.tag in ("", "latest") and not parts.digest and not _says_cache(parts.path):
                message = f"the cache is written as `{parts.normalised}`, where people expect an image"
                yield Finding(message, at(entry.decl, "ref"), "give it a tag such as `cache`, or `key`")


def _says_cache(path: str) -> bool:
    return "cache" in path


RULE = Rule(
    code="EC313",
    name="cache-under-latest",
    why="A reference without a tag is `latest`, under which the image itself is usually pushed. The "
    "two overwrite each other. A name with `cache` in it is taken for a repository that holds "
    "caches only.",
    instead="Write a tag: `ghcr.io/acme/app:cache`.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/app")
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/app:cache")
""",
    scope=PLAN,
    check=check,
    severity="note",
    pitfalls=("same-ref-as-image",),
    backends=(registry.BACKEND.name,),
)
