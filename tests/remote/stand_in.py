"""A stand-in for a registry: it answers requests for manifests as a test tells it to, in a thread.

It proves what our side asks and makes of the answers; a real registry is asked in
`tests/engine/test_progress_real.py`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

USER, PASSWORD = "ada", "not-a-real-password"
BASIC = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
TOKEN = "not-a-real-token"


class Asked(NamedTuple):
    path: str
    accept: str
    authorization: str


class StandIn:
    """What it answers (`status`, `body`, `headers`), who may ask, and what it was asked."""

    def __init__(self) -> None:
        self.status = 200
        self.body = b"{}"
        self.headers: dict[str, str] = {}
        self.login = ""  # "basic", "bearer" or ""
        self.token: object = {"token": TOKEN}
        self.token_status = 200
        self.realm = ""
        self.silent = threading.Event()
        self.asked: list[Asked] = []
        self.address = ""


@contextlib.contextmanager
def running() -> Iterator[StandIn]:
    """Run one on a port of this machine."""
    facts = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = self.headers.get("Authorization", "")
            facts.asked.append(Asked(self.path, self.headers.get("Accept", ""), given))
            if facts.silent.is_set():
                facts.silent.wait(30)
                while facts.silent.is_set():
                    threading.Event().wait(0.05)
                return None
            if self.path.startswith("/token"):
                return self.answer(facts.token_status, json.dumps(facts.token).encode(), {})
            wanted = {"basic": BASIC, "bearer": f"Bearer {TOKEN}", "": given}[facts.login]
            if given != wanted:
                realm = facts.realm or f"http://{facts.address}/token"
                challenge = {
                    "basic": 'Basic realm="x"',
                    "bearer": f'Bearer realm="{realm}",service="s",scope="repository:a/b:pull"',
                }[facts.login]
                return self.answer(401, b"{}", {"WWW-Authenticate": challenge})
            return self.answer(facts.status, facts.body, facts.headers)

        def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    facts.address = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield facts
    finally:
        facts.silent.clear()
        server.shutdown()
        thread.join()
        server.server_close()
