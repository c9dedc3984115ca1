"""Writes a file whole or not at all: whoever reads it meanwhile has the old one or the new one."""

from __future__ import annotations

import os


def write_whole(path: str, content: bytes, mode: int | None = 0o666) -> None:
    """Put a file in the place of the one at a path, if there is one. Raises OSError, and leaves nothing then.

    `mode` is that of the new file, from which the mask of the process is taken off; with None it has the
    rights of the file that it replaces. What a process left that was killed while it wrote does no harm,
    and nobody can know the name under which it is written.
    """
    rights = os.stat(path).st_mode & 0o7777 if mode is None else None
    temporary = f"{path}.{os.urandom(6).hex()}.tmp"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if mode is None else mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        if rights is not None:
            os.chmod(temporary, rights)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
