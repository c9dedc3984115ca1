"""EC345: a cache that is read, and that no target writes."""

from __future__ import annotations

from envd_cache.lint.rule import REPOSITORY, Rule, SpotFinding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.summary import RepositoryContext


def check(context: RepositoryContext) -> Iterator[SpotFinding]:
    """Yield each import by itself, of which no place is written.

    What a target writes and reads under several keys is left alone: main's cache is written on main. So are
    imports by digest, and images that a target uses.
    """
    guessed = {pair for summary in context.summaries for pair in summary.guessed}
    written: set[tuple[str, ...]] = set()
    for summary in context.summaries:
        images = {image.reference for image in summary.images}
        for entry in summary.entries:
            if entry.direction != "import" or not entry.places:
                continue
            if ("export", entry.type) in guessed:
                continue
            if any(
                place in context.writers or "@" in place[-1] or place[-1] in images for place in entry.places
            ):
                continue
            if any(one.direction == "export" and one.spot == entry.spot for one in summary.entries):
                continue
            # On another branch it may be what a target writes under another key.
            written = written or {_stem(place) for place in context.writers}
            by_key = any(_stem(place) in written for place in entry.places)
            if by_key or any(name == "digest" for name, _ in entry.settings):
                continue
            message = f"no target writes what `{summary.label}` reads, {entry.text}"
            yield SpotFinding(
                message, entry.spot, "does another repository write it? Else declare the export"
            )


def _stem(place: tuple[str, ...]) -> tuple[str, ...]:
    """Return a place without the key."""
    return (*place[:-1], place[-1].rpartition(":")[0]) if "/" in place[-1] else place[:-1]


RULE = Rule(
    code="EC345",
    name="unwritten-import",
    why="If nobody writes it, the import fails at each build. BuildKit says so in one line of its log"
    " and builds without it. Another repository may write it.",
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
