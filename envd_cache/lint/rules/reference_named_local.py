"""EC315: the reference of an import is `local`, which BuildKit takes for its own cache."""

from __future__ import annotations

from envd_cache.catalog import inline, local, registry
from envd_cache.lint.context import at
from envd_cache.lint.mending import retexting
from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext

# BuildKit v0.32.2 `cmd/buildkitd/main.go`: the id of the daemon's own cache, by chance a backend's name too.
_OWN_CACHE = local.BACKEND.name


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each import whose reference is exactly that word."""
    for entry in context.plan.imports:
        if entry.attr("ref") == _OWN_CACHE:
            message = f"BuildKit takes the reference `{_OWN_CACHE}` for its own cache and reads nothing"
            hint = f"write `{_OWN_CACHE}:latest`"
            fix = retexting(entry.decl, "ref", f"{_OWN_CACHE}:latest")
            yield Finding(message, at(entry.decl, "ref"), hint, fix=fix)


RULE = Rule(
    code="EC315",
    name="reference-named-local",
    why="BuildKit finds caches by their reference, and `local` is the name of the one that it always "
    "has (v0.32.2). The import is left out without a word.",
    instead="Write the tag, or better the whole reference.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="local", use="import")
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/local:cache")
""",
    scope=PLAN,
    check=check,
    pitfalls=("ref-local",),
    also=("EC345",),
    backends=(registry.BACKEND.name, inline.BACKEND.name),
)
