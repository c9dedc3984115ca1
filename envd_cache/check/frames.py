"""How processes of ours speak over pipes: frames of four bytes of length, then `marshal` data."""

from __future__ import annotations

import marshal
import os
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HEAD = struct.Struct("=I")


def frame(data: Any) -> bytes:
    """Return plain data as it goes over a pipe. Raises ValueError for what is no plain data."""
    return framed(marshal.dumps(data))


def framed(body: bytes) -> bytes:
    """Return what `marshal` made, as it goes over a pipe."""
    return HEAD.pack(len(body)) + body


def frames_in(received: bytearray) -> list[Any]:
    """Return the data of the whole frames at the start of what was received, and take them out of it."""
    found = []
    at = 0
    while len(received) - at >= HEAD.size:
        (size,) = HEAD.unpack_from(received, at)
        if len(received) - at - HEAD.size < size:
            break
        start = at + HEAD.size
        at = start + size
        found.append(marshal.loads(received[start:at]))  # noqa: S302 - a process of ours wrote it
    del received[:at]
    return found


def write(pipe: int, message: bytes) -> None:
    """Write all of a message, however much the pipe takes at once."""
    rest = memoryview(message)
    while rest:
        rest = rest[os.write(pipe, rest) :]
