"""EC339: several exports, and a stated BuildKit that takes one."""

from __future__ import annotations

from envd_cache.catalog.engines import SEVERAL_EXPORTS_SINCE
from envd_cache.lint.context import labelled
from envd_cache.lint.engines_wanted import Engines, is_older
from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield the second export of a target."""
    exports, stated = context.plan.exports, context.engines.buildkit
    if len(exports) > 1 and is_older(stated, SEVERAL_EXPORTS_SINCE):
        message = f"BuildKit {stated} takes one export: several came with {SEVERAL_EXPORTS_SINCE}"
        labels = labelled(exports[0].decl.site.location, "the first export")
        yield Finding(message, exports[1].decl.site.location, 'write `use="import"` here', labels)


RULE = Rule(
    code="EC339",
    name="several-exports-unsupported",
    why="BuildKit before v0.11.0 refuses the build: `specifying multiple cache exports is not "
    "supported currently`.",
    instead="Export once, or use a newer BuildKit.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/app:cache")
    cache.registry(ref="ghcr.io/acme/app:other-cache")
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/app:cache")
""",
    scope=PLAN,
    check=check,
    severity="error",
    engines=Engines(buildkit="0.10"),
)
