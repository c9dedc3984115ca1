"""The names that are read without loading the catalog are those in it."""

from __future__ import annotations

from envd_cache.catalog import BACKEND_NAMES, BACKENDS, FACT_NAMES, FACTS, GIVEN_FACTS


def test_backends() -> None:
    assert tuple(backend.name for backend in BACKENDS) == BACKEND_NAMES


def test_facts() -> None:
    assert tuple(fact.name for fact in FACTS) == FACT_NAMES


def test_facts_that_the_command_line_gives() -> None:
    given = [fact.from_command_line for fact in FACTS if fact.from_command_line]
    assert sorted(GIVEN_FACTS) == sorted(name for name in given if not name.startswith("env."))
