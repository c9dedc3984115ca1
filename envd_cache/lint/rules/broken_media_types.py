"""EC338: `oci_mediatypes=False` alone, which two releases of BuildKit refuse after the build."""

from __future__ import annotations

from envd_cache.catalog import local, registry
from envd_cache.catalog.common import IMAGE_MANIFEST, OCI_MEDIATYPES
from envd_cache.lint.context import at
from envd_cache.lint.engines_wanted import Engines, is_older
from envd_cache.lint.mending import adding
from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext

_FROM, _REPAIRED = "v0.21.0", "v0.22.0"


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each export with `oci_mediatypes=False` and nothing said of the manifest."""
    stated = context.engines.buildkit
    if not is_older(stated, _REPAIRED) or is_older(stated, _FROM):
        return
    for decl in context.plan.declarations:
        alone = decl.values.get(OCI_MEDIATYPES.name) is False and IMAGE_MANIFEST.name not in decl.values
        if decl.exports and alone:
            message = f"BuildKit {stated} fails after the build with `{OCI_MEDIATYPES.name}=False` alone"
            written = f"{IMAGE_MANIFEST.name}=False"
            fix = adding(decl, written)
            yield Finding(message, at(decl, OCI_MEDIATYPES.name), f"add `{written}`", fix=fix)


RULE = Rule(
    code="EC338",
    name="broken-media-types",
    why="BuildKit v0.21.0 and v0.21.1 take `image_manifest` for True then, and refuse the two "
    "together at the end of the build. v0.22.0 is right again.",
    instead="Add `image_manifest=False`, or leave `oci_mediatypes` out.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/app:cache", oci_mediatypes=False)
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/app:cache", oci_mediatypes=False, image_manifest=False)
""",
    scope=PLAN,
    check=check,
    pitfalls=("manifest-oci-combo",),
    backends=(registry.BACKEND.name, local.BACKEND.name),
    engines=Engines(buildkit="0.21.1"),
)
