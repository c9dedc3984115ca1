"""Compares places beyond "equal": without their keys, and where the environment fills in a part.

A place is a tuple of texts as `lint.summary` makes it: the type, then what tells caches of it apart.
"""

from __future__ import annotations

from functools import lru_cache

from envd_cache.catalog import GIVEN_FACTS, backend

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import TypeAlias

    from envd_cache.catalog.model import Backend

    Place: TypeAlias = tuple[str, ...]

# What is asked of the world; the label of a target is always the same.
CHANGING = frozenset(("env", *GIVEN_FACTS)) - {"target"}

# What decides more often than another fact whether a cache is declared at all.
PULL_REQUEST = "pull_request"

# A shorter part of a fact's value may be in a name by chance.
_SHORTEST = 3


def stem(place: Place) -> Place:
    """Return a place without its key: an image without its tag, any other place without its last part."""
    key = backend(place[0]).key
    if key is None or key.style != "tag" or len(place) < 2:
        return place[:-1] if len(place) > 1 else place
    name = place[-1].partition("@")[0]
    last = name.rpartition("/")[2]
    return (*place[:-1], name[: -len(last)] + last.partition(":")[0])


def named_by(place: Place, values: Sequence[str]) -> bool:
    """Say whether one of some facts, or a part of it, is in a place."""
    text = "\n".join(place[1:]).lower()
    return any(part in text for value in values for part in _parts(value.lower()))


@lru_cache(maxsize=1_000)  # the answers are the same for most files of a repository
def _parts(value: str) -> list[str]:
    letters = "".join([letter if letter.isalnum() else " " for letter in value])
    return [part for part in (value, *letters.split()) if part and (part == value or len(part) >= _SHORTEST)]


def plain(place: Place) -> Place:
    """Return a place without the parts that the environment may fill in.

    Two targets of which one leaves such a part out may mean one place.
    """
    given = backend(place[0])
    if len(place) != len(given.place) + 1:
        return place
    return (place[0], *["" if _left_open(given, number) else part for number, part in enumerate(place[1:])])


def may_be_one(one: Place, other: Place) -> bool:
    """Say whether two places are equal but for parts that one of them leaves to the environment."""
    given = backend(one[0])
    return len(one) == len(other) and all(
        left == right or ("" in (left, right) and number > 0 and _left_open(given, number - 1))
        for number, (left, right) in enumerate(zip(one, other, strict=True))
    )


def _left_open(given: Backend, number: int) -> bool:
    param = given.param(given.place[number]) if number < len(given.place) else None
    return param is not None and bool(param.env) and param.default is None


def meets(place: Place, others: Mapping[Place, Sequence[Place]]) -> bool:
    """Say whether a place may be one of `others`, which are listed by what `plain` makes of them."""
    return any(may_be_one(place, other) for other in others.get(plain(place), ()))


def by_plain(places: Iterable[Place]) -> dict[Place, list[Place]]:
    """Return places, listed by what `plain` makes of them."""
    found: dict[Place, list[Place]] = {}
    for place in places:
        found.setdefault(plain(place), []).append(place)
    return found
