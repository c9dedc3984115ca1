"""What BuildKit and envd accept, as data: the single truth behind every other part.

Here are the names alone. What a backend takes is in the module of its name, and a compile loads only
those that its build file calls; `BACKENDS` and `FACTS` load them all.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.catalog.model import Backend, Fact

    BACKENDS: tuple[Backend, ...]
    FACTS: tuple[Fact, ...]

__all__ = ("BACKENDS", "BACKEND_NAMES", "FACTS", "FACT_NAMES", "GIVEN_FACTS", "backend", "fact")

# In the order in which people read about them; `catalog/<name>.py` has the backend itself.
BACKEND_NAMES = ("registry", "inline", "local", "gha", "s3", "azblob")

# The `cache.*` functions that are not backends, in the order of `catalog/facts.py`.
FACT_NAMES = ("env", "secret", "branch", "commit", "pull_request", "platform", "target", "slug", "none")

# What `--fact` sets by its name alone; an environment variable is set as `env.NAME`.
GIVEN_FACTS = ("branch", "commit", "pull_request", "platform", "target")


def backend(name: str) -> Backend:
    """Return a backend by name; KeyError when there is none."""
    if name not in BACKEND_NAMES:
        raise KeyError(name)
    # `importlib` itself would cost as much as two modules.
    found: Backend = __import__(f"envd_cache.catalog.{name}", fromlist=("BACKEND",)).BACKEND
    return found


def fact(name: str) -> Fact | None:
    """Return one of the `cache.*` functions that are not backends, or None."""
    from envd_cache.catalog import facts  # noqa: PLC0415 - only when a file asks

    for candidate in facts.FACTS:
        if candidate.name == name:
            return candidate
    return None


if not TYPE_CHECKING:

    def __getattr__(name):
        if name == "BACKENDS":
            return tuple([backend(known) for known in BACKEND_NAMES])
        if name == "FACTS":
            from envd_cache.catalog import facts  # noqa: PLC0415 - only for the whole table

            return facts.FACTS
        raise AttributeError(f"module `envd_cache.catalog` has no attribute `{name}`")
