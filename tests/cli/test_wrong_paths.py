"""What a path can be that no command takes, and what is said of it: labels, links to nothing, reports."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.program import PROGRAM, environment, repository, run

if TYPE_CHECKING:
    from pathlib import Path

BUILD = "def build():\n    base()\n    cache.inline()\n"


@pytest.mark.parametrize("command", ["compile", "explain"])
def test_many_targets_without_all(tmp_path: Path, command: str) -> None:
    repository(tmp_path, BUILD)
    message = "means every target of the build files below a folder"
    done = run(tmp_path, command, "//...")
    assert done == (2, "", f"envd-cache: error: `//...` {message}; write `--all` to take them\n")
    done = run(tmp_path, "plain", "team/...")
    assert done == (2, "", f"envd-cache: error: `team/...` {message}; name one of them\n")


@pytest.mark.parametrize(
    ("path", "meant"),
    [("//ml", "../ml"), ("//...", ".."), ("//ml/...", "../ml"), ("//ml:build", "../ml"), ("//team", ".")],
)
def test_a_label_for_check(tmp_path: Path, path: str, meant: str) -> None:
    repository(tmp_path, BUILD, "team/build.envd")
    done = run(tmp_path / "team", "check", path)
    message = f"`{path}` is no path, and check takes paths: write `{meant}`"
    assert done == (2, "", f"envd-cache: error: {message}\n")


@pytest.mark.parametrize("command", ["compile", "check"])
def test_a_link_to_nothing(tmp_path: Path, command: str) -> None:
    repository(tmp_path, BUILD)
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "build.envd").symlink_to("../gone.envd")
    done = run(tmp_path, command, "x/build.envd", XDG_CACHE_HOME=str(tmp_path / "home"))
    assert done.code == 1
    assert (done.out + done.err).startswith(
        "x/build.envd: error[EC001]: `x/build.envd` is a link to nothing\n"
        "  = hint: it leads to `../gone.envd`; mend the link, or remove it\n"
    )


@pytest.mark.parametrize("form", ["sarif", "github"])
def test_a_list_in_a_report_that_has_no_place_for_it(tmp_path: Path, form: str) -> None:
    repository(tmp_path, BUILD)
    done = run(tmp_path, "check", "--list", "--format", form)
    assert done == (2, "", "envd-cache: error: --list goes with --format text or json\n")
    for able in ("text", "json"):
        assert run(tmp_path, "check", "--list", "--format", able, "--fail-on", "never").code == 0


def test_a_default_that_is_not_there_is_told_once(tmp_path: Path) -> None:
    repository(tmp_path, BUILD)
    repository(tmp_path, BUILD, "team/build.envd")
    home = {"XDG_CACHE_HOME": str(tmp_path.parent / "home")}
    (tmp_path / "envd-cache.toml").write_text('defaults = "//nosuch.envd:defaults"\n')
    for _ in range(2):
        done = run(tmp_path, "check", **home)
        assert done.code == 1
        assert done.out.count("error[EC001]: `nosuch.envd` does not exist") == 1
        repository(tmp_path, "def build():\n    base()\n")
    (tmp_path / "nosuch.envd").write_text("def default():\n    cache.inline()\n")
    done = run(tmp_path, "check", **home)
    assert (done.out.count("EC013"), done.out.count("EC001")) == (2, 0)  # one in the last line
    (tmp_path / "nosuch.envd").write_text("def defaults():\n    cache.inline()\n")
    assert "EC0" not in run(tmp_path, "check", **home).out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_the_exit_code_after_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    """As a shell has it: 128 and the number of the signal."""
    repository(tmp_path, "print('running')\ndef build():\n    base()\n    [i for i in range(1 << 28)]\n")
    program = (PROGRAM[0], "-c", SIGNALLED, str(int(number)))
    done = subprocess.run(program, cwd=tmp_path, env=environment(), capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (128 + number, b"", b"")


SIGNALLED = """
import os, sys
from envd_cache.check import repository
def check(*_):
    os.kill(os.getpid(), int(sys.argv[1]))
repository.check = check
from envd_cache.cli.main import main
sys.exit(main(["check", "--no-cache"]))
"""


def test_a_huge_message_in_json_and_sarif(tmp_path: Path) -> None:
    repository(tmp_path, 'def build():\n    base()\n    fail("x" * 100000)\n')
    for form in ("json", "sarif"):
        done = run(tmp_path, "check", "--no-cache", "--format", form)
        assert done.code == 1
        assert json.loads(done.out)
        assert len(done.out) < 10_000
        assert "xxx…" in done.out or "xxx\\u2026" in done.out
