"""The forked processes of the server by themselves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.program import environment
from tests.support.processes import is_running, until

if TYPE_CHECKING:
    from pathlib import Path

CODE = """
import os, time
from envd_cache.lsp.child import Child

def work(give):
    with open({started!r}, "w") as file:
        file.write(f"{{os.getpid()}}\\n")
    while True:
        sum(range(1000))

child = Child(work, group={group})
{then}
"""


def started(tmp_path: Path, *, group: bool, then: str) -> tuple[subprocess.Popen[bytes], int]:
    """Start a process with a child that never ends; return it and the id of the child."""
    told = tmp_path / "started"
    code = CODE.format(started=str(told), group=group, then=then)
    parent = subprocess.Popen([sys.executable, "-c", code], env=environment())
    until(lambda: told.exists() and told.read_text().endswith("\n"))
    return parent, int(told.read_text())


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not end a process by its lifeline")
@pytest.mark.parametrize("group", [False, True])
def test_a_child_ends_with_a_killed_parent(tmp_path: Path, group: bool) -> None:
    parent, child = started(tmp_path, group=group, then="time.sleep(3600)")
    try:
        assert is_running(child)
        parent.kill()
        parent.wait()
        until(lambda: not is_running(child))
    finally:
        if is_running(child):
            os.kill(child, signal.SIGKILL)


@pytest.mark.parametrize("group", [False, True])
def test_a_child_is_ended(tmp_path: Path, group: bool) -> None:
    # Not before it has told of itself.
    then = f"while open({str(tmp_path / 'started')!r}, 'a').tell() == 0: pass\nchild.end()"
    parent, child = started(tmp_path, group=group, then=then)
    assert parent.wait(timeout=60) == 0
    assert not is_running(child)
