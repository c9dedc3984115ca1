"""Serves one client over two streams, with all features."""

from __future__ import annotations

import asyncio
import logging
import os
import stat
import threading

from pygls.io_ import StdoutWriter, run_async

from envd_cache.lsp.protocol import Protocol, is_fault
from envd_cache.lsp.requests import register
from envd_cache.lsp.server import Server

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

    from envd_cache.lsp.world import World


class _Writer(StdoutWriter):
    """The way to a client. What is said after the end of the talk is heard by nobody."""

    is_closed = False

    def close(self) -> None:
        """End the talk."""
        self.is_closed = True
        self._stdout.close()

    def write(self, data: bytes) -> None:
        """Send a message."""
        if not self.is_closed:
            super().write(data)


def make(world: World) -> Server:
    """Return a server with all its features."""
    server = Server(world)
    register(server)
    return server


def run(world: World, take: BinaryIO, give: BinaryIO) -> None:
    """Serve one client over two streams until it is done."""
    server = make(world)
    logging.getLogger("pygls.protocol.json_rpc").addFilter(is_fault)
    try:
        mode = os.fstat(take.fileno()).st_mode
        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
            asyncio.run(_serve(server, take, give))
        else:
            server.start_io(take, give)
    except BrokenPipeError:
        return  # the client is gone


async def _serve(server: Server, take: BinaryIO, give: BinaryIO) -> None:
    """Read from a pipe without threads: pygls's own reader takes three of them for each message."""
    stop = server._stop_event = threading.Event()
    protocol = server.protocol
    protocol.set_writer(_Writer(give))
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), take)
    try:
        await run_async(stop, reader, protocol, error_handler=server.report_server_error)
    except asyncio.IncompleteReadError:
        pass  # the client went away in the middle of a message
    finally:
        await server.end()
        if isinstance(protocol, Protocol):
            await protocol.settle()
