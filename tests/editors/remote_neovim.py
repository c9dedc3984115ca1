"""A Neovim without a screen that is told what to type and asked what it shows."""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path

    from tests.editors.conftest import Workspace
    from tests.editors.fetched import Editor

# How long to wait for something that comes: far more than it takes.
PATIENCE = 60.0


class Neovim:
    """A running Neovim with a file open."""

    def __init__(self, editor: Editor, workspace: Workspace, settings: Path) -> None:
        self._editor = editor
        self._environment = workspace.environment | editor.environment
        self._socket = str(workspace.folder.parent / "nvim")
        words = ["--headless", "--listen", self._socket, "-u", str(settings), "-i", "NONE", "-n"]
        self._process = subprocess.Popen(
            [*editor.words, *words, str(workspace.file)],
            cwd=workspace.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def __enter__(self) -> Self:
        try:
            self.until("1 == 1")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        try:
            self._process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    def lua(self, expression: str) -> object:
        """Return the value of an expression of Lua; None also when Neovim does not answer yet."""
        quoted = expression.replace("'", "''")
        done = self._remote("--remote-expr", f"luaeval('vim.json.encode({quoted})')")
        return json.loads(done.stderr) if done.stderr[:1] in [*'[{"-tfn', *"0123456789"] else None

    def type(self, keys: str) -> None:
        """Type keys, in Vim's notation (`<Esc>`)."""
        done = self._remote("--remote-send", keys)
        assert done.returncode == 0, done.stderr

    def until(self, expression: str) -> object:
        """Wait until an expression has a value other than nil, false and empty, and return it."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            value = self.lua(expression)
            if value:
                return value
            assert self._process.poll() is None, "Neovim ended"
            time.sleep(0.05)
        messages = self._remote("--remote-expr", "execute('messages')").stderr
        raise AssertionError(f"never came: {expression}\n{messages}")

    def _remote(self, *words: str) -> subprocess.CompletedProcess[str]:
        # Without a screen it answers on standard error.
        return subprocess.run(
            [*self._editor.words, "--headless", "--server", self._socket, *words],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
