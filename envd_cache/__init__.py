"""Declare BuildKit's remote caches in build.envd, and compile them for every engine.

>>> import envd_cache
>>> result = envd_cache.plan("examples/quickstart/build.envd")
>>> result.diagnostics
()
>>> flags = envd_cache.output(result.value, "buildx").value
>>> flags.split()[:2]
['--cache-to', 'type=registry,ref=ghcr.io/acme/app:cache,mode=max']
"""

from __future__ import annotations

__version__ = "0.1.0"

# None of these may have the name of a subpackage: once `envd_cache.emit` is imported, that is a module.
__all__ = ("Facts", "evaluation", "output", "plan")

_HOMES = {
    "Facts": "envd_cache.evaluate.facts",
    "evaluation": "envd_cache.api",
    "output": "envd_cache.api",
    "plan": "envd_cache.api",
}

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.api import evaluation, output, plan
    from envd_cache.evaluate.facts import Facts
else:

    def __dir__():
        return sorted({*globals(), *__all__})

    def __getattr__(name):
        if name not in _HOMES:
            raise AttributeError(f"module `envd_cache` has no attribute `{name}`")
        from importlib import import_module  # noqa: PLC0415 - only when a name is used

        return getattr(import_module(_HOMES[name]), name)
