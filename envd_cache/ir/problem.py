"""Kept while the checks move: the types live in `envd_cache.problem`."""

from envd_cache.problem import Foreign, Problem

__all__ = ("Foreign", "Problem")
