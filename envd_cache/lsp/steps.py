"""Work in small steps, so that a server of one thread can do something else between them.

Such a work is a generator that yields nothing, often, and returns what it makes.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import TypeAlias, TypeVar

    Value = TypeVar("Value")
    Steps: TypeAlias = Generator[None, None, Value]


def at_once(work: Steps[Value]) -> Value:
    """Do all steps of a work, and return what it makes."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            made: Value = end.value
            return made
