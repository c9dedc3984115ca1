"""The engines themselves: a cache goes out and comes back, and afterwards the machine is as before."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.engine.conftest import STAMPED, build_stamped, run, run_tool
from tests.support import engines as support
from tests.support import machine, packages
from tests.support.engines_command import FAILED, NO_PACKAGES, NOT_HERE, main

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.engine.conftest import Engines, MakeEnvironment, Prune


def test_a_cache_in_the_registry_comes_back(
    engines: Engines, environment: MakeEnvironment, prune: Prune, base_image: str, tmp_path: Path
) -> None:
    ref = f"type=registry,ref={engines.registry}/test-engines:cache"
    environ = environment("new")
    exported = build_stamped(["--cache-to", f"{ref},mode=max"], environ, base_image, tmp_path)
    prune("new")
    assert build_stamped(["--cache-from", ref], environ, base_image, tmp_path) == exported
    prune("new")
    assert build_stamped([], environ, base_image, tmp_path) != exported


@pytest.mark.parametrize("engine", ["classic", "old"])
def test_docker_without_containerd_exports_inline_caches_only(
    engine: str, engines: Engines, environment: MakeEnvironment, base_image: str, tmp_path: Path
) -> None:
    environ = environment(engine)
    (tmp_path / "Dockerfile").write_text(STAMPED.format(base=base_image))
    tag = f"{engines.registry}/test-engines:{engine}"
    build = ["docker", "buildx", "build", "--tag", tag, str(tmp_path), "--cache-to"]
    run([*build, "type=inline"], environ)
    done = subprocess.run(
        ["/usr/bin/env", *build, f"type=registry,ref={tag}-cache"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "Cache export is not supported for the docker driver" in done.stderr


@pytest.mark.parametrize(("engine", "version"), [("new", "26.1."), ("classic", "26.1."), ("old", "20.10.")])
def test_the_versions(engine: str, version: str, environment: MakeEnvironment) -> None:
    done = run(["docker", "version", "--format", "{{.Server.Version}}"], environment(engine))
    assert done.stdout.startswith(version)


@pytest.mark.parametrize(("suite", "version"), [("trixie", "0.13."), ("forky", "0.")])
def test_the_plugins(suite: str, version: str, environment: MakeEnvironment) -> None:
    environ = environment("new", suite=suite)
    as_plugin = run(["docker", "buildx", "version"], environ).stdout
    assert as_plugin == run(["docker-buildx", "version"], environ).stdout
    assert f"buildx {version}" in as_plugin
    assert "Docker Compose version 2." in run(["docker", "compose", "version"], environ).stdout


def test_the_s3_server_checks_signatures(
    engines: Engines, environment: MakeEnvironment, tmp_path: Path
) -> None:
    place = f":s3,provider=Other,endpoint='{engines.s3.url}',access_key_id={engines.s3.key}"
    environ = environment("new")
    (tmp_path / "file").write_text("x")
    where = f"test-engines-{os.getpid()}"
    words = ["rclone", "--config", "/dev/null", "--retries", "1"]
    secret = {"RCLONE_S3_SECRET_ACCESS_KEY": engines.s3.secret}
    run([*words, "copy", str(tmp_path / "file"), f"{place}:{engines.s3.bucket}/{where}"], environ | secret)
    listed = [*words, "lsf", f"{place}:{engines.s3.bucket}/{where}"]
    assert run(listed, environ | secret).stdout == "file\n"
    refused = subprocess.run(
        ["/usr/bin/env", *listed],
        env=environ | {"RCLONE_S3_SECRET_ACCESS_KEY": "wrong"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode != 0
    assert "403" in refused.stderr


# ---- the end ----


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """An empty folder whose path leaves room for those of sockets in it."""
    folder = Path(tempfile.mkdtemp(prefix="envd-cache-engines."))
    yield folder
    if (folder / "state.json").exists():
        run_tool("down", str(folder))
    elif folder.exists():
        folder.rmdir()


def left(folder: Path, state: support.Up) -> list[object]:
    """Return what is still there of engines that were taken down."""
    links = {path.name for path in Path("/sys/class/net").iterdir()}
    return [
        *(process for process in state.processes.values() if process.lives()),
        *machine.running(support._OURS, folder),
        *machine.mounts(folder),
        *links.intersection(state.bridges),
        *(group for name in state.bridges for group in machine.control_groups(name)),
        *([folder] if folder.exists() else []),
    ]


def start(folder: Path, *words: str) -> support.Up:
    done = run_tool("up", "--state", str(folder), "--format", "json", *words)
    assert done.returncode == 0, done.stderr
    made = support.Up.read(folder)
    assert json.loads(done.stdout) == made.facts
    assert {type(each) for each in left(folder, made)} >= {machine.Process, str}
    return made


def build_something(made: support.Up, folder: Path) -> None:
    """Run a step in an engine, so that it makes all that it makes for a step."""
    (folder / "Dockerfile").write_text('FROM scratch\nCOPY . /\nRUN ["/bin/busybox", "true"]\n')
    for host in made.facts["engines"].values():
        environ = {"PATH": made.facts["bin"], "HOME": str(folder), "DOCKER_HOST": host}
        run(
            [
                f"{made.facts['bin']}/docker-buildx",
                "build",
                "-f",
                f"{folder}/Dockerfile",
                made.facts["rootfs"],
            ],
            environ,
        )


def test_nothing_is_left_after_the_end(engines: Engines, short_folder: Path, tmp_path: Path) -> None:
    made = start(short_folder)
    build_something(made, tmp_path)
    done = run_tool("down", str(short_folder))
    assert (done.returncode, done.stderr) == (0, "")
    assert left(short_folder, made) == []


def test_nothing_is_left_when_the_engines_were_killed(
    engines: Engines, short_folder: Path, tmp_path: Path
) -> None:
    made = start(short_folder)
    build_something(made, tmp_path)
    for process in made.processes.values():
        process.send(signal.SIGKILL)
    assert run_tool("down", str(short_folder)).returncode == 0
    assert left(short_folder, made) == []


def test_the_engines_end_with_their_owner(engines: Engines, short_folder: Path) -> None:
    with subprocess.Popen(["/bin/sleep", "600"]) as owner:
        made = start(short_folder, "--owner", str(owner.pid))
        owner.kill()
    deadline = time.monotonic() + 60
    while left(short_folder, made) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left(short_folder, made) == []


def test_nothing_is_left_when_an_engine_does_not_come_up(
    engines: Engines, short_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last of the engines is a program that fails, when the others run already."""
    seen: list[support.Up] = []
    broken = tmp_path / "broken"
    fetch, save = packages.debian, support.Up.save

    def with_a_broken_one(suite: str, names: Sequence[str]) -> Path:
        if suite != "bookworm":
            return fetch(suite, names)
        shutil.copytree(fetch(suite, names), broken, symlinks=True)
        (broken / "usr/sbin/dockerd").write_text("#!/bin/sh\necho I am ill\nexit 1\n")
        return broken

    def remembered(self: support.Up) -> None:
        seen.append(self)
        save(self)

    monkeypatch.setattr(packages, "debian", with_a_broken_one)
    monkeypatch.setattr(support.Up, "save", remembered)
    with pytest.raises(support.CannotStart, match="did not come up") as caught:
        support.up(short_folder)
    assert "I am ill" in str(caught.value)
    assert len(seen[-1].processes) == 2 + len(support.USUAL)
    assert len(seen[-1].bridges) == len(support.USUAL)
    assert left(short_folder, seen[-1]) == []


# ---- where engines cannot run ----


def test_without_root(
    short_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main(["up", "--state", str(short_folder)]) == NOT_HERE
    assert capsys.readouterr() == ("", "engines: engines need root on Linux\n")
    assert list(short_folder.iterdir()) == []


def test_without_packages(
    short_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(packages, "pypi", lambda _: tmp_path)
    assert main(["up", "--state", str(short_folder)]) == NO_PACKAGES
    assert capsys.readouterr() == ("", "engines: this machine has no apt-get\n")
    assert not short_folder.exists()


def test_a_folder_with_something_in_it_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (tmp_path / "mine").touch()
    assert main(["up", "--state", str(tmp_path)]) == FAILED
    assert main(["down", str(tmp_path)]) == FAILED
    assert capsys.readouterr().err.startswith(f"engines: {tmp_path} is not empty\nengines: {tmp_path}: ")
    assert (tmp_path / "mine").exists()
