"""A small client of the protocol, for `--check`, the tests and the benchmark: standard library alone."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from contextlib import suppress
from urllib.parse import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Self

SECONDS = 30.0


class ServerDiedError(Exception):
    """The server ended, or did not answer in time."""


class RefusedError(Exception):
    """The server answered with an error."""


def uri_of(path: str) -> str:
    """Return the `file:` URI of an absolute path."""
    return f"file://{quote(path)}"


class Client:
    """One server process, spoken to as an editor does. Use it in a `with` statement.

    `notes` are the notifications so far: method and parameters. `stray` is what came on standard output
    and was no message.
    """

    def __init__(
        self, words: Sequence[str], *, folder: str = "", environ: dict[str, str] | None = None
    ) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - the server
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder or None,
            env=environ,
        )
        self.notes: list[tuple[str, Any]] = []
        self.asked: list[tuple[str, Any]] = []
        self.stray = b""
        self.errors = b""
        self._answers: dict[int, Any] = {}
        self._number = 0
        self._news = threading.Condition()
        self._ended = False
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._threads = [threading.Thread(target=self._read, daemon=True), self._listener]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> int:
        """End the server as the protocol wants it, by force if it does not; return its exit code."""
        if self.process.poll() is None:
            with suppress(ServerDiedError, OSError):
                with suppress(RefusedError):  # it was shut down before
                    self.request("shutdown", None)
                self.notify("exit", None)
        try:
            code = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        for thread in self._threads:
            thread.join(5)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        return code

    # ---- messages ----

    def notify(self, method: str, params: object) -> None:
        """Send a notification."""
        message: dict[str, object] = {"jsonrpc": "2.0", "method": method}
        self._send(message | ({} if params is None else {"params": params}))

    def send(self, method: str, params: object) -> int:
        """Send a request and return its number."""
        self._number += 1
        message: dict[str, object] = {"jsonrpc": "2.0", "id": self._number, "method": method}
        self._send(message | ({} if params is None else {"params": params}))
        return self._number

    def request(self, method: str, params: object, seconds: float = SECONDS) -> Any:
        """Send a request and return the result."""
        return self.result(self.send(method, params), seconds)

    def result(self, number: int, seconds: float = SECONDS) -> Any:
        """Return the result of a request; RefusedError for an error."""
        self._until(lambda: number in self._answers, seconds)
        answer = self._answers.pop(number)
        if "error" in answer:
            raise RefusedError(answer["error"]["message"])
        return answer.get("result")

    def wait(self, found: Callable[[], bool], seconds: float = SECONDS) -> None:
        """Wait until something holds that messages change."""
        self._until(found, seconds)

    def _send(self, message: dict[str, object]) -> None:
        body = json.dumps(message).encode()
        stream = self.process.stdin
        try:
            if stream is not None:
                stream.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
                stream.flush()
        except (BrokenPipeError, ValueError):
            raise ServerDiedError(self._why()) from None

    def _until(self, found: Callable[[], bool], seconds: float) -> None:
        until = time.monotonic() + seconds
        with self._news:
            while not found():
                rest = until - time.monotonic()
                if self._ended or rest <= 0:
                    raise ServerDiedError(self._why())
                self._news.wait(rest)

    def _why(self) -> str:
        state = "the server did not answer in time"
        if self._ended or self.process.poll() is not None:
            state = "the server ended"
            self._listener.join(1)  # what it said last may not have been read yet
        return f"{state}\n{self.errors.decode(errors='replace')}".strip()

    # ---- reading ----

    def _read(self) -> None:
        stream = self.process.stdout
        while stream is not None and (line := stream.readline()):
            name, _, value = line.partition(b":")
            if name.lower() != b"content-length" or not value.strip().isdigit():
                if line.strip() and name.lower() != b"content-type":
                    self.stray += line
                continue
            while (line := stream.readline()) not in (b"\r\n", b""):
                pass
            self._take(json.loads(stream.read(int(value))))
        with self._news:
            self._ended = True
            self._news.notify_all()

    def _listen(self) -> None:
        for line in self.process.stderr or ():
            self.errors += line

    def _take(self, message: dict[str, Any]) -> None:
        with self._news:
            if "method" in message:
                kept = self.asked if "id" in message else self.notes
                kept.append((message["method"], message.get("params")))
            else:
                self._answers[message["id"]] = message
            self._news.notify_all()
        if "method" in message and "id" in message:
            # What a server asks of an editor (progress, refreshes) is allowed.
            answer: dict[str, object] = {"jsonrpc": "2.0", "id": message["id"], "result": None}
            if message["method"] == "workspace/configuration":
                answer["result"] = [None for _ in message["params"]["items"]]
            try:
                self._send(answer)
            except ServerDiedError:
                return

    # ---- an editor's steps ----

    def start(
        self, folder: str, encodings: Sequence[str] = (), capabilities: dict[str, Any] | None = None
    ) -> Any:
        """Initialize the server for a workspace folder; return what it can do."""
        text_document = {
            "completion": {"completionItem": {"snippetSupport": True, "documentationFormat": ["markdown"]}},
            "hover": {"contentFormat": ["markdown"]},
            "signatureHelp": {"signatureInformation": {"documentationFormat": ["markdown"]}},
            "documentLink": {"tooltipSupport": True},
            "documentSymbol": {"hierarchicalDocumentSymbolSupport": True},
            "publishDiagnostics": {"relatedInformation": True, "codeDescriptionSupport": True},
            "codeAction": {
                "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "source"]}}
            },
        }
        given: dict[str, Any] = {"textDocument": text_document, "window": {"workDoneProgress": True}}
        if encodings:
            given["general"] = {"positionEncodings": list(encodings)}
        params = {
            "processId": os.getpid(),
            "rootUri": uri_of(folder) if folder else None,
            "workspaceFolders": [{"uri": uri_of(folder), "name": "workspace"}] if folder else None,
            "capabilities": given | (capabilities or {}),
        }
        result = self.request("initialize", params)
        self.notify("initialized", {})
        return result

    def open(self, path: str, text: str, version: int = 1) -> str:
        """Open a text and return its URI."""
        uri = uri_of(path)
        item = {"uri": uri, "languageId": "starlark", "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})
        return uri

    def published(self, uri: str, version: int | None = None) -> list[Any] | None:
        """Return the findings of a file that came last, None when none came (for that version)."""
        for method, params in reversed(self.notes):
            if method == "textDocument/publishDiagnostics" and params["uri"] == uri:
                if version is None or params.get("version") == version:
                    return list(params["diagnostics"])
                return None
        return None
