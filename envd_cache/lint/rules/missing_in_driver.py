"""EC335: a backend that the stated driver never has."""

from __future__ import annotations

from envd_cache.catalog.engines import DOCKER_CONTAINERD
from envd_cache.lint.engines_wanted import Engines
from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext

DOCKER = "docker"


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each declaration of a kind that no docker engine has, when the driver is docker's own."""
    for decl in context.plan.declarations if context.engines.driver == DOCKER else ():
        if decl.backend.name not in DOCKER_CONTAINERD.exports:
            message = f"the docker driver has no `cache.{decl.backend.name}`"
            hint = "use a builder of the driver `docker-container`, or another backend"
            yield Finding(message, decl.site.location, hint)


RULE = Rule(
    code="EC335",
    name="missing-in-driver",
    why="The docker driver builds with the BuildKit inside of dockerd, which has neither s3 nor "
    "azblob. An export fails, an import is skipped.",
    instead="Use another driver, or another backend; or change `driver` in the configuration.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.azblob(account_url="https://acme.blob.core.windows.net", name="app")
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.inline(ref="ghcr.io/acme/app:latest")
""",
    scope=PLAN,
    check=check,
    pitfalls=("docker-driver",),
    engines=Engines(driver=DOCKER),
)
