"""EC346: a target writes its cache over an image that another target uses."""

from __future__ import annotations

from envd_cache.catalog import registry
from envd_cache.lint.rule import REPOSITORY, Rule, SpotFinding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.summary import ImageUse, RepositoryContext, TargetSummary


def check(context: RepositoryContext) -> Iterator[SpotFinding]:
    """Yield each registry export to an image of another target; one's own are the plan's affair."""
    used: dict[str, list[tuple[TargetSummary, ImageUse]]] = {}
    for summary in context.summaries:
        for image in summary.images:
            used.setdefault(image.reference, []).append((summary, image))
    for place, writers in context.writers.items():
        if place[0] != registry.BACKEND.name or place[-1] not in used:
            continue
        for summary, entry in writers:
            other = next((found for found in used[place[-1]] if found[0].label != summary.label), None)
            if other is None or any(image.reference == place[-1] for image in summary.images):
                continue
            user, image = other
            message = f"`{summary.label}` would overwrite {image.what} of `{user.label}`, {entry.text}"
            labels = ((image.spot, f"`{user.label}` uses it here"),) if image.spot else ()
            yield SpotFinding(message, entry.spot, "give the cache a reference of its own", labels)


RULE = Rule(
    code="EC346",
    name="cache-over-image",
    why="A cache in a registry is pushed under its reference like an image. The other target finds a "
    "cache where its image should be.",
    instead="Give the cache a name or a tag of its own.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/base:22.04")
# file: app/build.envd
def build():
    base(image="ghcr.io/acme/base:22.04")
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/base:cache")
# file: app/build.envd
def build():
    base(image="ghcr.io/acme/base:22.04")
""",
    scope=REPOSITORY,
    check=check,
    severity="error",
    pitfalls=("same-ref-as-image",),
)
