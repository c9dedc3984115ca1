"""The line that says how far a check is: one row of the terminal, however narrow that is."""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
import sys
import termios

import pytest

from envd_cache.cli.checked import USUAL_COLUMNS

SHOWS = """
from envd_cache.cli import checked
checked.PATIENCE_SECONDS = checked._REDRAW_SECONDS = -1
progress = checked.Progress()
progress.show(12345, 123456)
progress.show(12346, 123456)
progress.clear()
"""


def drawn(columns: int) -> list[str]:
    """Return the lines that are drawn, each over the one before, on a terminal of some columns."""
    ours, theirs = os.openpty()
    try:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        # Standard output is no terminal, as with `envd-cache check > report`.
        subprocess.run([sys.executable, "-c", SHOWS], stderr=theirs, stdout=subprocess.DEVNULL, check=True)
        written = os.read(ours, 10_000).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    return written.split("\r\x1b[K")[1:]


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (20, "checked 12,346 of …"),
        (29, "checked 12,346 of 123,456 f…"),
        (32, "checked 12,346 of 123,456 files"),
        (0, "checked 12,346 of 123,456 files"),
        (1, "…"),
    ],
)
def test_the_line_is_narrower_than_the_terminal(columns: int, line: str) -> None:
    assert len(line) < (columns or USUAL_COLUMNS) or columns == 1
    assert drawn(columns) == [line.replace("346", "345"), line, ""]
