"""EC347: one target speaks plain HTTP to a registry, another one HTTPS."""

from __future__ import annotations

from envd_cache.lint.hosts import is_this_machine
from envd_cache.lint.rule import REPOSITORY, Rule, SpotFinding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.summary import EntrySummary, RepositoryContext, TargetSummary


def check(context: RepositoryContext) -> Iterator[SpotFinding]:
    """Yield each target's first entry without `insecure` at a registry at which another target has it."""
    insecure: dict[str, tuple[TargetSummary, EntrySummary]] = {}
    without: dict[str, list[tuple[TargetSummary, EntrySummary]]] = {}
    mixed = set()
    if not any(_is_insecure(entry) for summary in context.summaries for entry in summary.entries):
        return
    for summary in context.summaries:
        own: dict[str, bool] = {}
        for entry in summary.entries:
            host = entry.places[0][1].partition("/")[0] if entry.places and len(entry.places[0]) == 2 else ""
            # A reference has its registry in front; the place of other types has none.
            if "/" not in (entry.places[0][1] if host else "") or is_this_machine(host):
                continue
            has = _is_insecure(entry)
            if own.setdefault(host, has) != has:
                mixed.add((summary.label, host))  # the plan's affair
            elif has:
                insecure.setdefault(host, (summary, entry))
            else:
                without.setdefault(host, []).append((summary, entry))
    for host, entries in without.items():
        seen = set()
        for summary, entry in entries if host in insecure else ():
            if (summary.label, host) in mixed or entry.spot in seen:
                continue
            seen.add(entry.spot)
            other, there = insecure[host]
            message = (
                f"`{other.label}` needs `insecure=True` for `{host}`, and `{summary.label}` does without"
            )
            labels = ((there.spot, f"`{other.label}` has it here"),) if there.spot else ()
            yield SpotFinding(message, entry.spot, "write it at each, or at none", labels)


def _is_insecure(entry: EntrySummary) -> bool:
    for name, value in entry.settings:  # noqa: SIM110 - a generator takes longer, and there are many entries
        if value is True and name.endswith("insecure"):
            return True
    return False


RULE = Rule(
    code="EC347",
    name="insecure-elsewhere",
    why="`insecure` belongs to one entry, not to the registry. Where it is missing, BuildKit asks for"
    " HTTPS; an import fails then and the build goes on without its cache.",
    instead="Write `insecure=True` at every entry of the registry, best in one shared function.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="registry.example.org/app:cache", insecure=True)
# file: test/build.envd
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="registry.example.org/app:cache", use="import")
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="registry.example.org/app:cache", insecure=True)
# file: test/build.envd
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="registry.example.org/app:cache", insecure=True, use="import")
""",
    scope=REPOSITORY,
    check=check,
    pitfalls=("registry-insecure-asym",),
)
