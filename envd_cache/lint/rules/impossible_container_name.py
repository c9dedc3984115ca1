"""EC331: Azure has no container of that name."""

from __future__ import annotations

from envd_cache.catalog import azblob
from envd_cache.lint.context import at, shown
from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each container whose name Azure refuses; those with a `$` are its own."""
    for decl in context.of(azblob.BACKEND.name):
        name = decl.values.get("container")
        if not isinstance(name, str) or name.startswith("$"):
            continue
        dashes = name.startswith("-") or name.endswith("-") or "--" in name
        if not 3 <= len(name) <= 63 or not _LETTERS.issuperset(name) or dashes:
            message = f"`{shown(name)}` cannot be the name of a container"
            hint = "write 3 to 63 lower-case letters, digits and single `-` between them"
            yield Finding(message, at(decl, "container"), hint)


RULE = Rule(
    code="EC331",
    name="impossible-container-name",
    why="Azure refuses to make such a container, at the end of the build.",
    instead="Use 3 to 63 lower-case letters and digits, with single `-` between them.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.azblob(account_url="https://acme.blob.core.windows.net", container="Build_Cache", name="app")
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.azblob(account_url="https://acme.blob.core.windows.net", container="build-cache", name="app")
""",
    scope=PLAN,
    check=check,
    backends=(azblob.BACKEND.name,),
)
