"""The proxy before a stand-in of a registry; `tests/engine/test_faulty_registry.py` has a real one."""

from __future__ import annotations

import http.client
import threading
from typing import TYPE_CHECKING

import pytest

from tests.support.faulty_registry import Fault, FaultyRegistry, Request
from tests.support.image_registry import image_registry

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST = "/v2/x/manifests/1"


@pytest.fixture
def registry() -> Iterator[FaultyRegistry]:
    with image_registry() as upstream, FaultyRegistry(upstream) as faulty:
        yield faulty


def ask(registry: FaultyRegistry, method: str = "GET", body: bytes = b"") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(registry.address, timeout=60)
    try:
        connection.request(method, MANIFEST, body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_without_a_fault_everything_goes_through(registry: FaultyRegistry) -> None:
    status, body = ask(registry)
    assert status == 200
    assert b"schemaVersion" in body
    assert ask(registry, "HEAD") == (200, b"")
    assert registry.requests == [Request("GET", MANIFEST, 200), Request("HEAD", MANIFEST, 200)]


@pytest.mark.parametrize(
    ("fault", "reading", "writing"),
    [(Fault.UNAUTHORIZED, 401, 401), (Fault.FULL, 200, 507), (Fault.BROKEN, 500, 500)],
)
def test_a_status(registry: FaultyRegistry, fault: Fault, reading: int, writing: int) -> None:
    registry.become(fault)
    assert ask(registry)[0] == reading
    assert ask(registry, "PUT", b"x")[0] == writing
    registry.become(Fault.NONE)
    assert ask(registry)[0] == 200


def test_nobody_listens_until_it_is_up_again(registry: FaultyRegistry) -> None:
    kept = http.client.HTTPConnection(registry.address, timeout=60)
    kept.request("GET", MANIFEST)
    kept.getresponse().read()
    address = registry.address
    registry.become(Fault.DOWN)
    with pytest.raises(ConnectionRefusedError):
        ask(registry)
    kept.request("GET", MANIFEST)
    with pytest.raises(ConnectionError):
        kept.getresponse()
    kept.close()
    registry.become(Fault.NONE)
    assert registry.address == address
    assert ask(registry)[0] == 200


def test_a_long_body_is_broken_off(registry: FaultyRegistry) -> None:
    registry.become(Fault.CUT, limit=10)
    with pytest.raises((ConnectionError, http.client.IncompleteRead)):
        ask(registry)
    with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
        ask(registry, "PUT", b"x" * 100_000)
    assert ask(registry, "HEAD") == (200, b"")
    assert [request.status for request in registry.requests] == [0, 0, 200]
    registry.become(Fault.CUT, limit=100_000)
    assert ask(registry)[0] == 200


def test_a_late_answer_comes_when_the_fault_ends(registry: FaultyRegistry) -> None:
    registry.become(Fault.SLOW, seconds=600)
    found: list[int] = []
    asking = threading.Thread(target=lambda: found.append(ask(registry)[0]))
    asking.start()
    asking.join(0.2)
    assert asking.is_alive()
    registry.become(Fault.NONE)
    asking.join()
    assert found == [200]
