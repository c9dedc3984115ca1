"""EC327: one half of an access key."""

from __future__ import annotations

from envd_cache.catalog import s3
from envd_cache.lint.context import at
from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext

_HALVES = ("access_key_id", "secret_access_key")


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each declaration with exactly one of the two."""
    for decl in context.of(s3.BACKEND.name):
        given = [name for name in _HALVES if name in decl.places]
        if len(given) == 1:
            other = next(name for name in _HALVES if name != given[0])
            message = f"`{given[0]}` without `{other}` is half a key"
            yield Finding(message, at(decl, given[0], on_name=True), f"give `{other}` too, or neither")


RULE = Rule(
    code="EC327",
    name="half-credentials",
    why="BuildKit ignores one half alone and uses the identity of its daemon; docker buildx fills the"
    " other half in from the identity of whoever runs it, and the two do not fit.",
    instead="Give `access_key_id` and `secret_access_key`, or none of them.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.s3(
        bucket="acme-cache",
        region="eu-central-1",
        name="app",
        secret_access_key=cache.secret("CACHE_KEY"),
        use="export",
    )
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.s3(
        bucket="acme-cache",
        region="eu-central-1",
        name="app",
        access_key_id=cache.secret("CACHE_KEY_ID"),
        secret_access_key=cache.secret("CACHE_KEY"),
        use="export",
    )
    cache.s3(bucket="acme-cache", region="eu-central-1", name="app", use="import")
""",
    scope=PLAN,
    check=check,
    pitfalls=("s3-half-creds",),
    backends=(s3.BACKEND.name,),
    also=("EC344",),
)
