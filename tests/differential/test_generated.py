"""The build files that envd writes itself: nothing is wrong with them, and a cache fits into them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.differential import oracle
from tests.differential.ours import findings, plan_of, targets

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(oracle.envd() is None, reason="envd is not installed")

CACHE = 'cache.registry(ref="ghcr.io/acme/app:" + cache.slug(cache.target()))'
TARGETS: dict[tuple[str, ...], list[str]] = {
    ("new", "-t", "torch"): ["gpu", "cpu", "build"],
    ("new", "-t", "conda"): ["build"],
    ("new", "-t", "codex"): ["build"],
    ("new", "-t", "pixi"): ["build"],
    ("new", "-t", "uv"): ["build"],
    ("init", "-l", "python"): ["build"],
    ("init", "-l", "julia"): ["build"],
}
EACH = [(command, function) for command, functions in TARGETS.items() for function in functions]

each_file = pytest.mark.parametrize("command", TARGETS, ids="-".join)
each_target = pytest.mark.parametrize(("command", "function"), EACH, ids=lambda part: "".join(part[-1:]))


def generated(command: tuple[str, ...], parent: Path) -> Path:
    """Let envd write a build file and return its folder."""
    folder = parent / "app"
    folder.mkdir()
    ran = oracle.run(*command, "-p", str(folder), cwd=folder)
    assert ran.returncode == 0, ran.stderr
    return folder


def with_cache(text: str, function: str) -> str:
    """Return the build file with a cache declared at the end of one of its functions."""
    lines = text.splitlines()
    (found,) = (
        node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == function
    )
    last = found.body[-1]
    assert last.end_lineno is not None
    lines.insert(last.end_lineno, " " * last.col_offset + CACHE)
    return "\n".join(lines) + "\n"


@each_file
def test_their_targets(command: tuple[str, ...], tmp_path: Path) -> None:
    folder = generated(command, tmp_path)
    assert targets(folder) == TARGETS[command]


@each_target
def test_nothing_is_wrong_with_them(command: tuple[str, ...], function: str, tmp_path: Path) -> None:
    folder = generated(command, tmp_path)
    assert oracle.verdict(folder, function=function).accepted
    assert findings(folder, function=function) == ()


@each_target
def test_a_cache_fits_in(command: tuple[str, ...], function: str, tmp_path: Path) -> None:
    folder = generated(command, tmp_path)
    file = folder / "build.envd"
    file.write_text(with_cache(file.read_text(), function))
    plan, found = plan_of(folder, function=function)
    assert found == ()
    assert len(plan.exports) == len(plan.imports) == 1


def test_a_cache_in_a_function_counts_for_the_targets_that_call_it(tmp_path: Path) -> None:
    folder = generated(("new", "-t", "torch"), tmp_path)
    file = folder / "build.envd"
    file.write_text(with_cache(file.read_text(), "cpu"))
    plan, found = plan_of(folder, function="build")
    assert found == ()
    assert len(plan.exports) == 1


def test_what_envd_writes_for_r_is_wrong_and_both_say_so(tmp_path: Path) -> None:
    folder = generated(("init", "-l", "r"), tmp_path)
    assert oracle.verdict(folder).message == "module has no .r field or method"
    (found,) = findings(folder)
    assert found.severity == "error"
    assert "`r`" in found.message
