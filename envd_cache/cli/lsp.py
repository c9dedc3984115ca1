"""`envd-cache lsp`: the language server on standard input and output, and a way to try it out."""

from __future__ import annotations

import importlib.util
import os
import sys

from envd_cache import __version__
from envd_cache.cli import process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

    from envd_cache.cli.options import Values

NEEDED = ("pygls", "lsprotocol")
HOW = 'the language server needs pygls: pip install "envd-cache[lsp]"'


def lsp(values: Values) -> int:
    """Run the command and return the exit code: 1 when `--check` finds the server not working."""
    if any(importlib.util.find_spec(name) is None for name in NEEDED):
        raise process.UsageError(HOW)
    checked = process.text(values, "check")
    if checked:
        from envd_cache.lsp.smoke import smoke  # noqa: PLC0415 - only for people who debug their set-up

        answer = smoke(_words(), os.path.abspath(checked))
        process.write(answer.text, "")
        return process.DONE if answer.works else process.FINDINGS
    during = process.open_session(values)
    from envd_cache.lsp.serving import run  # noqa: PLC0415 - loads pygls
    from envd_cache.lsp.world import World  # noqa: PLC0415 - only here

    world = World(
        during.facts,
        during.time_limit,
        os.environ.get("PATH", ""),
        sys.executable,
        process.cache_folder("envd-cache", "rules"),
        __version__,
        process.cache_folder("envd-cache", "check"),
    )
    take, give = sys.stdin.buffer, _own_stdout()
    run(world, take, give)
    return process.DONE


def _words() -> list[str]:
    """Return the command that starts the server: the one beside the running Python, if it is there.

    Without it the package is named by its folder. The working folder is never looked in.
    """
    beside = os.path.join(os.path.dirname(sys.executable), "envd-cache")
    if os.access(beside, os.X_OK):
        return [beside, "lsp"]
    folder = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    program = "from envd_cache.cli.main import main; sys.exit(main(['lsp']))"
    return [sys.executable, "-P", "-c", f"import sys; sys.path.append({folder!r}); {program}"]


def _own_stdout() -> BinaryIO:
    """Return the stream to the client, and lead all else that is printed to standard error."""
    sys.stdout.flush()
    own = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return own
