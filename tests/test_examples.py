"""The examples: every build file under `examples/` is compiled for every output and compared with a golden.

An example is a folder with a `build.envd` and a `README.md`; goldens stand beside each build file as
`expected.<output>`, and as `expected.<output>.stderr` where there is something to say. `facts` has one
`NAME=VALUE` a line. A build file without a function `build` is compiled with `--all`. Write goldens and
the console blocks of the pages anew with `pytest tests/test_examples.py --update`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from envd_cache.catalog import BACKENDS
from envd_cache.emit.registry import EMITTERS
from tests.differential import oracle
from tests.support.documents import PROMPT, blocks, environment, rerun

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
OUTPUTS = tuple(emitter.name for emitter in EMITTERS)
PAGES = sorted(EXAMPLES.glob("*/README.md"))
BUILD_FILES = sorted(EXAMPLES.rglob("build.envd"))
UPDATE = "write it with `pytest tests/test_examples.py --update`"


def _name(path: Path) -> str:
    return path.parent.relative_to(EXAMPLES).as_posix()


def _compile(build: Path, output: str, folder: Path) -> tuple[str, str]:
    """Return what a compile writes to its two streams, in the folder of the build file."""
    facts = build.with_name("facts")
    words = facts.read_text().split("\n") if facts.exists() else []
    arguments = [word for fact in words if fact for word in ("--fact", fact)]
    if "def build()" not in build.read_text():
        arguments.append("--all")
    done = subprocess.run(
        [sys.executable, "-m", "envd_cache", "compile", "--to", output, *arguments],
        cwd=build.parent,
        env=environment(folder),
        capture_output=True,
        check=False,
        timeout=60,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def _compare(golden: Path, made: str, *, update: bool) -> None:
    if update:
        if made or not golden.name.endswith(".stderr"):
            golden.write_text(made, encoding="utf-8")
        else:
            golden.unlink(missing_ok=True)
    elif made or not golden.name.endswith(".stderr"):
        assert golden.exists(), f"{golden.relative_to(ROOT)} is missing: {UPDATE}"
        assert made == golden.read_text(encoding="utf-8"), f"{golden.relative_to(ROOT)}: {UPDATE}"
    else:
        assert not golden.exists(), f"{golden.relative_to(ROOT)} is there, and nothing was said: {UPDATE}"


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("build", BUILD_FILES, ids=_name)
def test_output_is_the_golden(build: Path, output: str, update_goldens: bool, tmp_path: Path) -> None:
    written, said = _compile(build, output, tmp_path)
    _compare(build.with_name(f"expected.{output}"), written, update=update_goldens)
    _compare(build.with_name(f"expected.{output}.stderr"), said, update=update_goldens)


@pytest.mark.parametrize("build", BUILD_FILES, ids=_name)
def test_no_finding(build: Path, tmp_path: Path) -> None:
    assert _compile(build, "llb", tmp_path)[1] == ""


def test_plain_envd_reads_the_example_for_it(tmp_path: Path) -> None:
    if oracle.envd() is None:
        pytest.skip("envd is not installed")
    folder = tmp_path / "plain"
    shutil.copytree(EXAMPLES / "plain-envd", folder)
    assert oracle.verdict(folder) == oracle.Verdict(True, "")


def test_goldens_are_of_outputs_that_exist() -> None:
    known = {f"expected.{output}{end}" for output in OUTPUTS for end in ("", ".stderr")}
    stray = [
        path.relative_to(ROOT).as_posix()
        for path in EXAMPLES.rglob("expected.*")
        if path.name not in known or not path.with_name("build.envd").exists()
    ]
    assert not stray, f"no test reads {stray}"


def test_every_example_is_whole() -> None:
    folders = sorted(path for path in EXAMPLES.iterdir() if path.is_dir())
    for folder in folders:
        assert (folder / "build.envd").is_file(), f"{folder.name} has no build.envd"
        assert (folder / "README.md").is_file(), f"{folder.name} has no README.md"
    without = {backend.name for backend in BACKENDS} - {folder.name for folder in folders}
    assert not without, f"no example for the backends {without}"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_page_shows_what_the_commands_print(page: Path, update_goldens: bool, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    consoles = [block.text for block in blocks(text) if block.language == "console"]
    assert any(block.startswith(f"{PROMPT}envd-cache ") for block in consoles), "the page runs nothing"
    made = rerun(text, page.parent, environment(tmp_path))
    if update_goldens:
        page.write_text(made, encoding="utf-8")
    else:
        assert made == text, f"{page.relative_to(ROOT)}: {UPDATE}"
