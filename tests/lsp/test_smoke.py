"""`envd-cache lsp --check FILE`, and what is said where pygls is missing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from envd_cache.cli import lsp
from envd_cache.cli.process import UsageError
from envd_cache.lsp.smoke import smoke
from tests.lsp.launch import SERVER

if TYPE_CHECKING:
    from pathlib import Path


def test_a_working_server_is_told_with_what_it_found(tmp_path: Path) -> None:
    path = tmp_path / "build.envd"
    path.write_text('def build():\n    base()\n    cache.gha(scope="a", mode="MAX")\n')
    answer = smoke(SERVER, str(path))
    assert answer.works, answer.text
    assert "envd-cache 0.1.0 answered after" in answer.text
    assert (
        '  3:31: error[EC106]: `mode` must be "min" or "max", not "MAX"; hint: did you mean "max"?'
        in answer.text
    )
    assert "completion, signature help, hover" in answer.text
    assert answer.text.endswith("ended with exit code 0\nthe server works\n")


def test_a_server_that_does_not_work_is_told_why(tmp_path: Path) -> None:
    path = tmp_path / "build.envd"
    path.write_text("")
    words = [sys.executable, "-c", "import sys; print('hello'); sys.exit('no such thing')"]
    answer = smoke(words, str(path))
    assert not answer.works
    assert "no such thing" in answer.text


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    answer = smoke(SERVER, str(tmp_path / "nothing.envd"))
    assert not answer.works
    assert "No such file" in answer.text


def test_without_pygls_the_command_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lsp, "NEEDED", ("there_is_no_such_module",))
    with pytest.raises(UsageError, match=r"pip install \"envd-cache\[lsp\]\""):
        lsp.lsp({})
