"""EC344: a cache that is written, and that no target reads."""

from __future__ import annotations

from envd_cache.lint.places import by_plain, meets
from envd_cache.lint.rule import REPOSITORY, Rule, SpotFinding
from envd_cache.lint.unknowns import Unknowns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.summary import RepositoryContext


def check(context: RepositoryContext) -> Iterator[SpotFinding]:
    """Yield each export of which no place is read by any target of the repository.

    Nothing while a target is not known, and nothing of what another run may read.
    """
    if any(summary.broken for summary in context.summaries):
        return
    unread = [
        (summary, entry)
        for summary in context.summaries
        for entry in summary.entries
        if entry.direction == "export"
        and entry.places
        and not any(place in context.readers for place in entry.places)
    ]
    if not unread:
        return
    unknowns, read = Unknowns(context.summaries), by_plain(context.readers)
    for summary, entry in unread:
        if not any(unknowns.may_be(place) or meets(place, read) for place in entry.places):
            message = f"no target reads what `{summary.label}` writes, {entry.text}"
            yield SpotFinding(message, entry.spot, 'leave `use` out, or read it with `use="import"`')


RULE = Rule(
    code="EC344",
    name="unread-export",
    why="Writing a cache takes time and space. Another repository may read it; no target of this one does."
    " A target that asks for the branch, the pull request or an environment variable may read something else"
    " on another run: what it names, under whatever key, is left alone. Nothing is said while a file has"
    " errors.",
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
