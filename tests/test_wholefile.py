"""Files are written whole or not at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from envd_cache.wholefile import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def mask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def rights(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_a_new_file_has_the_mode_less_the_mask(tmp_path: Path) -> None:
    write_whole(str(tmp_path / "a"), b"1")
    write_whole(str(tmp_path / "b"), b"2", 0o600)
    assert [rights(tmp_path / name) for name in "ab"] == [0o644, 0o600]
    assert (tmp_path / "a").read_bytes() == b"1"


def test_a_file_keeps_its_rights_when_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"1")
    path.chmod(0o751)
    write_whole(str(path), b"2", mode=None)
    assert (rights(path), path.read_bytes()) == (0o751, b"2")
    write_whole(str(path), b"3")
    assert (rights(path), path.read_bytes()) == (0o644, b"3")


def test_nothing_is_left_of_what_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        write_whole(str(tmp_path / "folder"), b"1")
    assert os.listdir(tmp_path) == ["folder"]


def test_what_others_left_is_neither_used_nor_in_the_way(tmp_path: Path) -> None:
    for name in (f"a.{os.getpid()}.tmp", "a.tmp", "a.000000000000.tmp"):
        (tmp_path / name).write_bytes(b"half of something that was longer")
        (tmp_path / name).chmod(0o666)
    write_whole(str(tmp_path / "a"), b"1", 0o600)
    assert (rights(tmp_path / "a"), (tmp_path / "a").read_bytes()) == (0o600, b"1")
    assert len(os.listdir(tmp_path)) == 4
