"""Helix 25.01, set up as the page says, in a terminal that nobody looks at."""

from __future__ import annotations

import os
import pty
import subprocess
import termios
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.editors.conftest import MENDED, fetched
from tests.editors.fetched import helix
from tests.editors.pages import blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.editors.conftest import Workspace

PATIENCE = 60.0


class Terminal:
    """A program in a terminal: what it writes, and keys for it."""

    def __init__(self, workspace: Workspace) -> None:
        editor = fetched(helix)
        self.written = b""
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (40, 160))
        self.process = subprocess.Popen(
            [*editor.words, str(workspace.file)],
            cwd=workspace.folder,
            env=workspace.environment | editor.environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                some = os.read(self._ours, 65536)
            except OSError:
                return
            self.written += some

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def until(self, what: str, seen: Callable[[], bool], again: str = "") -> None:
        """Wait until something is seen; type the keys `again` at first, and now and then while waiting."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.type(again)
            for _ in range(40):
                if seen():
                    return
                time.sleep(0.05)
        raise AssertionError(f"never came: {what}\n{self.written[-3000:]!r}")

    def shows(self, text: str) -> Callable[[], bool]:
        return lambda: text.encode() in self.written

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        os.close(self._ours)


@pytest.fixture
def terminal(workspace: Workspace) -> Iterator[Terminal]:
    settings, highlighting = blocks("helix.md")
    place = workspace.folder.parent / ".config/helix/languages.toml"
    place.parent.mkdir(parents=True)
    place.write_text(settings)
    subprocess.run(["sh", "-e", "-c", highlighting], env=workspace.environment, check=True)
    running = Terminal(workspace)
    yield running
    running.close()


def test_a_mistake_is_shown_mended_and_formatted(terminal: Terminal, workspace: Workspace) -> None:
    def text() -> str:
        try:
            return workspace.file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""  # it puts a new file in the place of the old one: between the two there is none

    # The mark beside the line; the message comes when the cursor is there.
    terminal.until("a mark", terminal.shows("●"))
    terminal.until("a message", terminal.shows("no argument"), again="/regoin\r")
    terminal.until("a fix", terminal.shows("write `region`"), again=" a")
    terminal.type("\r")
    terminal.until("the fix", lambda: "region=" in text(), again=":w\r")
    # Without a change of mode: the key that ends one begins other keys too.
    argue = workspace.folder.parent / "bin/argue"
    argue.write_text("""#!/bin/sh\nexec sed 's/)$/, mode="max")/'\n""")
    argue.chmod(0o755)
    terminal.type("x:pipe argue\r")
    terminal.until("the argument", lambda: "mode=" in text(), again=":w\r")
    terminal.until("the format", lambda: text() == MENDED, again=":format\r:w\r")
    terminal.type(":q!\r")
    assert terminal.process.wait(PATIENCE) == 0
