"""EC320: a local export beside another export that makes another manifest."""

from __future__ import annotations

from envd_cache.catalog import local, registry
from envd_cache.catalog.common import COMPRESSION_PARAMS, MODE
from envd_cache.lint.context import at, effective, labelled
from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext

_DECIDE = tuple(param.name for param in (MODE, *COMPRESSION_PARAMS))
_HAVE_MANIFEST = (registry.BACKEND.name, local.BACKEND.name)


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each export whose manifest differs from that of an earlier one, when one of the two is local."""
    exports = [entry.decl for entry in context.plan.exports if entry.type in _HAVE_MANIFEST]
    if len(exports) < 2 or all(decl.backend.name != local.BACKEND.name for decl in exports):
        return
    first = next(decl for decl in exports if decl.backend.name == local.BACKEND.name)
    for decl in exports:
        differing = [name for name in _DECIDE if effective(decl, name) != effective(first, name)]
        if differing:
            name = differing[0]
            message = f"`{name}` differs from the local export's: BuildKit would spoil that directory"
            hint = "give both the same settings, or export them in two builds"
            where = at(decl, name) if name in decl.places else at(first, name)
            yield Finding(message, where, hint, labelled(first.site.location, "the local export"))


RULE = Rule(
    code="EC320",
    name="differing-manifests-beside-local",
    why="BuildKit reports one manifest for all exports of a build, that of the last, and the client "
    "writes it into the index of every local directory. If they differ, the local cache names a "
    "manifest that it does not have: the next import is skipped with a warning, and the next "
    "`reset` fails (v0.32.2).",
    instead="Give all registry and local exports of a target the same mode, compression and manifest "
    "settings.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.local(path=".cache/buildkit", reset=True)
    cache.registry(ref="ghcr.io/acme/app:cache", mode="max")
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.local(path=".cache/buildkit", mode="max", reset=True)
    cache.registry(ref="ghcr.io/acme/app:cache", mode="max")
""",
    scope=PLAN,
    check=check,
    severity="error",
    pitfalls=("mixed-local",),
    backends=(local.BACKEND.name,),
)
