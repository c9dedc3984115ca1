"""Runs of clients that do odd things, in odd places, and on a terminal. They are stand-ins for real ones."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from envd_cache.engine.line import CLEAR
from tests.engine.running import PACKAGE
from tests.engine.terminal import CTRL_C, Terminal

if TYPE_CHECKING:
    from pathlib import Path

# What every client here does first: buildx tells its version, envd knows nothing of it.
BEGIN = """
import base64, json, os, signal, sys, time
if sys.argv[-1] == "version":
    print("github.com/docker/buildx v0.29.1 x")
    sys.exit()
def say(**value):
    sys.stderr.write(json.dumps(value) + "\\n")
    sys.stderr.flush()
def step(**value):
    say(vertexes=[{"digest": "sha256:a", "name": "[1/1] RUN x", "started": "2024-01-01T00:00:00Z", **value}])
step()
"""
END = 'step(completed="2024-01-01T00:00:02Z")\n'
LOG = """
for number in range(int(os.environ["LINES"])):
    data = base64.b64encode(b"line %d of a log\\n" % number).decode()
    say(logs=[{"vertex": "sha256:a", "stream": 1, "data": data, "timestamp": "2024-01-01T00:00:01Z"}])
"""


class Place:
    """A folder with a build file, and a stand-in for a client on PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "app"
        self.folder.mkdir()
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.bin = folder / "bin"
        self.bin.mkdir()
        (self.folder / "build.envd").write_text('def build():\n    base()\n    cache.local(path="kept")\n')
        self.environ = {
            "PATH": f"{self.bin}:{os.defpath}",
            "HOME": str(folder),
            "TMPDIR": str(self.temporary),
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm",
            "PYTHONPATH": str(PACKAGE),
        }

    def client(self, script: str, name: str = "docker", begin: str = BEGIN) -> None:
        (self.bin / name).write_text(f"#!{sys.executable}\n{begin}{script}")
        (self.bin / name).chmod(0o755)

    def words(self, *options: str, command: str = "exec") -> list[str]:
        client = ("--", "docker", "buildx", "build", ".") if command == "exec" else ()
        mine = (sys.executable, "-m", "envd_cache", command, "--no-preflight")
        return [*mine, *options, *client]

    def run(self, *options: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return self.shell(shlex.join(self.words(*options)), **environ)

    def shell(self, line: str, **environ: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["/bin/bash", "-c", line],
            cwd=self.folder,
            env={**self.environ, **environ},
            capture_output=True,
            text=True,
            check=False,
        )
        assert list(self.temporary.iterdir()) == []
        return done


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


# ---- what clients do ----


def memory(place: Place, command: str = "exec", **environ: str) -> int:
    """Run, and return the most memory that the run had, in KiB."""
    child = subprocess.Popen(
        place.words(command=command),
        cwd=place.folder,
        env={**place.environ, **environ},
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0
    return used.ru_maxrss


def test_a_long_log_takes_no_memory(place: Place) -> None:
    place.client(LOG + END)
    few, many = (memory(place, LINES=lines) for lines in ("100", "100000"))
    assert many - few < 8 * 1024
    done = place.run(LINES="100000")
    assert "line 99999 of a log\n" in done.stderr


@pytest.mark.parametrize("command", ["exec", "build"])
def test_a_client_that_writes_no_newline(command: str, place: Place) -> None:
    script = 'for _ in range(int(os.environ["PIECES"])):\n    sys.stderr.write("x" * 65536)\n'
    place.client(script, "docker" if command == "exec" else "envd")
    # 1 MiB and 96 MiB; a reader keeps 16 MiB of a line, and needs that a few times.
    few, many = (memory(place, command, PIECES=pieces) for pieces in ("16", "1536"))
    assert many - few < 96 * 1024


def test_a_client_that_closes_its_output_early(place: Place) -> None:
    place.client("os.close(2)\ntime.sleep(0.2)\nos._exit(3)\n")
    done = place.run()
    assert done.returncode == 3
    assert "exit code 3" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_client_that_a_signal_ends(number: signal.Signals, place: Place) -> None:
    place.client(f"os.kill(os.getpid(), {number:d})\n")
    done = place.run("--report", "report.json")
    assert done.returncode == 128 + number
    assert f"exit code {128 + number} ({number.name})" in done.stderr
    assert json.loads((place.folder / "report.json").read_text())["exit_code"] == 128 + number


def test_a_client_that_leaves_somebody_behind(place: Place) -> None:
    """As docker's plugin is, when docker itself was killed: it holds the pipe, and we do not wait for it."""
    place.client(
        "if not os.fork():\n    signal.pause()\nprint(os.getpgrp())\nsys.stdout.flush()\nos._exit(5)\n"
    )
    with subprocess.Popen(
        place.words(),
        cwd=place.folder,
        env=place.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as child:
        assert child.stdout is not None
        group = int(child.stdout.readline())
        assert child.wait(60) == 5
        os.killpg(group, signal.SIGKILL)


def test_nohup_stays_nohup(place: Place) -> None:
    place.client("os.kill(os.getppid(), signal.SIGHUP)\nos.kill(os.getpid(), signal.SIGHUP)\n" + END)
    assert place.run().returncode == 128 + signal.SIGHUP
    ignoring = f"trap '' HUP; {shlex.join(place.words())}"
    assert place.shell(ignoring).returncode == 0


# ---- where we run ----


@pytest.mark.parametrize(("end", "code"), [(END, 0), ("sys.exit(7)\n", 7)])
def test_a_reader_that_goes_away_does_not_end_the_build(end: str, code: int, place: Place) -> None:
    place.client(LOG + end)
    done = place.shell(f"{shlex.join(place.words())} 2>&1 | head -2; exit ${{PIPESTATUS[0]}}", LINES="20000")
    assert done.returncode == code
    data = place.words("--format", "json")
    done = place.shell(f"{shlex.join(data)} | true; exit ${{PIPESTATUS[0]}}", LINES="1")
    assert done.returncode == code


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(closed: str, place: Place) -> None:
    place.client("sys.exit(7)\n", begin=BEGIN.replace("step()\n", ""))
    done = place.shell(f"{shlex.join(place.words('--report', 'report.json'))} {closed}")
    assert done.returncode == 7
    assert json.loads((place.folder / "report.json").read_text())["exit_code"] == 7


@pytest.mark.parametrize(
    ("path", "words"),
    [("no/such/report.json", "there is no folder `no/such`"), (".", "it is a folder")],
)
@pytest.mark.parametrize("command", ["exec", "build"])
def test_a_report_that_cannot_be_written_is_told_before(
    command: str, path: str, words: str, place: Place
) -> None:
    for name in ("docker", "envd"):
        place.client('open("begun", "w")\n', name)
    done = place.shell(shlex.join(place.words("--report", path, command=command)))
    assert (done.returncode, done.stderr) == (
        2,
        f"envd-cache: error: the report `{path}` cannot be written: {words}\n",
    )
    assert not (place.folder / "begun").exists()


@pytest.mark.parametrize(("end", "code"), [(END, 2), ("sys.exit(7)\n", 7)])
def test_a_report_that_turns_out_not_to_be_written(end: str, code: int, place: Place) -> None:
    place.client(end)
    done = place.run("--report", "/dev/full")
    assert done.returncode == code
    assert "caches of //:build" in done.stderr
    assert done.stderr.endswith("`/dev/full` cannot be written: No space left on device\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["build", "--path", "nowhere"], "--path nowhere: there is no such folder"),
        (
            ["exec", "--", "sudo", "docker", "build", "."],
            "`sudo` is no client that takes caches; write it",
        ),
        (["exec", "--", "podman", "build", "."], "`podman` is no client that takes caches"),
        (["exec", "docker", "build", "."], "write the command behind `--`"),
        (["build", "--no-preflight", "--envd", "./broken"], "`./broken` cannot be run: Exec format error"),
    ],
)
def test_wrong_use_is_told_and_nothing_is_run(words: list[str], message: str, place: Place) -> None:
    place.client('open("begun", "w")\n')
    place.client('open("begun", "w")\n', "envd")
    (place.folder / "broken").write_text("no program\n")
    (place.folder / "broken").chmod(0o755)
    done = place.shell(shlex.join([sys.executable, "-m", "envd_cache", words[0], *words[1:]]))
    assert done.returncode == 2
    assert f"envd-cache: error: {message}" in done.stderr
    assert not (place.folder / "begun").exists()


def test_envd_without_a_home(place: Place) -> None:
    place.client("sys.exit(9)\n", "envd")
    done = place.shell(f"unset HOME; {shlex.join(place.words(command='build'))}")
    assert (done.returncode, done.stderr) == (2, "envd-cache: error: envd needs HOME, and it is not set\n")
    place.client(END)
    assert place.shell(f"unset HOME; {shlex.join(place.words())}").returncode == 0


def test_odd_surroundings(place: Place) -> None:
    """A folder with a space and letters, behind a link, and no folder for temporary files."""
    inside = place.folder / "ein Ördner"
    inside.mkdir()
    (place.folder / "build.envd").rename(inside / "other.envd")
    (place.folder / "link").symlink_to(inside)
    place.client(END)
    for target in ("ein Ördner/other.envd:build", "link/other.envd"):
        done = place.run(target, TMPDIR="/nowhere/at/all", **{f"LARGE_{i}": "x" * 100_000 for i in range(10)})
        assert done.returncode == 0, done.stderr
        assert "1 step: 0 cached, 1 run" in done.stderr


# ---- on a terminal ----


def last_lines(text: str) -> list[str]:
    """Return what is to be seen at the end, without colours."""
    lines = [line.rpartition(CLEAR)[2] for line in text.split("\n")]
    return [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]


def test_the_status_line_comes_and_goes(place: Place) -> None:
    place.client('time.sleep(0.5)\nsys.stderr.write("WARNING: careful\\n")\n' + END)
    with Terminal(place.words(), place.folder, place.environ) as terminal:
        assert terminal.end() == 0
    assert f"{CLEAR}[0/1] RUN x  0." in terminal.text
    seen = last_lines(terminal.text)
    assert seen[0] == "WARNING: careful"
    assert seen[1] == "caches of //:build"
    assert seen[4].startswith("1 step: 0 cached, 1 run")
    assert "\x1b[1;33mwarning" in terminal.text


def test_a_terminal_that_can_do_nothing(place: Place) -> None:
    place.client(END)
    place.environ |= {"TERM": "dumb", "NO_COLOR": "1"}
    with Terminal(place.words(), place.folder, place.environ) as terminal:
        assert terminal.end() == 0
    assert "\x1b" not in terminal.text
    assert "#1 DONE 2.0s" in terminal.text


def test_ctrl_c_is_the_clients_to_answer(place: Place) -> None:
    place.client(
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])\n"
        'print("ready")\nsys.stdout.flush()\n'
        "first = signal.sigwaitinfo([signal.SIGINT])\nmore = signal.sigtimedwait([signal.SIGINT], 0.5)\n"
        'open("senders", "w").write(" ".join(str(each.si_pid) for each in (first, more) if each))\n'
        "sys.exit(9)\n"
    )
    with Terminal(place.words(), place.folder, place.environ) as terminal:
        terminal.until(lambda text: "ready" in text)
        terminal.type(CTRL_C)
        assert terminal.end() == 9
    # It came once, from the terminal; a second one would make docker quit at once.
    assert (place.folder / "senders").read_text() == "0"
    assert last_lines(terminal.text)[-2] == "the build failed: exit code 9"
    assert list(place.temporary.iterdir()) == []


