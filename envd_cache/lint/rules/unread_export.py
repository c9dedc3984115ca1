"""EC344: a cache that is written, and that no target reads."""

from __future__ import annotations

from envd_cache.lint.rule import REPOSITORY, Rule, SpotFinding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.summary import RepositoryContext


def check(context: RepositoryContext) -> Iterator[SpotFinding]:
    """Yield each export of which no place is read by any target of the repository."""
    guessed = {pair for summary in context.summaries for pair in summary.guessed}
    for summary in context.summaries:
        for entry in summary.entries:
            if ("import", entry.type) in guessed:
                continue
            if entry.direction != "export" or not entry.places:
                continue
            if not any(place in context.readers for place in entry.places):
                message = f"no target reads what `{summary.label}` writes, {entry.text}"
                yield SpotFinding(message, entry.spot, 'leave `use` out, or read it with `use="import"`')


RULE = Rule(
    code="EC344",
    name="unread-export",
    why="Writing a cache takes time and space. Another repository may read it; no target of this one does.",
    instead='Leave out `use="export"`, or declare the import where it is wanted.',
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/app:cache", use="export")
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/app:cache")
""",
    scope=REPOSITORY,
    of_all=True,
    check=check,
    severity="note",
)
