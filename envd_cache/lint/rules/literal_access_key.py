"""EC328: the id of an access key stands in the file."""

from __future__ import annotations

from envd_cache.catalog import s3
from envd_cache.lint.context import at
from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each `access_key_id` that is a text."""
    for decl in context.of(s3.BACKEND.name):
        if isinstance(decl.values.get("access_key_id"), str):
            message = "`access_key_id` is written into the file"
            hint = 'write `access_key_id=cache.secret("NAME")`, beside the other half'
            yield Finding(message, at(decl, "access_key_id"), hint)


RULE = Rule(
    code="EC328",
    name="literal-access-key",
    why="The id is no secret, but it belongs to its secret half: who changes the key has to change "
    "the file, and an old id with a new secret is refused at the end of a build.",
    instead="Take both halves from the environment.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.s3(
        bucket="acme-cache",
        region="eu-central-1",
        name="app",
        access_key_id="CACHEKEYID",
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
    severity="note",
    backends=(s3.BACKEND.name,),
    also=("EC344",),
)
