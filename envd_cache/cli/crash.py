"""What people see when the program itself is at fault: no traceback on the screen, but where it is."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback


def report_crash(version: str) -> str:
    """Write the current exception to a file of its own and return what to tell the person."""
    error = sys.exception()
    handle, path = tempfile.mkstemp(prefix="envd-cache-crash-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"envd-cache {version}, Python {platform.python_version()}, {platform.platform()}\n")
        # Without values of variables: they could hold credentials.
        file.write("".join(traceback.format_exception(error)))
    return (
        f"envd-cache: internal error: {type(error).__name__}\n"
        f"This is a fault of envd-cache, not of your file. Please report it with {path}\n"
    )
