"""`--set` in every command that has it: the same changes, and the same words about what they come to."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from tests.cli.program import repository, run

if TYPE_CHECKING:
    from pathlib import Path

TWO = """\
def build():
    base()
    cache.registry(ref="r/a")

def dev():
    base()
    cache.registry(ref="r/b")
"""


def client(folder: Path, name: str) -> str:
    """Make a program that does nothing, and return a PATH on which it is the first."""
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!{sys.executable}\n")
    program.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def test_explain(tmp_path: Path) -> None:
    repository(tmp_path, TWO)
    done = run(tmp_path, "explain", "--all", "build.envd", "--set", "dev.registry.mode=max")
    exports = [line.strip() for line in done.out.splitlines() if "export:" in line]
    assert exports == ["export: type=registry,ref=r/a", "export: type=registry,ref=r/b,mode=max"]
    assert (done.code, done.err) == (0, "")


def test_build(tmp_path: Path) -> None:
    repository(tmp_path, TWO)
    path = client(tmp_path / "bin", "envd")
    words = ("build", "--no-preflight", "--dry-run", "--set", "build.registry.mode=max")
    done = run(tmp_path, *words, PATH=path)
    assert done.code == 0, done.err
    assert "--export-cache type=registry,ref=r/a,mode=max --import-cache type=registry,ref=r/a" in done.out


def test_exec(tmp_path: Path) -> None:
    repository(tmp_path, TWO)
    path = client(tmp_path / "bin", "docker-buildx")
    words = ("exec", "--no-preflight", "--dry-run", "--set", "build.registry.ref=r/c")
    done = run(tmp_path, *words, "--", "docker-buildx", "build", ".", PATH=path)
    assert done.code == 0, done.err
    assert "--cache-to type=registry,ref=r/c --cache-from type=registry,ref=r/c ." in done.out


def test_a_change_of_nothing_stops_every_command(tmp_path: Path) -> None:
    repository(tmp_path, TWO)
    path = client(tmp_path / "bin", "envd")
    client(tmp_path / "bin", "docker-buildx")
    for words in (
        ("compile", "--set", "buidl.registry.mode=max"),
        ("explain", "--set", "buidl.registry.mode=max"),
        ("build", "--set", "buidl.registry.mode=max"),
        ("exec", "--set", "buidl.registry.mode=max", "--", "docker-buildx", "build", "."),
    ):
        done = run(tmp_path, *words, PATH=path)
        assert (done.code, done.out) == (1, ""), words
        assert "--set:1:1: error[EC021]: no target is meant by `buidl`" in done.err, words


def test_a_parameter_of_exports_over_files_that_only_import(tmp_path: Path) -> None:
    reader = 'def build():\n    base()\n    cache.registry(ref="r/a", use="import")\n'
    repository(tmp_path, TWO, "a/build.envd")
    repository(tmp_path, reader, "b/build.envd")
    words = ("compile", "--all", "//...", "--strict", "--set")
    done = run(tmp_path, *words, "//**.registry.mode=min")
    assert (done.code, done.err) == (0, "")
    assert done.out.count("min") == 2
    done = run(tmp_path, *words, "//b.registry.mode=min")
    assert (done.code, done.out) == (1, "")
    message = "no `cache.registry` of `//b` has an export, which alone takes `mode`"
    assert done.err.startswith(f"--set:1:1: error[EC021]: {message}\n")


def test_a_command_without_it_says_who_has_it(tmp_path: Path) -> None:
    done = run(tmp_path, "plain", "--set", "build.registry.mode=max")
    assert done.code == 2
    assert "\n`--set` is an option of compile, explain, build, up, exec\n" in done.err
