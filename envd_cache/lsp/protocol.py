"""pygls's protocol where it leaves a client without an answer, or keeps what is kept better elsewhere."""

from __future__ import annotations

import asyncio
import json
import logging

from lsprotocol import types as lsp
from pygls.exceptions import (
    JsonRpcContentModified,
    JsonRpcException,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcServerNotInitialized,
)
from pygls.protocol.language_server import LanguageServerProtocol, lsp_method

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from typing import Any


SETTLE_SECONDS = 1.0


def is_fault(record: logging.LogRecord) -> bool:
    """Say whether a record of pygls tells of a fault of ours, and not of a message that was refused."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, (JsonRpcInvalidParams, JsonRpcContentModified)):
        return False
    return record.levelno >= logging.ERROR and not str(record.msg).startswith("Unable to deserialize")


class Protocol(LanguageServerProtocol):
    """The protocol of one client.

    Texts are in `session`, in every encoding right. Every request has an answer: one whose parameters make
    no sense, one before `initialize`, one after `shutdown`.
    """

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Return a message with the protocol's types; one that has none is answered, and None returned."""
        method = data.get("method")
        if "jsonrpc" not in data:
            return data
        if self._workspace is None and method not in (lsp.INITIALIZE, lsp.EXIT):
            return self._refuse(data, JsonRpcServerNotInitialized())
        if self._workspace is not None and method == lsp.INITIALIZE:
            return self._refuse(data, JsonRpcInvalidRequest("the server was initialized"))
        if self._shutdown and method != lsp.EXIT:
            return self._refuse(data, JsonRpcInvalidRequest("the server was shut down"))
        try:
            return super().structure_message(data)
        except JsonRpcException:
            return self._refuse(data, JsonRpcInvalidParams(f"the parameters of `{method}` are wrong"))

    def handle_message(self, message: Any) -> None:
        """Hand a message on; what was answered already is None, and what is no object has no answer."""
        if hasattr(message, "jsonrpc"):
            super().handle_message(message)

    def _handle_response(
        self, msg_id: int | str, result: object = None, error: lsp.ResponseError | None = None
    ) -> None:
        """Take an answer; what nobody waits for any longer is passed over."""
        waiting = self._request_futures.get(msg_id)
        if waiting is not None and waiting.done():
            del self._request_futures[msg_id]
        else:
            super()._handle_response(msg_id, result, error)

    @lsp_method(lsp.SHUTDOWN)
    def lsp_shutdown(self, *args: object) -> Generator[Any, Any, None]:
        """Answer all requests that still run, and refuse others, before the work beside them is ended."""
        self._shutdown = True
        own = self.msg_id
        for number, future in list(self._request_futures.items()):
            if number != own:
                future.cancel()
        yield self.fm.features[lsp.SHUTDOWN], args, None

    async def settle(self) -> None:
        """Wait until what runs for requests has ended: a loop that ends before makes a fault of it."""
        # Those of handlers that are coroutines are tasks, whatever pygls says of them.
        futures: Iterable[object] = self._request_futures.values()
        running = [one for one in futures if isinstance(one, asyncio.Task)]
        if running:
            await asyncio.wait(running, timeout=SETTLE_SECONDS)
        await asyncio.sleep(0)

    def _refuse(self, data: dict[str, Any], error: JsonRpcException) -> None:
        if "method" in data and "id" in data:
            self._send_response(data["id"], error=error.to_response_error())
        elif "method" in data and self._workspace is not None and not self._shutdown:
            text = f"a notification makes no sense: {json.dumps(data)[:200]}"
            self._server.window_log_message(lsp.LogMessageParams(lsp.MessageType.Warning, text))

    @lsp_method(lsp.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: lsp.DidOpenTextDocumentParams) -> Generator[Any, Any, None]:
        """Hand the notification on."""
        yield self.fm.features[lsp.TEXT_DOCUMENT_DID_OPEN], (params,), None

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(
        self, params: lsp.DidChangeTextDocumentParams
    ) -> Generator[Any, Any, None]:
        """Hand the notification on."""
        yield self.fm.features[lsp.TEXT_DOCUMENT_DID_CHANGE], (params,), None

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(
        self, params: lsp.DidCloseTextDocumentParams
    ) -> Generator[Any, Any, None]:
        """Hand the notification on."""
        yield self.fm.features[lsp.TEXT_DOCUMENT_DID_CLOSE], (params,), None
