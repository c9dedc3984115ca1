"""EC340: the stated client cannot say a part of the plan."""

from __future__ import annotations

from envd_cache.catalog.clients import CLIENTS
from envd_cache.emit.losses import reduced
from envd_cache.emit.registry import Options
from envd_cache.emit.wire import wire
from envd_cache.lint.engines_wanted import Engines
from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext

_CLIENTS = {client.name: client for client in CLIENTS}


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield what the client takes and does not use, and what it cannot take."""
    client = _CLIENTS.get(context.engines.client)
    if client is None:
        return
    # The variables that a client needs are set where the build runs, not where files are checked.
    there = {name: "x" for drop in client.drops for need in drop.needs for name in need.env}
    # What a driver lacks is another rule's.
    options = Options(client=client, environ=there)
    for loss in reduced(wire(context.plan), options).diagnostics:
        yield Finding(loss.message, loss.location, loss.hint, loss.labels)


RULE = Rule(
    code="EC340",
    name="lost-by-client",
    why="The configuration says which client runs the builds. envd takes one export and one import, "
    "the last of several, and cannot import a local directory; `compile` says the same for the "
    "output it writes (EC401 to EC407).",
    instead="Declare what the client can do, build with `envd-cache build`, or change `client` in the "
    "configuration.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.local(path=".cache/buildkit", reset=True)
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/app:cache")
""",
    scope=PLAN,
    check=check,
    pitfalls=("envd-local-import", "envd-newline"),
    engines=Engines(client="envd"),
)
