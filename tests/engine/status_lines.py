"""Lines of BuildKit's progress as JSON, for the tests of its readers."""

from __future__ import annotations

import base64
import json
from typing import Any


def time(seconds: float) -> str:
    return f"2026-01-01T00:00:{seconds:012.9f}Z"


def line(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode() + b"\n"


def vertex(
    digest: str, name: str, *, started: float | None = None, completed: float | None = None, error: str = ""
) -> bytes:
    value: dict[str, object] = {"digest": digest, "name": name}
    if started is not None:
        value["started"] = time(started)
    if completed is not None:
        value["completed"] = time(completed)
    if error:
        value["error"] = error
    return line({"vertexes": [value]})


def log(digest: str, text: str) -> bytes:
    data = base64.b64encode(text.encode()).decode()
    return line({"logs": [{"vertex": digest, "stream": 1, "data": data, "timestamp": time(3)}]})
