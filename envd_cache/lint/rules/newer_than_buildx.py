"""EC334: an argument that the stated buildx does not have."""

from __future__ import annotations

from envd_cache.catalog import gha, local
from envd_cache.lint.context import at
from envd_cache.lint.engines_wanted import Engines, is_older
from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext

_CLIENT = "buildx "


def needed(note: str) -> str:
    """Return the release of buildx in a note such as `buildx v0.35.0; older clients ignore it`, or ""."""
    return note.removeprefix(_CLIENT).partition(";")[0].strip() if note.startswith(_CLIENT) else ""


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each argument that came later than the stated release."""
    stated = context.engines.buildx
    for decl in context.plan.declarations if stated else ():
        for param in decl.backend.params:
            since = needed(param.since_note)
            if since and decl.values.get(param.name, False) is not False and is_older(stated, since):
                message = f"buildx {stated} ignores `{param.name}`: it came with {since}"
                location = at(decl, param.name, on_name=True)
                yield Finding(message, location, "leave it out, or use a newer buildx")


RULE = Rule(
    code="EC334",
    name="newer-than-buildx",
    why="Some attributes are read by the client. An older docker buildx ignores them without a word. "
    "The configuration says that the repository must work with that release.",
    instead="Leave the argument out, or raise `buildx` in the configuration.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.local(path=".cache/buildkit", reset=True)
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.local(path=".cache/buildkit", reset=False)
""",
    scope=PLAN,
    check=check,
    pitfalls=("unknown-attr", "local-growth"),
    backends=(local.BACKEND.name, gha.BACKEND.name),
    engines=Engines(buildx="0.34"),
)
