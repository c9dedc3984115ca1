"""The judge is read rightly, and takes nothing for a verdict that is none."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.differential import oracle
from tests.differential.oracle import Verdict
from tests.differential.snippets import Snippet, read

if TYPE_CHECKING:
    from pathlib import Path

LINE = 'time="2026-01-01T00:00:00Z" level=fatal msg=exit app=envd error="{}" version=v1.3.6\n'


@pytest.mark.parametrize(
    ("stderr", "verdict"),
    [
        (
            'failed to interpret: Exception when exec build func: base: for \\"dev\\": got int',
            Verdict(False, 'base: for "dev": got int'),
        ),
        (
            "failed to interpret: failed to exec starlark file /x/app/build.envd: /x/app/build.envd:2:1: no",
            Verdict(False, "/x/app/build.envd:2:1: no"),
        ),
        ("failed to interpret: build is not a function", Verdict(False, "build is not a function")),
        ("failed to compile envd IR to LLB: failed to get the base image", Verdict(True, "")),
    ],
)
def test_reading_a_verdict(stderr: str, verdict: Verdict) -> None:
    assert oracle.read(1, LINE.format(stderr)) == verdict


def test_a_crash_is_a_refusal() -> None:
    verdict = oracle.read(2, "panic: runtime error: invalid memory address\n\ngoroutine 1 [running]:\n")
    assert verdict == Verdict(False, "panic: runtime error: invalid memory address")
    assert verdict.crashed


def test_success_is_acceptance() -> None:
    assert oracle.read(0, "") == Verdict(True, "")


@pytest.mark.parametrize("stderr", ["", LINE.format("failed to create the docker client"), "killed"])
def test_anything_else_is_no_verdict(stderr: str) -> None:
    with pytest.raises(AssertionError, match="envd stopped"):
        oracle.read(1, stderr)


@pytest.mark.skipif(oracle.envd() is None, reason="envd is not installed")
def test_the_proxies_alone_keep_envd_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oracle, "_without_network", lambda: ())
    folder = Snippet("", "", (("build.envd", "def build():\n    base()\n"),)).write(tmp_path)
    ran = oracle.run("debug", "llb", "-p", str(folder), cwd=folder)
    assert isinstance(ran, subprocess.CompletedProcess)
    assert "127.0.0.1:9" in ran.stderr
    assert oracle.verdict(folder).accepted


def test_reading_snippets(tmp_path: Path) -> None:
    path = tmp_path / "topic" / "x.txt"
    path.parent.mkdir()
    path.write_text("# one\nx = 1\n---\n# two\ny\n\n=== lib/z.envd\nz\n")
    assert read(path) == [
        Snippet("topic", "one", (("build.envd", "# one\nx = 1\n"),)),
        Snippet("topic", "two", (("build.envd", "# two\ny\n\n"), ("lib/z.envd", "z\n"))),
    ]
    path.write_text("x = 1\n")
    with pytest.raises(ValueError, match="starts with its name"):
        read(path)
