"""Terminals, files, pipes and signals: what the program does with the process around it."""

from __future__ import annotations

import errno
import os
import pty
import signal
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from envd_cache.cli import process
from tests.cli.program import PROGRAM, environment, repository, run
from tests.cli.test_compile import ENDLESS, ERROR, ERROR_TEXT, LLB, PLAIN, SECRET

if TYPE_CHECKING:
    from pathlib import Path

COLOURED = (
    "\x1b[1mbuild.envd:4:34:\x1b[0m \x1b[1;31merror[EC106]\x1b[0m: "
    '`mode` must be "min" or "max", not "MAX"\n'
    '\x1b[2m4\x1b[0m \x1b[2m|\x1b[0m     cache.registry(ref="r", mode="MAX")\n'
    "  \x1b[2m|\x1b[0m                                  \x1b[1;31m^^^^^\x1b[0m\n"
    '  \x1b[2m=\x1b[0m hint: did you mean "max"?\n'
    "1 error; `envd-cache explain EC106` tells more\n"
)


def on_terminal(folder: Path, *words: str, stream: str, **more: str) -> tuple[int, str, bytes]:
    """Run with one stream on a terminal; return the code, what the terminal shows, and the other stream."""
    main_end, program_end = pty.openpty()
    child = subprocess.Popen(
        [*PROGRAM, *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=program_end if stream == "stdout" else subprocess.PIPE,
        stderr=program_end if stream == "stderr" else subprocess.PIPE,
        env=environment(**more),
    )
    os.close(program_end)
    shown = b""
    while True:
        try:
            part = os.read(main_end, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(main_end)
    out, err = child.communicate()
    return child.returncode, shown.decode().replace("\r\n", "\n"), (out or b"") + (err or b"")


# ---- colours ----


def test_no_colours_in_a_pipe(tmp_path: Path) -> None:
    assert run(repository(tmp_path, ERROR), "compile").err == ERROR_TEXT


def test_colours_on_a_terminal(tmp_path: Path) -> None:
    assert on_terminal(repository(tmp_path, ERROR), "compile", stream="stderr") == (1, COLOURED, b"")


def test_no_color_variable(tmp_path: Path) -> None:
    folder = repository(tmp_path, ERROR)
    assert on_terminal(folder, "compile", stream="stderr", NO_COLOR="1") == (1, ERROR_TEXT, b"")
    assert on_terminal(folder, "compile", stream="stderr", NO_COLOR="") == (1, COLOURED, b"")


def test_color_option(tmp_path: Path) -> None:
    folder = repository(tmp_path, ERROR)
    assert run(folder, "compile", "--color", "always").err == COLOURED
    assert run(folder, "compile", "--color", "always", NO_COLOR="1").err == COLOURED
    assert run(folder, "compile", "--color", "auto").err == ERROR_TEXT
    assert on_terminal(folder, "compile", "--color", "never", stream="stderr") == (1, ERROR_TEXT, b"")


# ---- what is not for a terminal ----


def test_secrets_are_not_written_to_a_terminal(tmp_path: Path) -> None:
    folder = repository(tmp_path, SECRET)
    done = on_terminal(folder, "compile", "--resolve-secrets", stream="stdout", RUN_TOKEN="s3cr3t")
    message = b"--resolve-secrets does not write to a terminal; use --output FILE or a pipe"
    assert done == (2, "", b"envd-cache: error: " + message + b"\n")


def test_bytes_are_not_written_to_a_terminal(tmp_path: Path) -> None:
    done = on_terminal(repository(tmp_path, PLAIN), "compile", "--binary", stream="stdout")
    message = b"--binary does not write to a terminal; use --output FILE or a pipe"
    assert done == (2, "", b"envd-cache: error: " + message + b"\n")


def test_text_is_written_to_a_terminal(tmp_path: Path) -> None:
    assert on_terminal(repository(tmp_path, PLAIN), "compile", stream="stdout") == (0, LLB, b"")


def test_secrets_go_to_a_pipe_and_nowhere_else(tmp_path: Path) -> None:
    folder = repository(tmp_path, SECRET)
    done = run(folder, "compile", "--to", "buildctl", "--resolve-secrets", RUN_TOKEN="s3cr3t")
    assert done.out == "--export-cache type=gha,url_v2=https://example.org,token=s3cr3t\n"
    assert done.err == ""
    done = run(folder, "compile", "--to", "buildctl", "--resolve-secrets")
    assert (done.code, done.out) == (1, "")
    message = "error[EC406]: the environment variable `RUN_TOKEN` for `token` is not set\n"
    assert done.err.splitlines(keepends=True)[0].endswith(message)


# ---- files ----


def test_output_replaces_a_file_whole(tmp_path: Path) -> None:
    folder = repository(tmp_path, PLAIN)
    (folder / "out").write_text("old " * 1000)
    for words in (["-o", "out"], ["--output=out"]):
        assert run(folder, "compile", *words) == (0, "", "")
        assert (folder / "out").read_text() == LLB
    assert sorted(os.listdir(folder)) == ["build.envd", "envd-cache.toml", "out"]


def test_output_is_not_touched_after_an_error(tmp_path: Path) -> None:
    folder = repository(tmp_path, ERROR)
    (folder / "out").write_text("old")
    assert run(folder, "compile", "-o", "out").code == 1
    assert (folder / "out").read_text() == "old"
    assert sorted(os.listdir(folder)) == ["build.envd", "envd-cache.toml", "out"]


def test_a_file_with_secrets_is_private(tmp_path: Path) -> None:
    folder = repository(tmp_path, SECRET)
    words = ("compile", "--to", "buildctl", "--resolve-secrets", "-o", "out")
    (folder / "out").write_text("old")
    (folder / "out").chmod(0o644)
    assert run(folder, *words, RUN_TOKEN="s3cr3t") == (0, "", "")
    assert stat.S_IMODE((folder / "out").stat().st_mode) == 0o600
    assert "token=s3cr3t" in (folder / "out").read_text()


@pytest.mark.parametrize("words", [("compile",), ("schema",)], ids=" ".join)
@pytest.mark.parametrize(
    ("path", "reason"), [("missing/out", "No such file or directory"), ("folder", "Is a directory")]
)
def test_a_file_that_cannot_be_written(tmp_path: Path, words: tuple[str], path: str, reason: str) -> None:
    folder = repository(tmp_path, PLAIN)
    (folder / "folder").mkdir()
    done = run(folder, *words, "-o", path)
    assert done == (2, "", f"envd-cache: error: `{path}` cannot be written: {reason}\n")
    assert sorted(os.listdir(folder)) == ["build.envd", "envd-cache.toml", "folder"]


def test_a_failed_replacement_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_paths: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    (tmp_path / "out").write_text("old")
    path = str(tmp_path / "out")
    with pytest.raises(process.UsageError, match=r"out` cannot be written: No space left on device$"):
        process.write("new", path)
    assert (tmp_path / "out").read_text() == "old"
    assert os.listdir(tmp_path) == ["out"]


def test_a_full_device(tmp_path: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*PROGRAM, "compile"],
            cwd=repository(tmp_path, PLAIN),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            env=environment(),
        )
    message = b"standard output cannot be written: No space left on device"
    assert (done.returncode, done.stderr) == (2, b"envd-cache: error: " + message + b"\n")


# ---- pipes and signals ----


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_a_reader_that_goes_away(tmp_path: Path, unbuffered: str) -> None:
    text = 'def build():\n    base()\n    cache.gha(scope="' + "x" * 200_000 + '")\n'
    child = subprocess.Popen(
        [*PROGRAM, "compile"],
        cwd=repository(tmp_path, text),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(PYTHONUNBUFFERED=unbuffered),
    )
    assert child.stdout is not None
    assert child.stderr is not None
    assert child.stdout.read(1) == b"{"
    child.stdout.close()
    assert child.stderr.read() == b""
    child.stderr.close()
    assert child.wait() == 0


# Says when the evaluation starts, and takes the signal even where the tests' own parent ignores it.
INTERRUPTED = """
import os, signal, sys
from envd_cache.cli.main import main
from envd_cache.evaluate.interpreter import Interpreter
signal.signal(signal.SIGINT, signal.default_int_handler)
evaluate = Interpreter.evaluate
def announced(*args, **named):
    os.write(1, b"running")
    return evaluate(*args, **named)
Interpreter.evaluate = announced
sys.exit(main(["compile", "--time-limit", "60"]))
"""


def test_interrupt(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        cwd=repository(tmp_path, ENDLESS),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    assert child.stdout is not None
    assert child.stdout.read(7) == b"running"
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out, err) == (130, b"", b"")
