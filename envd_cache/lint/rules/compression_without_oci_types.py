"""EC318: zstd or estargz with Docker's media types."""

from __future__ import annotations

from envd_cache.catalog import local, registry
from envd_cache.catalog.common import COMPRESSION, OCI_MEDIATYPES
from envd_cache.lint.context import at
from envd_cache.lint.mending import removing
from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext

_NEED_OCI = ("zstd", "estargz")


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each export whose compression has no place among Docker's media types."""
    for decl in context.plan.declarations:
        kind = decl.values.get(COMPRESSION.name)
        if decl.exports and kind in _NEED_OCI and decl.values.get(OCI_MEDIATYPES.name) is False:
            message = f"{kind} layers need OCI media types, and `{OCI_MEDIATYPES.name}` is False"
            hint = f"leave `{OCI_MEDIATYPES.name}` out, or compress with gzip"
            fix = removing(decl, OCI_MEDIATYPES.name)
            yield Finding(message, at(decl, OCI_MEDIATYPES.name), hint, fix=fix)


RULE = Rule(
    code="EC318",
    name="compression-without-oci-types",
    why="Docker's media types know gzip only. BuildKit v0.32.2 writes such layers under a media type "
    "of its own making, which other tools do not read.",
    instead="Leave `oci_mediatypes` out: it is True by itself.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(
        ref="ghcr.io/acme/app:cache",
        compression="zstd",
        force_compression=True,
        oci_mediatypes=False,
    )
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(
        ref="ghcr.io/acme/app:cache",
        compression="zstd",
        force_compression=True,
    )
""",
    scope=PLAN,
    check=check,
    backends=(registry.BACKEND.name, local.BACKEND.name),
)