def test_up_leaves_the_terminal_to_envd(place: Place) -> None:
    script = (
        'if sys.argv[1] == "up":\n    print("terminal:", *[os.isatty(number) for number in range(3)])\n'
        '    print("got", input("say: "))\nelse:\n    sys.stderr.write("#1 RUN x\\n#1 DONE 0.1s\\n")\n'
    )
    place.client(script, "envd", begin="import os, sys\n")
    with Terminal(place.words(command="up"), place.folder, place.environ) as terminal:
        terminal.until(lambda text: "say: " in text)
        terminal.type(b"yes\n")
        assert terminal.end() == 0
    assert "terminal: True True True" in terminal.text
    assert "got yes" in terminal.text
    assert "1 step: 0 cached, 1 run" in terminal.text


# ---- what would be run ----


def test_a_dry_run_of_up_shows_both_commands(place: Place) -> None:
    place.client("", "envd")
    words = shlex.join(place.words("--dry-run", "--detach", "--tag", "app", command="up"))
    first, second = place.shell(words).stdout.splitlines()[-2:]
    build, up = (shlex.split(line)[1:] for line in (first, second))
    entry = build[2]
    assert build == [
        "build",
        "--from",
        entry,
        "--export-cache",
        "type=local,dest=kept",
        "--tag",
        "app",
    ]
    assert up == ["up", "--from", entry, "--detach", "--tag", "app"]


@pytest.mark.parametrize("command", ["exec", "build"])
def test_a_dry_run_says_what_it_would_say_before_a_build(command: str, place: Place) -> None:
    """With JSON too: there is no report of which it could be a part."""
    place.client("", "docker" if command == "exec" else "envd")
    (place.folder / "build.envd").write_text('def build():\n    base()\n    cache.gha(scope="x")\n')
    words = shlex.join(place.words("--dry-run", "--format", "json", command=command))
    done = place.shell(words)
    assert done.returncode == 0
    assert "warning[EC403]" in done.stderr
    assert "build" in done.stdout.splitlines()[-1]
