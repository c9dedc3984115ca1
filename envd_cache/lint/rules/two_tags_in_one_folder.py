"""EC321: two exports of one build go to one directory under two tags."""

from __future__ import annotations

from envd_cache.catalog import local
from envd_cache.ir.merge import places
from envd_cache.lint.context import at, labelled, shown
from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.ir.model import CacheDecl
    from envd_cache.lint.context import PlanContext

_FOLDER = 1 + local.BACKEND.place.index("dest")


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each local export to a directory that has one already."""
    seen: dict[str, CacheDecl] = {}
    for entry in context.plan.exports:
        if entry.type == local.BACKEND.name:
            folder = places(entry)[0][_FOLDER]
            first = seen.setdefault(folder, entry.decl)
            if first is not entry.decl:
                message = f"one build keeps one tag only in `{shown(folder)}`"
                labels = labelled(first.site.location, "the other tag")
                yield Finding(message, at(entry.decl, "path", "dest"), "give each its own directory", labels)


RULE = Rule(
    code="EC321",
    name="two-tags-in-one-folder",
    why="The client notes one tag for each directory at the end of a build, the last one. The other "
    "cache is there and cannot be found (BuildKit v0.32.2). Separate builds may well use several "
    "tags.",
    instead="Give each export a directory of its own.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.local(path=".cache/buildkit", tag="branch", reset=True)
    cache.local(path=".cache/buildkit", tag="main", reset=True)
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.local(path=".cache/branch", reset=True)
    cache.local(path=".cache/main", reset=True)
""",
    scope=PLAN,
    check=check,
    pitfalls=("local-two-tags",),
    backends=(local.BACKEND.name,),
)
