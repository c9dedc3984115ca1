"""Formatting through `ruff format`, which is envd's own style; nothing else is run.

ruff is the one beside the Python that runs the server, else the first in an absolute folder of PATH: a
relative one would be the workspace's, which nobody has to trust.
"""

from __future__ import annotations

import asyncio
import os

from envd_cache.lsp.findings import Change

RUFF = "ruff"
SECONDS = 10.0
HOW = "formatting needs ruff: `pip install ruff`, beside envd-cache or on PATH"


class FormatError(Exception):
    """Why a text was not formatted."""


def find_ruff(python: str, path: str) -> str:
    """Return the path of ruff, "" when there is none. `python` is the running one, `path` is PATH."""
    name = f"{RUFF}.exe" if os.name == "nt" else RUFF
    folders = [os.path.dirname(python), *path.split(os.pathsep)]
    for folder in folders:
        candidate = os.path.join(folder, name)
        if os.path.isabs(folder) and os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate
    return ""


async def formatted(ruff: str, path: str, text: str, lines: tuple[int, int] | None = None) -> str:
    """Return a text as ruff writes it. `lines` are the first and the last to format, 0-based.

    Raises `FormatError`; a text with a syntax error is one.
    """
    # It reads the configuration around the file.
    arguments = [ruff, "format", "--quiet", "--stdin-filename", path]
    if lines is not None:
        arguments += ["--range", f"{lines[0] + 1}-{lines[1] + 2}"]
    try:
        content = text.encode()
        process = await asyncio.create_subprocess_exec(
            *arguments,
            "-",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except (OSError, UnicodeEncodeError) as error:
        reason = error.reason if isinstance(error, UnicodeEncodeError) else error.strerror
        raise FormatError(f"ruff: {reason}") from None
    try:
        out, err = await asyncio.wait_for(process.communicate(content), SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise FormatError("ruff took too long") from None
    except BaseException:
        if process.returncode is None:
            process.kill()
        raise
    if process.returncode != 0:
        reason = err.decode(errors="replace").strip().split("\n")[0]
        raise FormatError(f"ruff: {reason or 'it failed'}")
    return out.decode()


def changes(path: str, old: str, new: str) -> list[Change]:
    """Return the changes that make one text of another, as few lines as possible in one piece each."""
    if old == new:
        return []
    from difflib import SequenceMatcher  # noqa: PLC0415 - only for formatting

    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    starts = [0]
    for line in before:
        starts.append(starts[-1] + len(line))
    found = []
    for tag, first, last, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            found.append(Change(path, starts[first], starts[last], "".join(after[start:end])))
    return found
