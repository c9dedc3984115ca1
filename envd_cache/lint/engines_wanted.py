"""The engines that a repository says it must work with, and how releases compare."""

from __future__ import annotations

from envd_cache.record import Record


class Engines(Record):
    """Releases as people write them ("0.20", "v0.20.1"), a buildx driver and a client; "" is not stated."""

    buildkit: str = ""
    buildx: str = ""
    driver: str = ""
    client: str = ""


ANY = Engines()


def release(text: str) -> tuple[int, int, int] | None:
    """Return the numbers of a release, missing ones as 0; None when the text is none."""
    numbers = text.strip().removeprefix("v").partition("-")[0].split(".")
    right = all(number.isascii() and number.isdigit() and len(number) < 10 for number in numbers)
    if not 1 <= len(numbers) <= 3 or not right:
        return None
    major, minor, patch = (*(int(number) for number in numbers), 0, 0)[:3]
    return major, minor, patch


def is_older(stated: str, needed: str) -> bool:
    """Say whether a stated release comes before a needed one; False when either is none."""
    if not stated:
        return False
    have, want = release(stated), release(needed)
    return have is not None and want is not None and have < want
