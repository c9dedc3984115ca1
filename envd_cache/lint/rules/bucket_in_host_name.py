"""EC332: the bucket becomes a part of a host name that nobody knows."""

from __future__ import annotations

from envd_cache.catalog import s3
from envd_cache.lint.context import at, shown
from envd_cache.lint.hosts import url_host
from envd_cache.lint.mending import adding
from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each address with a host of one word, without `use_path_style`."""
    for decl in context.of(s3.BACKEND.name):
        url = decl.values.get("endpoint_url")
        host = url_host(url) if isinstance(url, str) else ""
        if host and not set(".:").intersection(host) and "use_path_style" not in decl.places:
            bucket = shown(str(decl.values.get("bucket", "BUCKET")))
            message = f"BuildKit would ask `{bucket}.{host}`, which such a service hardly has"
            yield Finding(
                message,
                at(decl, "endpoint_url"),
                "write `use_path_style=True`",
                fix=adding(decl, "use_path_style=True"),
            )


RULE = Rule(
    code="EC332",
    name="bucket-in-host-name",
    why="Without `use_path_style` the bucket is a part of the host name. Amazon answers to such "
    "names; a service on one machine, as MinIO in a container, has only its own.",
    instead="Add `use_path_style=True`.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.s3(
        bucket="cache",
        region="us-east-1",
        name="app",
        endpoint_url="http://minio:9000",
    )
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.s3(
        bucket="cache",
        region="us-east-1",
        name="app",
        endpoint_url="http://minio:9000",
        use_path_style=True,
    )
""",
    scope=PLAN,
    check=check,
    severity="note",
    backends=(s3.BACKEND.name,),
)
