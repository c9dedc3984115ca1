from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support import debian

FETCH = Path(__file__).parents[1] / "tools" / "fetch-docker-buildx"


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on PATH, an empty home and no plugin folders."""
    for name in (debian.VARIABLE, "DOCKER_CONFIG", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(debian, "_PLUGIN_FOLDERS", (str(tmp_path / "plugins"),))
    return tmp_path


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_nothing_is_found_on_a_bare_machine(bare: Path) -> None:
    assert debian.docker_buildx() is None


def test_the_first_place_wins(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (
        ".cache/envd-cache-tests/docker-buildx-trixie",
        "plugins",
        ".docker/cli-plugins",
        "bin",
        "elsewhere",
    ):
        path = program(bare / folder / "docker-buildx")
        if folder == "elsewhere":
            monkeypatch.setenv(debian.VARIABLE, str(path))
        assert debian.docker_buildx() == path


def test_the_variables_of_docker_and_of_the_desktop_count(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(bare / "cache"))
    path = program(bare / "cache/envd-cache-tests/docker-buildx-trixie/docker-buildx")
    assert debian.docker_buildx() == path
    monkeypatch.setenv("DOCKER_CONFIG", str(bare / "config"))
    path = program(bare / "config/cli-plugins/docker-buildx")
    assert debian.docker_buildx() == path


def test_a_file_that_does_not_run_is_passed_over(bare: Path) -> None:
    program(bare / "plugins/docker-buildx").chmod(0o644)
    assert debian.docker_buildx() is None


def test_a_variable_that_names_no_program_is_an_error(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(debian.VARIABLE, str(bare / "no"))
    with pytest.raises(FileNotFoundError, match=r"ENVD_CACHE_DOCKER_BUILDX is .*, which is no program"):
        debian.docker_buildx()


def test_the_script_finds_what_was_fetched_before(bare: Path) -> None:
    path = program(bare / ".cache/envd-cache-tests/docker-buildx-trixie/docker-buildx")
    done = subprocess.run(["/bin/bash", FETCH], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout == f"{path}\n"


def test_the_script_says_that_there_is_no_apt(bare: Path) -> None:
    done = subprocess.run(["/bin/bash", FETCH], capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "this machine has no apt-get" in done.stderr
    assert not (bare / ".cache").exists()
