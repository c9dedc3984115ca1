"""A recorder in the place of BuildKit: what a client asks for is written down, and then refused.

It speaks as much of `moby.buildkit.v1.Control` and of the gateway `moby.buildkit.v1.frontend.LLBBridge` as
a client needs to send its build. Sources of the field numbers: BuildKit v0.32.2, `api/services/control/
control.proto` and `frontend/gateway/pb/gateway.proto`.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple, Self

import grpc

from tests.support import wire_parsers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from tests.support.wire_parsers import Entries, Entry

    _Method = grpc.RpcMethodHandler[bytes, bytes]

_CONTROL = "moby.buildkit.v1.Control"
_BRIDGE = "moby.buildkit.v1.frontend.LLBBridge"
REFUSED = "written down and not built"
_PATIENCE = 30
_THREADS = 16


class Asked(NamedTuple):
    """A call of Control.Solve.

    `bridged` are the imports that the client's own gateway asked for while this call waited: a client
    that builds through one, as envd does, has no imports in `cache`.
    """

    exporters: list[Entry]
    frontend: str
    attrs: dict[str, str]
    cache: Entries
    bridged: list[Entry]


class Recorder:
    """BuildKit's API on a unix socket while it is entered; `asked` has the builds in order."""

    def __init__(self, socket: Path) -> None:
        self.address = f"unix://{socket}"
        self.asked: list[Asked] = []
        self.calls: list[str] = []
        self._bridged: list[Entry] = []
        self._seen = threading.Event()
        self._over = threading.Event()
        self._server = grpc.server(ThreadPoolExecutor(_THREADS))
        self._server.add_generic_rpc_handlers((_Handler(self),))
        self._server.add_insecure_port(self.address)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.stop(grace=None).wait()

    # ---- the methods ----

    def list_workers(self, _: bytes, __: grpc.ServicerContext) -> bytes:
        """Return one worker, for linux/amd64."""
        return _message(1, _WORKER)

    def info(self, _: bytes, __: grpc.ServicerContext) -> bytes:
        """Return a version."""
        return _message(1, _text(1, "recorder") + _text(2, "v0.0.0"))

    def session(self, _: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        """Take the client's session and ask nothing of it."""
        context.add_callback(self._over.set)
        self._over.wait(_PATIENCE)
        yield from ()

    def status(self, _: bytes, __: grpc.ServicerContext) -> Iterator[bytes]:
        """Report nothing until the build is over."""
        self._over.wait(_PATIENCE)
        yield from ()

    def solve(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """Write a build down. One without a frontend and a definition is its client's own gateway: wait."""
        fields = _fields(request)
        definition = [value for number, value in fields if number == 2 and value]
        frontend = "".join(value.decode() for number, value in fields if number == 6)
        if not definition and not frontend:
            self._seen.wait(_PATIENCE)
        old = [value.decode() for number, value in fields if number == 3 and value]
        exporters = [_entry(value) for number, value in fields if number == 13]
        if old and not exporters:
            exporters = [(old[0], _map(fields, 4))]
        cache = b"".join(value for number, value in fields if number == 8)
        made = Asked(exporters, frontend, _map(fields, 7), wire_parsers.protobuf(cache), self._bridged)
        self.asked.append(made)
        self._over.set()
        context.abort(grpc.StatusCode.UNKNOWN, REFUSED)

    def ping(self, _: bytes, __: grpc.ServicerContext) -> bytes:
        """Return the abilities that clients ask for before they send a definition."""
        abilities = [_message(2, _text(1, name) + b"\x10\x01") for name in _ABILITIES]
        return b"".join(abilities) + _message(3, _WORKER)

    def bridge_solve(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """Write down the imports of a build that the client's gateway asks for."""
        entries = [value for number, value in _fields(request) if number == 12]
        self._bridged = wire_parsers.protobuf(b"".join(_message(5, entry) for entry in entries))[1]
        self._seen.set()
        context.abort(grpc.StatusCode.UNKNOWN, REFUSED)

    def bridge_return(self, _: bytes, __: grpc.ServicerContext) -> bytes:
        """Take the end of a gateway's build."""
        self._seen.set()
        return b""


class BuildxRecorder(Recorder):
    """The recorder for buildx, which asks what BuildKit can do in builds of nothing before its own."""

    def __init__(self, socket: Path) -> None:
        super().__init__(socket)
        self._answered = threading.Event()
        self._ends: defaultdict[bytes, threading.Event] = defaultdict(threading.Event)

    def solve(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """Let a build of nothing end well once it has its answer; write the others down."""
        fields = _fields(request)
        try:
            if any(value for number, value in fields if number in (2, 6, 8)):
                return super().solve(request, context)
            self._answered.wait(_PATIENCE)
            return b""
        finally:
            self._ends[dict(fields)[1]].set()

    def status(self, _: bytes, __: grpc.ServicerContext) -> Iterator[bytes]:
        """Report nothing until the end of that build."""
        request = _
        self._ends[dict(_fields(request))[1]].wait(_PATIENCE)
        yield from ()

    def ping(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """Return the abilities without which buildx drops such caches in silence."""
        self._answered.set()
        names = ("cache.s3", "cache.azblob", "cache.gha")
        more = [_message(2, _text(1, name) + b"\x10\x01") for name in names]
        return super().ping(request, context) + b"".join(more)


class _Handler(grpc.GenericRpcHandler):
    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        one, many = grpc.unary_unary_rpc_method_handler, grpc.unary_stream_rpc_method_handler
        self._methods: dict[str, _Method] = {
            f"/{_CONTROL}/ListWorkers": one(recorder.list_workers),
            f"/{_CONTROL}/Info": one(recorder.info),
            f"/{_CONTROL}/Solve": one(recorder.solve),
            f"/{_CONTROL}/Status": many(recorder.status),
            f"/{_CONTROL}/Session": grpc.stream_stream_rpc_method_handler(recorder.session),
            f"/{_BRIDGE}/Ping": one(recorder.ping),
            f"/{_BRIDGE}/Solve": one(recorder.bridge_solve),
            f"/{_BRIDGE}/Return": one(recorder.bridge_return),
        }

    def service(self, details: grpc.HandlerCallDetails) -> _Method | None:
        self._recorder.calls.append(details.method)
        return self._methods.get(details.method)


# ---- protobuf ----


def _fields(data: bytes) -> list[tuple[int, bytes]]:
    """Return the fields of a message: number and payload; numbers (varints) as nothing."""
    found, at = [], 0
    while at < len(data):
        tag, at = _varint(data, at)
        if tag & 7 == 0:
            _, at = _varint(data, at)
            found.append((tag >> 3, b""))
        else:
            assert tag & 7 == 2, "a field of a kind that these messages do not have"
            size, at = _varint(data, at)
            found.append((tag >> 3, data[at : at + size]))
            at += size
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return value, at


def _map(fields: list[tuple[int, bytes]], wanted: int) -> dict[str, str]:
    found = {}
    for number, value in fields:
        if number == wanted:
            pair = dict(_fields(value))
            found[pair.get(1, b"").decode()] = pair.get(2, b"").decode()
    return found


def _entry(data: bytes) -> Entry:
    fields = _fields(data)
    return dict(fields).get(1, b"").decode(), _map(fields, 2)


def _message(number: int, payload: bytes) -> bytes:
    size, length = len(payload), bytearray()
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([number << 3 | 2, *length, size]) + payload


def _text(number: int, value: str) -> bytes:
    return _message(number, value.encode())


_WORKER = _text(1, "recorder") + _message(3, _text(1, "amd64") + _text(2, "linux"))
# solver/pb/caps.go; envd needs these for `base` and `run`.
_ABILITIES = (
    "constraints",
    "diffop",
    "exec.meta.base",
    "exec.meta.network",
    "exec.meta.proxyenv",
    "exec.meta.setsdefaultpath",
    "exec.mount.bind",
    "exec.mount.cache",
    "exec.mount.cache.sharing",
    "exec.mount.selector",
    "file.base",
    "mergeop",
    "meta.description",
    "meta.exportcache",
    "meta.ignorecache",
    "platform",
    "source.image",
    "source.image.resolvemode",
    "source.local",
)
