"""EC337: a declaration, or a stated release, speaks only to the cache service that GitHub shut down."""

from __future__ import annotations

from envd_cache.catalog import gha
from envd_cache.lint.context import at
from envd_cache.lint.engines_wanted import Engines, is_older
from envd_cache.lint.hosts import url_host
from envd_cache.lint.rule import PLAN, Finding, Rule
from envd_cache.lint.rules.newer_than_buildx import needed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext

_GITHUB = ".actions.githubusercontent.com"


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each GitHub Actions cache that asks GitHub for version 1, or whose release knows no other."""
    for decl in context.of(gha.BACKEND.name):
        host = url_host(str(decl.values.get("url", "")))
        if decl.values.get("version") == 1 and host.endswith(_GITHUB):
            message = "GitHub shut down version 1 of its cache service in April 2025"
            hint = "leave `version` out, and give `url_v2` in place of `url`"
            yield Finding(message, at(decl, "version"), hint)
    param = gha.BACKEND.param("url_v2")
    if param is None:
        return
    engines = context.engines
    for name, stated, since in (
        ("BuildKit", engines.buildkit, param.since),
        ("buildx", engines.buildx, needed(param.since_note)),
    ):
        for decl in context.of(gha.BACKEND.name) if is_older(stated, since) else ():
            # A service of one's own may well speak version 1.
            if "url" in decl.values or decl.values.get("version") == 1:
                continue
            message = f"{name} {stated} knows only the cache service that GitHub shut down in April 2025"
            yield Finding(message, decl.site.location, f"use {name} {since} or newer, or another backend")


RULE = Rule(
    code="EC337",
    name="dead-cache-service",
    why="GitHub shut down version 1 of its cache service on 15 April 2025. Version 2 needs BuildKit "
    "v0.20.0 and buildx v0.21.0 (docker compose v2.33.1, Docker Engine v28.0.0).",
    instead="Use newer releases, or another backend.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.gha(scope="app")
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/app:cache")
""",
    scope=PLAN,
    check=check,
    pitfalls=("gha-v1-dead",),
    backends=(gha.BACKEND.name,),
    engines=Engines(buildkit="0.19"),
)
