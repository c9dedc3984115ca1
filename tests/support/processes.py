"""Looks after processes that outlive, or must not outlive, those that started them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.support.machine import processes, stat_fields

if TYPE_CHECKING:
    from collections.abc import Callable


def until(true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    last = time.monotonic() + 60
    while not true():
        assert time.monotonic() < last
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    """Say whether a process that nobody waits for runs; one that has ended may still be listed."""
    try:
        return stat_fields(pid)[0] not in "ZX"
    except OSError:
        return False


def children_of(pid: int) -> list[int]:
    """Return the processes that a process started."""
    return [process.pid for process, parent in processes().items() if parent == pid]
