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
    told = f"envd-cache: internal error: {type(error).__name__}\n"
    try:
        handle, path = tempfile.mkstemp(prefix="envd-cache-crash-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"envd-cache {version}, Python {platform.python_version()}, {platform.platform()}\n")
            # Places only: a message or a variable could hold a credential.
            file.write("Traceback (most recent call last):\n")
            file.write("".join(traceback.format_tb(error.__traceback__ if error else None)))
            file.write(f"{type(error).__name__}\n")
    except OSError:
        return f"{told}This is a fault of envd-cache, not of your file. Please report it.\n"
    return f"{told}This is a fault of envd-cache, not of your file. Please report it with {path}\n"
