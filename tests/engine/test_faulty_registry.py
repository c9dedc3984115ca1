"""What an engine makes of a registry with faults; the caches go through the proxy, the images do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.conftest import build_stamped
from tests.support.faulty_registry import Fault, FaultyRegistry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engine.conftest import Engines, Prune


@pytest.fixture
def registry(engines: Engines) -> Iterator[FaultyRegistry]:
    with FaultyRegistry(engines.registry) as faulty:
        yield faulty


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.DOWN, "connection refused"),
        (Fault.UNAUTHORIZED, "401 Unauthorized"),
        (Fault.FULL, "507 Insufficient Storage"),
        # BuildKit tries for long before it gives up an export that is broken off again and again.
        (Fault.CUT, ""),
    ],
)
def test_a_fault_fails_the_export_and_not_the_import(
    fault: Fault, words: str, registry: FaultyRegistry, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    prune: Prune = request.getfixturevalue("prune")
    environ = request.getfixturevalue("environment")("new")
    base: str = request.getfixturevalue("base_image")
    cache = f"type=registry,ref={registry.address}/faulty/{fault.name.lower()}"
    first = build_stamped(["--cache-to", f"{cache},mode=max"], environ, base, tmp_path)
    prune("new")
    registry.become(fault, limit=100)
    again = build_stamped(["--cache-from", cache], environ, base, tmp_path)
    assert (again == first) == (fault is Fault.FULL)
    if words:
        with pytest.raises(AssertionError, match=words):
            build_stamped(["--cache-to", f"{cache}-new,mode=max"], environ, base, tmp_path)
    registry.become(Fault.NONE)
    prune("new")
    assert build_stamped(["--cache-from", cache], environ, base, tmp_path) == first
