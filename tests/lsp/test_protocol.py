"""What a client does wrong is answered, and the server goes on."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from envd_cache.lsp.client import Client, RefusedError
from tests.lsp.launch import SERVER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AT = {"textDocument": {"uri": "file:///nothing.envd"}, "position": {"line": 0, "character": 0}}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with Client(SERVER, folder=str(tmp_path)) as made:
        yield made


def test_a_request_before_initialize_is_refused(client: Client) -> None:
    with pytest.raises(RefusedError, match="ServerNotInitialized"):
        client.request("textDocument/hover", AT)
    assert client.start("")["capabilities"]
    with pytest.raises(RefusedError, match="was initialized"):
        client.request("initialize", {"processId": None, "rootUri": None, "capabilities": {}})


@pytest.mark.parametrize(
    "params", [None, {}, {"nonsense": 1}, {**AT, "position": {"line": -1, "character": 0}}], ids=str
)
def test_a_request_that_makes_no_sense_is_refused(client: Client, params: Any) -> None:
    client.start("")
    with pytest.raises(RefusedError, match="the parameters of `textDocument/hover` are wrong"):
        client.request("textDocument/hover", params)
    assert client.request("textDocument/hover", AT) is None


def test_a_request_after_shutdown_is_refused(client: Client) -> None:
    client.start("")
    client.request("shutdown", None)
    with pytest.raises(RefusedError, match="was shut down"):
        client.request("textDocument/hover", AT)
    client.notify("exit", None)
    assert client.process.wait(10) == 0
    assert client.errors == b""


def test_exit_without_shutdown_is_1(client: Client) -> None:
    client.start("")
    client.notify("exit", None)
    assert client.process.wait(10) == 1


@pytest.mark.parametrize("delay", [0, 0.05, 0.4])
@pytest.mark.parametrize("last", [(), ("shutdown",), ("textDocument/references", "shutdown")])
def test_an_end_at_any_time_is_quiet(client: Client, delay: float, last: tuple[str, ...]) -> None:
    """An editor whose patience is over does not wait for the answer to `shutdown`."""
    client.start("")
    block = 'def f{n}():\n    base()\n    cache.gha(scope="a{n}", mode="max")\n\n\n'
    uri = client.open("build.envd", "".join([block.format(n=n) for n in range(300)]))
    time.sleep(delay)
    for method in last:
        at = {"textDocument": {"uri": uri}, "position": {"line": 1, "character": 6}}
        client.send(method, {**at, "context": {"includeDeclaration": True}} if "/" in method else None)
    client.notify("exit", None)
    assert client.process.wait(20) == (0 if last else 1)
    client.close()
    assert client.errors == b""


def test_what_still_runs_at_a_shutdown_is_cancelled(client: Client) -> None:
    client.start("")
    block = "def f{n}():\n    base()\n\n\n"
    uri = client.open("build.envd", "".join([block.format(n=n) for n in range(1500)]))
    at = {"textDocument": {"uri": uri}, "position": {"line": 1, "character": 6}}
    numbers = [client.send("textDocument/references", {**at, "context": {"includeDeclaration": True}})]
    numbers.append(client.send("textDocument/rename", {**at, "newName": "other"}))
    assert client.request("shutdown", None) is None
    for number in numbers:
        with pytest.raises(RefusedError, match="cancel"):
            client.result(number)
    assert client.close() == 0
    assert client.errors == b""


def test_a_notification_that_makes_no_sense_is_logged(client: Client) -> None:
    client.start("")
    client.notify("textDocument/didOpen", {"nonsense": 1})
    client.wait(lambda: bool(client.notes))
    ((method, params),) = client.notes
    assert method == "window/logMessage"
    assert params["message"].startswith("a notification makes no sense: ")
    assert client.request("textDocument/hover", AT) is None


@pytest.mark.parametrize("body", [b"{no json", b"[1, 2]", b'"text"', b"null"])
def test_what_is_no_message_is_left_out(client: Client, body: bytes) -> None:
    client.start("")
    assert client.process.stdin is not None
    client.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    client.process.stdin.flush()
    assert client.request("textDocument/hover", AT) is None


def test_a_client_that_cannot_be_told_pulls(tmp_path: Path) -> None:
    path = tmp_path / "build.envd"
    path.write_text('def build():\n    base()\n    cache.gha(scope="a", mode="MAX")\n')
    params = {
        "processId": None,
        "rootUri": None,
        "capabilities": {"textDocument": {"diagnostic": {"dynamicRegistration": False}}},
    }
    with Client((sys.executable, *SERVER[1:]), folder=str(tmp_path)) as client:
        answer = client.request("initialize", params)
        assert answer["capabilities"]["diagnosticProvider"]["interFileDependencies"] is True
        client.notify("initialized", {})
        uri = client.open(str(path), path.read_text())
        report = client.request("textDocument/diagnostic", {"textDocument": {"uri": uri}})
        assert [one["code"] for one in report["items"]] == ["EC106"]
        assert not [note for note in client.notes if note[0] == "textDocument/publishDiagnostics"]
    with Client(SERVER, folder=str(tmp_path)) as client:
        assert "diagnosticProvider" not in json.dumps(client.start(str(tmp_path)))
