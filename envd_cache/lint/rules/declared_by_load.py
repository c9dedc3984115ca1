"""EC306: a file declares a cache while it is loaded."""

from __future__ import annotations

from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each declaration that another file made at its top level."""
    own = context.evaluation.source
    for decl in context.plan.declarations:
        frames = decl.site.frames
        location = decl.site.location
        if location is None or len(frames) != 1 or own is None or location.source == own:
            continue
        from envd_cache.syntax.calls import functions  # noqa: PLC0415 - loads lark

        # The repository's default runs in another file too, but in a function.
        if any(
            location.span.start in range(one.span.start, one.span.end) for one in functions(location.source)
        ):
            continue
        message = f"every file that loads `{location.source.label}` gets this cache"
        yield Finding(message, location, "declare it in a function, and call that where it is wanted")


RULE = Rule(
    code="EC306",
    name="declared-by-load",
    why="The top level of a file runs when the file is loaded. A cache that is declared there belongs"
    " to every target that loads anything of the file, and nothing in that target's file shows "
    "it.",
    instead="Declare the cache in a function and call it.",
    bad="""\
load("//caches.envd", "VERSION")


def build():
    base(image="ubuntu:" + VERSION, dev=True)
# file: caches.envd
VERSION = "22.04"
cache.registry(ref="ghcr.io/acme/app:cache")
""",
    good="""\
load("//caches.envd", "VERSION", "team_cache")


def build():
    base(image="ubuntu:" + VERSION, dev=True)
    team_cache()
# file: caches.envd
VERSION = "22.04"


def team_cache():
    cache.registry(ref="ghcr.io/acme/app:cache")
""",
    scope=PLAN,
    check=check,
    severity="note",
)
