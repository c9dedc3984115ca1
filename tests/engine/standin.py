"""A stand-in for a docker engine: it answers what a test tells it to, on a unix socket or a TCP port.

It proves what our side makes of an answer, not what an engine answers; `test_probe_real` asks real ones.
"""

from __future__ import annotations

import json
import socketserver
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

CONTAINERD = [["driver-type", "io.containerd.snapshotter.v1"]]
CLASSIC = [["Backing Filesystem", "extfs"], ["Supports d_type", "true"]]


class Said(NamedTuple):
    """One answer. `trickle` sends the body byte by byte and never ends; `silent` sends nothing at all."""

    body: bytes
    status: int = 200
    api: str = "1.45"
    trickle: bool = False
    silent: bool = False


def info(version: str = "26.1.5+dfsg1", status: object = CONTAINERD, api: str = "1.45") -> Said:
    """Return what an engine says of itself, cut down to what matters."""
    return Said(json.dumps({"ServerVersion": version, "DriverStatus": status}).encode(), api=api)


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    asked: list[str]
    said: Said
    over: threading.Event


class _TcpServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    asked: list[str]
    said: Said
    over: threading.Event


class _Handler(BaseHTTPRequestHandler):
    server: _Server | _TcpServer

    def do_GET(self) -> None:
        said = self.server.said
        self.server.asked.append(f"{self.path} {self.headers['Host']}")
        if said.silent:
            self.server.over.wait(60)
            return
        self.send_response(said.status)
        if said.api:
            self.send_header("Api-Version", said.api)
        if not said.trickle:
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body)
            return
        self.end_headers()
        while not self.server.over.is_set():
            try:
                self.wfile.write(b" ")
            except OSError:
                return
            time.sleep(0.02)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@contextmanager
def engine(said: Said, folder: Path | None = None, tls: ssl.SSLContext | None = None) -> Iterator[_Running]:
    """Run a stand-in: on a socket in `folder`, or on a port of loopback."""
    made: _Server | _TcpServer
    if folder:
        made, address = _Server(str(folder / "docker.sock"), _Handler), f"unix://{folder}/docker.sock"
    else:
        made = _TcpServer(("127.0.0.1", 0), _Handler)
        address = f"tcp://127.0.0.1:{made.socket.getsockname()[1]}"
    made.said, made.asked, made.over = said, [], threading.Event()
    if tls is not None:
        made.socket = tls.wrap_socket(made.socket, server_side=True)
    thread = threading.Thread(target=made.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield _Running(address, made.asked)
    finally:
        made.over.set()
        made.shutdown()
        made.server_close()
        thread.join()


class _Running(NamedTuple):
    """Where it listens, and what it was asked: path and host."""

    address: str
    asked: list[str]
