"""HTTP servers on loopback in threads of a test, which end completely when they are stopped."""

from __future__ import annotations

import contextlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_TLS_HANDSHAKE = b"\x16"
_PLAIN = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Handler(BaseHTTPRequestHandler):
    """One connection: HTTP/1.1, nothing is logged, and who tries TLS is told at once that this is HTTP.

    Go's clients try TLS first and then look for the letters `HTTP/` in the answer. The library would wait
    for the end of a line, which the bytes of a handshake may not have.
    """

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *values: object) -> None:  # noqa: A002 - its name in the library
        """Say nothing."""

    def handle(self) -> None:
        """Serve the connection to its end."""
        with contextlib.suppress(ConnectionError):
            if self.connection.recv(1, socket.MSG_PEEK) == _TLS_HANDSHAKE:
                self.wfile.write(_PLAIN)
            else:
                super().handle()

    def do_GET(self) -> None:
        """Answer, whatever the method is."""
        self.answer()

    do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = do_GET  # noqa: N815 - their names in the library

    def answer(self) -> None:
        """Answer a request; `command` is its method."""
        raise NotImplementedError

    def body(self) -> bytes:
        """Return the body of the request, whole or in chunks."""
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def break_off(self) -> None:
        """End the connection in the middle of whatever it is."""
        self.close_connection = True
        shut(self.connection)


class Server(ThreadingHTTPServer):
    """Serves from the moment it is made until `stop`, on a port (0: a free one) of 127.0.0.1.

    `behind` is the object whose server this is; the handlers find it as `self.server.behind`.
    """

    daemon_threads = False
    block_on_close = True

    def __init__(self, handler: type[Handler], behind: Any, port: int = 0) -> None:
        self.behind = behind
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), handler)
        self.port = int(self.server_address[1])
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def stop(self) -> None:
        """Take no more connections, break off those that are open, and wait for their threads."""
        self.shutdown()
        self._thread.join()
        for connection in list(self._open):
            shut(connection)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection and serve it."""
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection and close it."""
        self._open.discard(request)
        super().shutdown_request(request)


def shut(connection: socket.socket) -> None:
    """End both directions of a connection; its thread sees the end and closes it."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
