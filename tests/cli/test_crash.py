"""A fault of the program itself: exit code 2, no traceback on the screen, a file with it."""

from __future__ import annotations

import stat
import tempfile
from typing import TYPE_CHECKING

import pytest

from envd_cache import __version__
from envd_cache.cli import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def crashed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    def fault(*_args: object) -> int:
        raise RuntimeError("the fault"[::-1])

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(main, "_run", fault)
    code = main.main(["compile"])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_screen(crashed: tuple[int, str, str], tmp_path: Path) -> None:
    code, out, err = crashed
    (file,) = tmp_path.iterdir()
    assert (code, out) == (2, "")
    assert err == (
        "envd-cache: internal error: RuntimeError\n"
        f"This is a fault of envd-cache, not of your file. Please report it with {file}\n"
    )


def test_the_file(crashed: tuple[int, str, str], tmp_path: Path) -> None:
    del crashed
    (file,) = tmp_path.iterdir()
    assert file.name.startswith("envd-cache-crash-")
    assert file.suffix == ".txt"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    first, *rest = file.read_text().splitlines()
    assert first.startswith(f"envd-cache {__version__}, Python ")
    assert rest[0] == "Traceback (most recent call last):"
    assert rest[-1] == "RuntimeError"
    assert any("in fault" in line for line in rest)
    # The message of an exception can quote a value of the file, and so a credential.
    assert "tluaf" not in file.read_text()


def test_no_place_for_the_file(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fault(*_args: object) -> int:
        raise RuntimeError("the fault")

    monkeypatch.setattr(tempfile, "tempdir", "/nowhere/at/all")
    monkeypatch.setattr(main, "_run", fault)
    assert main.main(["schema"]) == 2
    assert capsys.readouterr().err == (
        "envd-cache: internal error: RuntimeError\n"
        "This is a fault of envd-cache, not of your file. Please report it.\n"
    )


def test_two_crashes_make_two_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fault(*_args: object) -> int:
        raise AssertionError

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(main, "_run", fault)
    assert [main.main(["schema"]), main.main(["compile"])] == [2, 2]
    assert len(list(tmp_path.iterdir())) == 2
    assert capsys.readouterr().err.count("internal error: AssertionError") == 2
