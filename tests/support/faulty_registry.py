"""A real registry with faults: a proxy on loopback that passes requests on, or does not."""

from __future__ import annotations

import enum
import http.client
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple, Self

from tests.support.serving import Handler, Server

if TYPE_CHECKING:
    from types import TracebackType

_FEW_BYTES = 4096
# Of one connection, not of a request: they do not go through.
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Fault(enum.Enum):
    """What is wrong with the registry."""

    NONE = "it works"
    DOWN = "nobody listens: connections are refused"
    UNAUTHORIZED = "401 for everybody, whatever their password is"
    FULL = "507 for every byte that is to be kept; reading works"
    SLOW = "every answer comes late"
    CUT = "a body that is longer than a limit is broken off there, in both directions"
    BROKEN = "500 for everything"


_STATUS = {
    Fault.UNAUTHORIZED: HTTPStatus.UNAUTHORIZED,
    Fault.FULL: HTTPStatus.INSUFFICIENT_STORAGE,
    Fault.BROKEN: HTTPStatus.INTERNAL_SERVER_ERROR,
}


class Request(NamedTuple):
    """What somebody asked, and the status of the answer; 0 when it was broken off."""

    method: str
    path: str
    status: int


class FaultyRegistry:
    """A proxy before the registry at `upstream` (HOST:PORT). `address` is its own, the same all the time.

    Push and pull the base image by the real address, and the cache by this one: then a fault meets the
    cache alone.
    """

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.fault = Fault.NONE
        self.seconds = 0.0
        self.limit = _FEW_BYTES
        self.requests: list[Request] = []
        self.changed = threading.Event()
        self._server = Server(_Handler, self)
        self.address = f"127.0.0.1:{self._server.port}"

    def become(self, fault: Fault, *, seconds: float = 5, limit: int = _FEW_BYTES) -> None:
        """Change the fault, from now on. `seconds` are for SLOW, `limit` (bytes) is for CUT."""
        self.seconds, self.limit = seconds, limit
        before, self.fault = self.fault, fault
        # Who waits for a late answer has it now.
        changed, self.changed = self.changed, threading.Event()
        changed.set()
        if fault is Fault.DOWN and before is not Fault.DOWN:
            self._server.stop()
        elif before is Fault.DOWN and fault is not Fault.DOWN:
            self._server = Server(_Handler, self, self._server.port)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.become(Fault.DOWN)


class _Handler(Handler):
    server: Server

    @property
    def proxy(self) -> FaultyRegistry:
        behind: FaultyRegistry = self.server.behind
        return behind

    def answer(self) -> None:
        """Pass the request on, or do what the fault says."""
        proxy = self.proxy
        length = int(self.headers.get("Content-Length", 0))
        if self._too_long(length):
            self._note(0)
            self.rfile.read(proxy.limit)
            self.break_off()
            return
        body = self.body()
        if self._too_long(len(body)):
            self._note(0)
            self.break_off()
        elif proxy.fault in _STATUS and not (proxy.fault is Fault.FULL and self.command in ("GET", "HEAD")):
            status = _STATUS[proxy.fault]
            self._send(status, {"WWW-Authenticate": 'Basic realm="registry"'}, b'{"errors":[]}')
        else:
            if proxy.fault is Fault.SLOW:
                proxy.changed.wait(proxy.seconds)
            self._pass(body)

    def _pass(self, body: bytes) -> None:
        connection = http.client.HTTPConnection(self.proxy.upstream, timeout=60)
        try:
            # With the proxy's own Host: the registry makes addresses from it.
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            data = answer.read()
            length = answer.getheader("Content-Length") if self.command == "HEAD" else None
            passed = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP}
            self._send(HTTPStatus(answer.status), passed, data, length)
        finally:
            connection.close()

    def _too_long(self, length: int) -> bool:
        return self.proxy.fault is Fault.CUT and length > self.proxy.limit

    def _send(
        self, status: HTTPStatus, headers: dict[str, str], body: bytes, length: str | None = None
    ) -> None:
        if self.command == "HEAD":
            body = b""
        cut = self._too_long(len(body))
        # Before the answer: who has it may look here.
        self._note(0 if cut else status)
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", length or str(len(body)))
        self.end_headers()
        if cut:
            self.wfile.write(body[: self.proxy.limit])
            self.break_off()
        else:
            self.wfile.write(body)

    def _note(self, status: int) -> None:
        self.proxy.requests.append(Request(self.command, self.path, int(status)))
