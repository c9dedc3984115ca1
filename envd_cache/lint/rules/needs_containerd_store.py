"""EC336: the docker driver has this export only with the containerd image store."""

from __future__ import annotations

from envd_cache.catalog.engines import DOCKER_CLASSIC, DOCKER_CONTAINERD
from envd_cache.lint.engines_wanted import Engines
from envd_cache.lint.rule import PLAN, Finding, Rule
from envd_cache.lint.rules.missing_in_driver import DOCKER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each entry that docker's classic image store does not have, when the driver is docker's own."""
    if context.engines.driver != DOCKER:
        return
    seen = set()
    for entry in (*context.plan.exports, *context.plan.imports):
        exports = entry.direction == "export"
        classic = DOCKER_CLASSIC.exports if exports else DOCKER_CLASSIC.imports
        other = DOCKER_CONTAINERD.exports if exports else DOCKER_CONTAINERD.imports
        if entry.type in other and entry.type not in classic and entry.decl.site not in seen:
            seen.add(entry.decl.site)
            message = (
                f"the docker driver has {entry.type} {entry.direction}s with the containerd image store only"
            )
            yield Finding(message, entry.decl.site.location, DOCKER_CLASSIC.setting)


RULE = Rule(
    code="EC336",
    name="needs-containerd-store",
    why="With docker's classic image store the docker driver exports inline caches only. Which store "
    "an engine has cannot be seen from here; `envd-cache build` asks it.",
    instead="Turn on the containerd image store everywhere, use another driver, or an inline cache.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.gha(scope="app")
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.inline(ref="ghcr.io/acme/app:latest")
""",
    scope=PLAN,
    check=check,
    severity="note",
    pitfalls=("docker-driver",),
    engines=Engines(driver=DOCKER),
)
