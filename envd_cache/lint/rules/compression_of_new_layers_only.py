"""EC317: a compression is asked for, and layers that exist keep theirs."""

from __future__ import annotations

from envd_cache.catalog import local, registry
from envd_cache.catalog.common import COMPRESSION, FORCE_COMPRESSION
from envd_cache.lint.context import at
from envd_cache.lint.mending import adding
from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each export with another compression than gzip and without `force_compression`."""
    for decl in context.plan.declarations:
        kind = decl.values.get(COMPRESSION.name, COMPRESSION.default)
        if decl.exports and kind != COMPRESSION.default and FORCE_COMPRESSION.name not in decl.places:
            message = f"layers that exist already stay as they are; only new ones become {kind}"
            hint = f"`{FORCE_COMPRESSION.name}=True` converts them too"
            fix = adding(decl, f"{FORCE_COMPRESSION.name}=True")
            yield Finding(message, at(decl, COMPRESSION.name), hint, fix=fix)


RULE = Rule(
    code="EC317",
    name="compression-of-new-layers-only",
    why="BuildKit exports a layer as it has it. The layers of the base image come as gzip, and so do "
    "those of an earlier build: the cache is a mixture.",
    instead="Add `force_compression=True` to convert all, `force_compression=False` to say that this is "
    "meant.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/app:cache", compression="zstd")
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/app:cache", compression="zstd", force_compression=True)
""",
    scope=PLAN,
    check=check,
    severity="note",
    pitfalls=("compression-warm",),
    backends=(registry.BACKEND.name, local.BACKEND.name),
)
