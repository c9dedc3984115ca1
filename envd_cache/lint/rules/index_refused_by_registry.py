"""EC319: the cache is an index, and the registry takes image manifests only."""

from __future__ import annotations

from envd_cache.catalog import registry
from envd_cache.catalog.common import IMAGE_MANIFEST, OCI_MEDIATYPES
from envd_cache.lint.context import at
from envd_cache.lint.engines_wanted import is_older
from envd_cache.lint.hosts import host_of, refuses_indexes
from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext

# The first BuildKit that writes an image manifest when nothing is said (catalog.common.IMAGE_MANIFEST).
BY_ITSELF_SINCE = "v0.21.0"


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each export of an index to a registry that refuses one."""
    stated = context.engines.buildkit
    for entry in context.plan.exports:
        decl = entry.decl
        if entry.type != registry.BACKEND.name or not refuses_indexes(host_of(entry.attr("ref"))):
            continue
        host = host_of(entry.attr("ref"))
        for name in (IMAGE_MANIFEST.name, OCI_MEDIATYPES.name):
            if decl.values.get(name) is False:
                message = f"`{host}` refuses a cache that is an index, which `{name}=False` makes of it"
                yield Finding(message, at(decl, name), "leave it out, or write `image_manifest=True`")
                break
        else:
            if IMAGE_MANIFEST.name not in decl.values and is_older(stated, BY_ITSELF_SINCE):
                message = f"`{host}` refuses a cache that is an index, as BuildKit {stated} writes it"
                hint = f"write `{IMAGE_MANIFEST.name}=True`, or use BuildKit {BY_ITSELF_SINCE}"
                yield Finding(message, at(decl, "ref"), hint)


RULE = Rule(
    code="EC319",
    name="index-refused-by-registry",
    why="A cache is an image manifest since BuildKit v0.21.0, and was an index of layers before. "
    "Amazon's ECR refuses such an index, at the end of the build.",
    instead="Write `image_manifest=True` (BuildKit v0.12.0), or leave the two arguments out.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(
        ref="123456789012.dkr.ecr.eu-central-1.amazonaws.com/app:cache",
        image_manifest=False,
    )
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(
        ref="123456789012.dkr.ecr.eu-central-1.amazonaws.com/app:cache",
        image_manifest=True,
    )
""",
    scope=PLAN,
    check=check,
    pitfalls=("ecr-old",),
    backends=(registry.BACKEND.name,),
)
