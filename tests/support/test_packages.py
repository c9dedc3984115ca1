from __future__ import annotations

import os
import shutil
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

from tests.support import packages

if TYPE_CHECKING:
    from pathlib import Path

# An apt-get that knows one archive, and a dpkg that unpacks a file of its name.
APT = """#!/bin/sh
echo "$*" >> "$LOG"
case "$*" in
*print-uris*) echo "'mirror:/debian/dists/bookworm/InRelease' x 0" ;;
*download*) for last; do :; done; [ "$last" != missing ] && echo data > "$last"_1_all.deb ;;
esac
"""
DPKG = """#!/bin/sh
mkdir -p "$3/usr/bin" "$3/usr/share/doc"
cp "$2" "$3/usr/bin/"
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the two programs on PATH and return what the first was asked."""
    for name, text in (("apt-get", APT), ("dpkg", DPKG)):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(text)
        program.chmod(0o755)
    (tmp_path / "keyring").touch()
    monkeypatch.setattr(packages, "KEYRING", tmp_path / "keyring")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.defpath}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    monkeypatch.delenv("DEBIAN_MIRROR", raising=False)
    return tmp_path / "log"


def test_packages_are_fetched_once(log: Path) -> None:
    root = packages.debian("trixie", ["one"])
    assert root.parent == packages.cache()
    assert [str(path.relative_to(root)) for path in root.rglob("*")] == [
        "usr",
        "usr/bin",
        "usr/bin/one_1_all.deb",
    ]
    asked = log.read_text()
    assert asked.count("download") == 1
    assert packages.debian("trixie", ["one"]) == root
    assert log.read_text() == asked
    assert packages.debian("forky", ["one"]) != root


def test_nothing_is_left_but_the_packages(log: Path) -> None:
    root = packages.debian("trixie", ["one"])
    assert {path.name for path in packages.cache().iterdir()} == {root.name, f".lock-{root.name}"}


def test_the_machines_own_lists_are_not_used(log: Path) -> None:
    packages.debian("trixie", ["one"])
    for line in log.read_text().splitlines():
        assert "Dir::State::lists=" in line
        assert "print-uris" in line or "Dir::Etc::sourceparts=/dev/null" in line


@pytest.mark.parametrize(
    ("names", "missing", "reason"),
    [
        (["missing"], "", "could not fetch missing of Debian trixie"),
        (["one"], "dpkg", "this machine has no dpkg"),
        (["one"], "apt-get", "this machine has no apt-get"),
    ],
)
def test_what_cannot_be_had(
    names: list[str], missing: str, reason: str, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name == missing else which(name))
    with pytest.raises(packages.CannotFetch, match=f"^{reason}$"):
        packages.debian("trixie", names)
    assert [path.name for path in packages.cache().iterdir() if not path.name.startswith(".lock")] == []


def test_without_a_keyring(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "KEYRING", log / "no")
    with pytest.raises(packages.CannotFetch, match="this machine has no Debian archive keyring"):
        packages.debian("trixie", ["one"])


def test_two_at_once_fetch_once(log: Path) -> None:
    found: list[Path] = []
    threads = [
        threading.Thread(target=lambda: found.append(packages.debian("trixie", ["one"]))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 4
    assert log.read_text().count("download") == 1


def test_a_failed_installation_from_pypi(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = subprocess.CompletedProcess([], 1, "", "")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    with pytest.raises(packages.CannotFetch, match="could not fetch nothing==1 of PyPI"):
        packages.pypi("nothing==1")
