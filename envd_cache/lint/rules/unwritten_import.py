"""EC345: a cache that is read, and that no target writes."""

from __future__ import annotations

from envd_cache.catalog import backend
from envd_cache.lint.places import by_plain, meets, stem
from envd_cache.lint.rule import REPOSITORY, Rule, SpotFinding
from envd_cache.lint.summary import INLINE
from envd_cache.lint.unknowns import Unknowns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.summary import EntrySummary, RepositoryContext, TargetSummary


def check(context: RepositoryContext) -> Iterator[SpotFinding]:
    """Yield each import by itself, of which no place is written.

    What a target writes and reads under several keys is left alone: main's cache is written on main. So are
    imports by digest, images that a target uses, and images that hold an inline cache. Nothing while a target
    is not known, and nothing of what another run may write.
    """
    if any(summary.broken for summary in context.summaries):
        return
    unwritten = [
        (summary, entry)
        for summary in context.summaries
        for entry in summary.entries
        if entry.direction == "import" and entry.places and not _is_excused(entry, summary, context)
    ]
    if not unwritten:
        return
    unknowns, written = Unknowns(context.summaries), by_plain(context.writers)
    pushed = {
        image.reference for summary in context.summaries for image in summary.images if image.what == INLINE
    }
    nameless = any(_is_nameless(entry, summary) for summary in context.summaries for entry in summary.entries)
    for summary, entry in unwritten:
        if any(
            place[-1] in pushed or unknowns.may_be(place) or meets(place, written) for place in entry.places
        ):
            continue
        if nameless and backend(entry.by).export_only:
            continue
        message = f"no target writes what `{summary.label}` reads, {entry.text}"
        yield SpotFinding(message, entry.spot, "does another repository write it? Else declare the export")


def _is_excused(entry: EntrySummary, summary: TargetSummary, context: RepositoryContext) -> bool:
    images = {image.reference for image in summary.images}
    return (
        any(place in context.writers or "@" in place[-1] or place[-1] in images for place in entry.places)
        or any(one.spot == entry.spot and _is_first_choice(one, entry, context) for one in summary.entries)
        or any(name == "digest" for name, _ in entry.settings)
    )


def _is_first_choice(one: EntrySummary, entry: EntrySummary, context: RepositoryContext) -> bool:
    """Say whether one call names two keys, of which the other is written: it falls back to this one."""
    if one.direction == "export":
        return True
    stems = {stem(place) for place in entry.places}
    return any(stem(place) in stems and place in context.writers for place in one.places)


def _is_nameless(entry: EntrySummary, summary: TargetSummary) -> bool:
    """Say whether an entry writes into an image of which the file does not say the name."""
    return (
        entry.direction == "export"
        and not entry.places
        and not any(image.what == INLINE and image.spot == entry.spot for image in summary.images)
    )


RULE = Rule(
    code="EC345",
    name="unwritten-import",
    why="If nobody writes it, the import fails at each build. BuildKit says so in one line of its log"
    " and builds without it. Another repository may write it. A target that asks for the branch, the pull"
    " request or an environment variable may write something else on another run: what it names, under"
    " whatever key, is left alone. Nothing is said while a file has errors.",
    instead="Correct the reference, or declare the export.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/old-app:cache", use="import")
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
    pitfalls=("import-never-fatal", "no-inline-in-image"),
)
