"""EC322: a local cache that only grows."""

from __future__ import annotations

from envd_cache.catalog import local
from envd_cache.lint.context import at
from envd_cache.lint.mending import adding
from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each local export that does not say `reset`."""
    for decl in context.of(local.BACKEND.name):
        if decl.exports and "reset" not in decl.places:
            message = "the directory grows with every build: what is old is never deleted"
            hint = "`reset=True` deletes it (buildx v0.35.0)"
            yield Finding(message, at(decl, "path", "dest"), hint, fix=adding(decl, "reset=True"))


RULE = Rule(
    code="EC322",
    name="growing-folder",
    why="Each export adds its layers to the directory and leaves the old ones. Measured over three "
    "builds: 7, 10, 13 blobs.",
    instead="Write `reset=True`. Clients older than BuildKit v0.31.0 and buildx v0.35.0 ignore it; there,"
    " delete the directory now and then, and write `reset=False` to say so.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.local(path=".cache/buildkit", mode="max")
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.local(path=".cache/buildkit", mode="max", reset=True)
""",
    scope=PLAN,
    check=check,
    severity="note",
    pitfalls=("local-growth",),
    backends=(local.BACKEND.name,),
)
