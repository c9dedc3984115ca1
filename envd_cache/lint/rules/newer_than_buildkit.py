"""EC333: an argument or a backend that the stated BuildKit does not have."""

from __future__ import annotations

from envd_cache.catalog.engines import READ_BY_CLIENT
from envd_cache.lint.context import at
from envd_cache.lint.engines_wanted import Engines, is_older
from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext

# The one client whose release is BuildKit's own.
_SAME_RELEASE = "buildctl"


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each backend and each argument that came later than the stated release."""
    stated = context.engines.buildkit
    if not stated:
        return
    by_client = READ_BY_CLIENT if context.engines.client != _SAME_RELEASE else ()
    for decl in context.plan.declarations:
        name = f"cache.{decl.backend.name}"
        if is_older(stated, decl.backend.since):
            message = f"BuildKit {stated} has no `{name}`: it came with {decl.backend.since}"
            yield Finding(message, decl.site.location, "use another backend, or a newer BuildKit")
            continue
        for param in decl.backend.params:
            # What is switched off is off there too.
            if decl.values.get(param.name, False) is False or not is_older(stated, param.since):
                continue
            if (decl.backend.name, param.wire_name("export")) in by_client:
                continue  # the client reads it, whatever BuildKit is
            message = f"BuildKit {stated} ignores `{param.name}`: it came with {param.since}"
            location = at(decl, param.name, on_name=True)
            yield Finding(message, location, "leave it out, or use a newer BuildKit")


RULE = Rule(
    code="EC333",
    name="newer-than-buildkit",
    why="BuildKit ignores attributes that it does not know, so an older release does something else "
    "without a word. The configuration says that the repository must work with that release.",
    instead="Leave the argument out, or raise `buildkit` in the configuration.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.s3(bucket="acme-cache", region="eu-central-1", name="app", upload_parallelism=8)
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.s3(bucket="acme-cache", region="eu-central-1", name="app")
""",
    scope=PLAN,
    check=check,
    pitfalls=("unknown-attr", "old-client-import-attrs"),
    engines=Engines(buildkit="0.15"),
)
