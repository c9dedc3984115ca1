from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.support.sharing import locked, shared

ROOT = Path(__file__).parents[2]
# Adds a line when it makes the thing, when it uses it and when it ends it.
USER = """
import sys
from pathlib import Path
from tests.support.sharing import shared

place, log = map(Path, sys.argv[1:])

def say(text):
    with log.open("a") as file:
        file.write(text + "\\n")

def make():
    say("made")
    return "thing"

with shared(place, make, lambda value: say(f"ended {value}")) as value:
    say(f"used {value}")
    print("ready", flush=True)
    sys.stdin.read()
"""


def test_several_processes_share_one_thing(tmp_path: Path) -> None:
    log = tmp_path / "log"
    words = [sys.executable, "-c", USER, str(tmp_path / "place"), str(log)]
    users = [
        subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for user in users:
        assert user.stdout is not None
        assert user.stdout.readline() == "ready\n"
    assert log.read_text().splitlines() == ["made", *["used thing"] * 3]
    for user in users:
        user.communicate()
        assert user.returncode == 0
    assert log.read_text().splitlines() == ["made", *["used thing"] * 3, "ended thing"]


def test_it_is_made_anew_after_its_end(tmp_path: Path) -> None:
    made = iter(["one", "two"])
    ended: list[str] = []
    for value in ("one", "two"):
        with shared(tmp_path / "place", lambda: next(made), ended.append) as found:
            assert found == value
    assert ended == ["one", "two"]


def test_what_cannot_be_made_is_nobodys(tmp_path: Path) -> None:
    def fail() -> str:
        raise OSError("no")

    with pytest.raises(OSError, match="no"), shared(tmp_path / "place", fail, lambda _: None):
        pass
    with shared(tmp_path / "place", lambda: "yes", lambda _: None) as found:
        assert found == "yes"


def test_one_has_the_lock_at_a_time(tmp_path: Path) -> None:
    order = []

    def second() -> None:
        with locked(tmp_path / "lock"):
            order.append("second")

    with locked(tmp_path / "lock"):
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(0.1)
        order.append("first")
    waiting.join()
    assert order == ["first", "second"]
