"""EC329: an s3 import of several names, of which BuildKit reads the first."""

from __future__ import annotations

from envd_cache.catalog import s3
from envd_cache.lint.context import at, shown
from envd_cache.lint.mending import rewriting
from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each declaration that imports and has a `;` in its name."""
    for decl in context.of(s3.BACKEND.name):
        names = str(decl.values.get("name", "")).split(";")
        if decl.imports and len(names) > 1:
            message = f"an import reads `{shown(names[0])}` only, not `{shown(names[1])}`"
            listed = ", ".join(f'"{name}"' for name in names)
            written = f"key=[{listed}]"
            fix = rewriting(decl, "name", written)
            yield Finding(
                message, at(decl, "name"), f"write `{shown(written)}`, one import for each", fix=fix
            )


RULE = Rule(
    code="EC329",
    name="second-name-never-read",
    why="An export writes every name of `a;b`, an import of s3 reads only the first (BuildKit "
    "v0.32.2). azblob reads all.",
    instead='Write `key=["a", "b"]`: the first is written, each is read by an import of its own.',
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.s3(bucket="acme-cache", region="eu-central-1", name="app;main")
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.s3(bucket="acme-cache", region="eu-central-1", key=["app", "main"])
""",
    scope=PLAN,
    check=check,
    pitfalls=("s3-name-import",),
    backends=(s3.BACKEND.name,),
)
