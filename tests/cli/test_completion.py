"""Completion scripts: bash really completes; the others are read by their shells where they exist."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from envd_cache.cli.commands import COMMANDS
from envd_cache.cli.completion import script
from envd_cache.emit.registry import DRIVERS, EMITTERS
from tests.cli.program import run

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [command.name for command in COMMANDS]
SHELLS = ("bash", "zsh", "fish")


def completed(folder: Path, line: str) -> list[str]:
    """Return what bash offers for the last word of a line, as if Tab was pressed at its end."""
    words = [part for word in line.split(" ") for part in re.split("([=:])", word) if part or not word]
    driver = f"""
    {script("bash")}
    COMP_WORDS=({" ".join(shlex.quote(word) for word in words)})
    COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
    function=$(complete -p envd-cache | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
    $function envd-cache "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD-1]}}"
    for word in "${{COMPREPLY[@]}}"; do printf '%s\\n' "$word"; done
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", driver], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")


@needs_bash
@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("envd-cache ", [*NAMES, "--help", "--version"]),
        ("envd-cache comp", ["compile", "completion"]),
        ("envd-cache --v", ["--version"]),
        ("envd-cache compile --to ", [emitter.name for emitter in EMITTERS]),
        ("envd-cache compile -t build", ["buildctl", "buildx"]),
        ("envd-cache compile --driver docker", ["docker", "docker-container"]),
        ("envd-cache compile --strict --color ", ["auto", "always", "never"]),
        ("envd-cache compile --fact ", []),
        ("envd-cache compile --st", ["--strict"]),
        ("envd-cache compile --all --no", []),
        ("envd-cache explain --form", ["--format"]),
        ("envd-cache explain --format ", ["text", "json"]),
        ("envd-cache completion ", ["bash", "zsh", "fish"]),
        ("envd-cache completion z", ["zsh"]),
        ("envd-cache schema ", []),
        ("envd-cache schema -", ["--config", "--output", "--format", "--help"]),
        ("envd-cache unknown ", []),
        ("envd-cache compile --to=", [emitter.name for emitter in EMITTERS]),
        ("envd-cache compile --to=ba", ["bake"]),
        ("envd-cache compile --fact=br", []),
    ],
)
def test_bash_offers(tmp_path: Path, line: str, wanted: list[str]) -> None:
    assert completed(tmp_path, line) == wanted


@needs_bash
def test_bash_offers_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "build.envd").touch()
    (tmp_path / "team").mkdir()
    assert completed(tmp_path, "envd-cache compile b") == ["build.envd"]
    assert sorted(completed(tmp_path, "envd-cache compile --from ")) == ["build.envd", "team"]
    assert sorted(completed(tmp_path, "envd-cache compile -o ")) == ["build.envd", "team"]
    assert completed(tmp_path, "envd-cache compile --path ") == ["team"]


@needs_bash
def test_bash_keeps_names_whole(tmp_path: Path) -> None:
    for name in ("a b.envd", "a*.envd", "build.envd"):
        (tmp_path / name).touch()
    assert sorted(completed(tmp_path, "envd-cache compile a")) == ["a b.envd", "a*.envd"]
    assert completed(tmp_path, "envd-cache compile --from=b") == ["build.envd"]


@needs_bash
@pytest.mark.parametrize("end", ["build.envd:", "build.envd:b", "--from=build.envd:b"])
def test_bash_offers_no_file_behind_a_colon(tmp_path: Path, end: str) -> None:
    (tmp_path / "build.envd").touch()
    assert completed(tmp_path, f"envd-cache compile {end}") == []


@needs_bash
def test_bash_goes_on_into_a_folder(tmp_path: Path) -> None:
    """Through a terminal, because only there bash puts the `/` or the quotes behind what it offers."""
    (tmp_path / "my team").mkdir()
    (tmp_path / "my team/build.envd").touch()
    main, terminal = pty.openpty()
    command = ["bash", "--norc", "--noprofile", "-i"]
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TERM": "dumb", "INPUTRC": os.devnull}
    (tmp_path / "script").write_text(f"{script('bash')}\nenvd-cache() {{ printf '<%s>' \"$@\"; }}\n")
    bash = subprocess.Popen(
        command, cwd=tmp_path, env=environ, stdin=terminal, stdout=terminal, stderr=terminal, close_fds=True
    )
    os.close(terminal)
    os.write(main, b". ./script\nenvd-cache compile my\tbu\t\nexit\n")
    told = b""
    # The end of a terminal whose other side is closed is an error.
    with contextlib.suppress(OSError):
        while more := os.read(main, 4096):
            told += more
    os.close(main)
    assert bash.wait(timeout=60) == 0
    assert b"<compile><my team/build.envd>" in told


@needs_bash
@pytest.mark.parametrize("name", NAMES)
def test_bash_offers_every_option(tmp_path: Path, name: str) -> None:
    (command,) = (command for command in COMMANDS if command.name == name)
    wanted = [option.name for option in command.options]
    assert completed(tmp_path, f"envd-cache {name} --") == [*wanted, "--help"]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_reads_the_script(tmp_path: Path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    file = tmp_path / "script"
    file.write_text(script(shell))
    option = "--no-execute" if shell == "fish" else "-n"
    done = subprocess.run([shell, option, file], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_names_everything(shell: str) -> None:
    text = script(shell)
    words = set(re.findall(r"[\w-]+", text))
    for command in COMMANDS:
        assert command.name in words
        for option in command.options:
            assert (option.name if shell != "fish" else option.name[2:]) in words
            assert words >= set(option.choices)
    assert words >= {*DRIVERS, *SHELLS}


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_quotes_are_closed(shell: str) -> None:
    """`shlex` reads quotes as a shell does, in every line of its own."""
    for line in script(shell).splitlines():
        if not line.startswith("#") and '"$' not in line:
            shlex.split(line.replace("\\'", "") if shell == "fish" else line)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_command_prints_the_script(tmp_path: Path, shell: str) -> None:
    assert run(tmp_path, "completion", shell) == (0, script(shell), "")


def test_an_unknown_shell(tmp_path: Path) -> None:
    done = run(tmp_path, "completion", "tcsh")
    assert (done.code, done.out) == (2, "")
    assert "argument SHELL: invalid choice: 'tcsh'" in done.err
