"""What BuildKit and envd accept, as data: the single truth behind every other part.

The backends stand in the order in which people read about them.
"""

from __future__ import annotations

from envd_cache.catalog import azblob, gha, inline, local, registry, s3
from envd_cache.catalog.facts import FACTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.catalog.model import Backend, Fact

__all__ = ("BACKENDS", "FACTS", "GIVEN_FACTS", "backend", "fact")

BACKENDS: tuple[Backend, ...] = (
    registry.BACKEND,
    inline.BACKEND,
    local.BACKEND,
    gha.BACKEND,
    s3.BACKEND,
    azblob.BACKEND,
)

# What `--fact` sets by its name alone; an environment variable is set as `env.NAME`.
GIVEN_FACTS = tuple([fact.name for fact in FACTS if fact.from_command_line == fact.name])

_BY_NAME = {backend.name: backend for backend in BACKENDS}


def backend(name: str) -> Backend:
    """Return a backend by name; KeyError when there is none."""
    return _BY_NAME[name]


def fact(name: str) -> Fact | None:
    """Return one of the `cache.*` functions that are not backends, or None."""
    for candidate in FACTS:
        if candidate.name == name:
            return candidate
    return None
