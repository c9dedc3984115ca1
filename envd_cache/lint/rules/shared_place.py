"""EC341: several targets write one place."""

from __future__ import annotations

from envd_cache.catalog import backend, gha
from envd_cache.catalog.model import EXPORT
from envd_cache.ir.merge import params_by_wire
from envd_cache.lint.rule import REPOSITORY, Rule, SpotFinding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TypeAlias

    from envd_cache.lint.summary import EntrySummary, RepositoryContext, TargetSummary

    Writer: TypeAlias = tuple[TargetSummary, EntrySummary]


def check(context: RepositoryContext) -> Iterator[SpotFinding]:
    """Yield a finding for each declaration that writes where another target writes the same settings."""
    for writers in groups(context):
        if not differ(writers) and not is_default_scope(writers[0][1]):
            yield from shared(
                writers, "each build replaces the cache of the other", "give each its own place"
            )


def groups(context: RepositoryContext) -> list[list[Writer]]:
    """Return the writers of each place that more than one target has; each group once.

    An export that keeps several names shares more than one place with the same others.
    """
    found: dict[tuple[tuple[str, int], ...], list[Writer]] = {}
    for writers in context.writers.values():
        if len(writers) > 1 and len({(one.label, one.path) for one, _ in writers}) > 1:
            found.setdefault(tuple([(one.label, id(entry)) for one, entry in writers]), writers)
    return list(found.values())


def differ(writers: Sequence[Writer]) -> bool:
    """Say whether the writers of a place do not all write the same thing for a reader."""
    return len({entry.settings for _, entry in writers}) > 1 and len({lasting(one) for _, one in writers}) > 1


def lasting(entry: EntrySummary) -> frozenset[tuple[str, str | int | bool]]:
    """Return the settings of an export without those of the transport, which leave no trace in the cache."""
    params = params_by_wire(backend(entry.type), EXPORT)
    return frozenset(
        [(name, value) for name, value in entry.settings if name not in params or not params[name].transport]
    )


def is_default_scope(entry: EntrySummary) -> bool:
    """Say whether a place is the scope that BuildKit takes when none is named."""
    return entry.type == gha.BACKEND.name and entry.default_place


def shared(writers: Sequence[Writer], effect: str, hint: str) -> Iterator[SpotFinding]:
    """Yield a finding at each place in a file, but the first, that a group of writers has.

    One place in a file that serves several targets, as a shared function, is one finding.
    """
    first = writers[0]
    seen: dict[object, list[Writer]] = {}
    for writer in writers:
        seen.setdefault(writer[1].spot, []).append(writer)
    spots = list(seen)
    for spot in spots[1:] or spots:
        here = [writer for writer in seen[spot] if writer[0] is not first[0]]
        if not here:
            continue
        target, entry = here[0]
        message = f"`{target.label}` and `{first[0].label}` write one place, {entry.text}: {effect}"
        others = len({one.label for one, _ in writers}) - 2
        if others > 0:
            message += f"; so {'does' if others == 1 else 'do'} {others} more"
        label = first[1].spot
        labels = ((label, f"`{first[0].label}` writes it here"),) if label and label != spot else ()
        yield SpotFinding(message, entry.spot, hint, labels)


RULE = Rule(
    code="EC341",
    name="shared-place",
    why="BuildKit replaces a cache, it does not add to it. Of two targets that write one place, each "
    "finds the cache of whichever was built last. Places are compared as they are meant: `r` is "
    "`r:latest`. A relative directory counts from the folder of its build file.",
    instead="Give each target a place of its own: `key=cache.target()` in a shared function does it. A "
    'target that should only profit reads it with `use="import"`.',
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/app:cache")


def test():
    base(image="ubuntu:22.04", dev=True)
    install.python_packages(name=["pytest"])
    cache.registry(ref="ghcr.io/acme/app:cache")
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/app:cache")


def test():
    base(image="ubuntu:22.04", dev=True)
    install.python_packages(name=["pytest"])
    cache.registry(ref="ghcr.io/acme/app:cache", use="import")
""",
    scope=REPOSITORY,
    check=check,
    pitfalls=("shared-target", "dup-export-normal", "gha-scope"),
)
