"""EC323: the folder of the cache is copied into the image."""

from __future__ import annotations

import posixpath

from envd_cache.catalog import local
from envd_cache.ir.merge import places
from envd_cache.lint.context import at, labelled, shown
from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.evaluate.model import CallSite
    from envd_cache.lint.context import PlanContext

_FOLDER = 1 + local.BACKEND.place.index("dest")


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each local export into a folder that `io.copy` takes."""
    copied = _copied(context)
    for entry in context.plan.exports if copied else ():
        if entry.type != local.BACKEND.name:
            continue
        folder = places(entry)[0][_FOLDER]
        for source, site in copied:
            if not folder.startswith(("/", "..")) and (
                source == "." or f"{folder}/".startswith(f"{source}/")
            ):
                message = f"`{shown(folder)}` is copied into the image, and each build changes it"
                labels = labelled(site.location, "copied here")
                hint = "keep the cache outside of what is copied"
                yield Finding(message, at(entry.decl, "path", "dest"), hint, labels)
                break


def _copied(context: PlanContext) -> list[tuple[str, CallSite]]:
    found = []
    for call in context.calls("io.copy"):
        image = call.kwargs.get("image", call.args[2] if len(call.args) > 2 else "")
        source = call.kwargs.get("source", call.args[0] if call.args else "")
        if isinstance(source, str) and source and not image:
            found.append((posixpath.normpath(source.lstrip("/") or "."), call.site))
    return found


RULE = Rule(
    code="EC323",
    name="cache-in-copied-folder",
    why="A relative directory lies in the folder of the project when the client runs there. `io.copy`"
    " takes it along then: the image grows by the cache, and the copied files are never the same "
    "twice, so that step and all behind it never come from the cache.",
    instead="Keep the cache outside of the project, or copy the folders that are needed.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    io.copy(source=".", target="/app")
    cache.local(path=".cache/buildkit", reset=True)
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    io.copy(source="src", target="/app")
    cache.local(path=".cache/buildkit", reset=True)
""",
    scope=PLAN,
    check=check,
    severity="note",
    backends=(local.BACKEND.name,),
)
