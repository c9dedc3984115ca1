"""EC325: an address stands where the name of a bucket is wanted."""

from __future__ import annotations

from envd_cache.catalog import s3
from envd_cache.lint.context import at, shown
from envd_cache.lint.mending import retexting
from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each bucket with a scheme or a `/` in it; the name of an access point (`arn:`) may have one."""
    for decl in context.of(s3.BACKEND.name):
        bucket = str(decl.values.get("bucket", ""))
        if "/" not in bucket or bucket.startswith("arn:"):
            continue
        scheme, _, whole = bucket.rpartition("://")
        name, _, rest = whole.partition("/")
        message = "`bucket` is the name of a bucket, without a scheme or a folder"
        if not name or "@" in bucket or scheme.startswith("http"):
            # The address of a service, perhaps with a password: nothing of it is repeated.
            hint = "write the name alone; `endpoint_url` takes the address of a service"
            redact = (bucket,) if "@" in bucket else ()
            yield Finding(message, at(decl, "bucket"), hint, redact=redact)
            continue
        hint = f'write `bucket="{shown(name)}"`' + (f', `prefix="{shown(rest)}"`' if rest else "")
        fix = None if rest else retexting(decl, "bucket", name)
        yield Finding(message, at(decl, "bucket"), hint, fix=fix)


RULE = Rule(
    code="EC325",
    name="bucket-with-address",
    why="BuildKit asks for a bucket of exactly that name. There is none, and the export fails at the "
    "end of the build; the import is skipped.",
    instead="Write the name of the bucket in `bucket` and the folder, with a `/` at its end, in `prefix`.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.s3(bucket="s3://acme-cache", region="eu-central-1", name="app")
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.s3(bucket="acme-cache", region="eu-central-1", name="app")
""",
    scope=PLAN,
    check=check,
    backends=(s3.BACKEND.name,),
)
