"""One thing for several processes of one test run: the first makes it, the last ends it."""

from __future__ import annotations

import fcntl
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold a lock that one process has at a time. It is not to be taken twice: that waits for ever."""
    with file.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def shared(place: Path, make: Callable[[], str], end: Callable[[str], None]) -> Iterator[str]:
    """Give what `make` returned to the first who came here, and call `end` with it after the last one.

    `place` is a path without its suffix, at which nothing else is: two files come into being beside it.
    """
    lock, file = place.with_suffix(".lock"), place.with_suffix(".json")
    with locked(lock):
        value = str(json.loads(file.read_text())["value"]) if file.exists() else make()
        _count(file, value, 1)
    try:
        yield value
    finally:
        with locked(lock):
            if _count(file, value, -1) == 0:
                file.unlink()
                end(value)


def _count(file: Path, value: str, change: int) -> int:
    users = (json.loads(file.read_text())["users"] if file.exists() else 0) + change
    file.write_text(json.dumps({"value": value, "users": users}))
    return int(users)
