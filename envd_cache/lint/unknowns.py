"""What of a repository is not certain: another run may do it in another way, or nobody knows it here.

A build file may ask for the branch, the commit, the pull request, the platform and environment variables. On
another run the answer is another one, and the target may write and read other caches. What it asks for is
known; what it does with the answer is not. So whatever such a target names is left alone, key aside; and all
is, where one may be hiding what it names on another run.
"""

from __future__ import annotations

from envd_cache.lint.places import stem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from envd_cache.lint.places import Place
    from envd_cache.lint.summary import TargetSummary


class Unknowns:
    """What the targets that are not certain name: whole types, and places without their keys."""

    __slots__ = ("_all", "_stems", "_types")

    def __init__(self, summaries: Iterable[TargetSummary]) -> None:
        self._all = False
        self._types: set[str] = set()
        self._stems: set[Place] = set()
        for summary in summaries:
            self._all = self._all or summary.hiding
            for _, kind, place in summary.guessed:
                self._note(kind, (place,) if place else (), loose=not place)
            for entry in summary.entries if summary.changing else ():
                self._note(entry.type, [stem(place) for place in entry.places], loose=entry.loose)

    def _note(self, kind: str, stems: Iterable[Place], *, loose: bool) -> None:
        if loose:
            self._types.add(kind)
        self._stems.update(stems)

    def may_be(self, place: Place) -> bool:
        """Say whether another run may write or read a place."""
        return self._all or place[0] in self._types or stem(place) in self._stems
