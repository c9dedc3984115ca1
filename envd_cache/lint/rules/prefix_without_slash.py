"""EC326: an s3 prefix that does not make a folder."""

from __future__ import annotations

from envd_cache.catalog import s3
from envd_cache.lint.context import at, shown
from envd_cache.lint.mending import retexting
from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext

_NAMES = ("prefix", "blobs_prefix", "manifests_prefix")


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each prefix that ends with a letter or a digit: whoever wants `app-` writes that."""
    for decl in context.of(s3.BACKEND.name):
        for name in _NAMES:
            value = str(decl.values.get(name, ""))
            if value[-1:].isalnum():
                message = f"objects would be called `{shown(value)}{_next(name)}`: nothing comes between"
                hint = f'write `{name}="{shown(value)}/"`'
                yield Finding(message, at(decl, name), hint, fix=retexting(decl, name, f"{value}/"))


def _next(name: str) -> str:
    following = s3.BACKEND.param("blobs_prefix")
    return (
        f"{following.default}…" if name == "prefix" and following else "sha256:…" if "blobs" in name else "…"
    )


RULE = Rule(
    code="EC326",
    name="prefix-without-slash",
    why="BuildKit puts a prefix of s3 in front of the names as it is: `foo` makes `fooblobs/…`. For "
    "azblob it puts a `/` between.",
    instead="End the prefix with `/`. A prefix that ends with `-`, `_` or `.` is taken as meant.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.s3(bucket="acme-cache", region="eu-central-1", prefix="envd", name="app")
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.s3(bucket="acme-cache", region="eu-central-1", prefix="envd/", name="app")
""",
    scope=PLAN,
    check=check,
    pitfalls=("s3-prefix",),
    backends=(s3.BACKEND.name,),
)
