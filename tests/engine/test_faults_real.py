"""Builds on real engines when something breaks: the registry, a directory, the engine, or the patience."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.engine.conftest import run_tool
from tests.engine.running import PACKAGE, Ran, run_program, words_of
from tests.support.faulty_registry import Fault, FaultyRegistry
from tests.support.machine import control_groups

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine.conftest import Engines, MakeEnvironment, Prune

STEP = "head -c 16 /dev/urandom | md5sum > /stamp"
WAITING = "echo begun; sleep 600"
NOWHERE = "unix:///nowhere/docker.sock"
# The line of the first cache in the build files here.
LINE = 4
DEADLINE = 60

each_way = pytest.mark.parametrize("how", ["exec", "build"])


class Project:
    """One thing to build, for docker buildx (`exec`) and for envd (`build`), and an engine to build it."""

    def __init__(self, folder: Path, environ: dict[str, str], base: str) -> None:
        self.folder, self.base = folder / "app", base
        self.tag = f"app-{os.getpid()}:dev"
        (self.folder / "context").mkdir(parents=True)
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.environ = {**environ, "TMPDIR": str(self.temporary)}

    def declare(self, *lines: str, step: str = STEP) -> None:
        (self.folder / "context/Dockerfile").write_text(f"FROM {self.base}\nRUN {step}\n")
        first = (f'base(image="{self.base}")', f"run([{json.dumps(step)}])")
        text = "".join(f"    {line}\n" for line in (*first, *lines))
        (self.folder / "build.envd").write_text(f"def build():\n{text}")

    def words(self, how: str, *options: str) -> tuple[str, ...]:
        if how == "build":
            return ("build", "--tag", self.tag, "--force", *options)
        output = ("--output", "type=local,dest=out")
        return ("exec", *options, "--", "docker", "buildx", "build", *output, "context")

    def run(self, how: str, *options: str) -> Ran:
        ran = run_program(self.folder, self.environ, self.words(how, *options))
        assert list(self.temporary.iterdir()) == []
        return ran

    def start(self, how: str) -> subprocess.Popen[bytes]:
        """Start a run in a session of its own, as a shell does it."""
        return subprocess.Popen(
            words_of(self.folder, *self.words(how)),
            cwd=self.folder,
            env={**self.environ, "PYTHONPATH": str(PACKAGE)},
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def ended(self, started: subprocess.Popen[bytes]) -> Ran:
        """Return how a run ended that was started; nothing of it is left."""
        assert started.stderr is not None
        with started:
            err = started.stderr.read().decode()
            code = started.wait(DEADLINE)
        assert list(self.temporary.iterdir()) == []
        done = subprocess.run(["ps", "-e", "-o", "sess="], capture_output=True, text=True, check=True)
        assert str(started.pid) not in done.stdout.split()
        return Ran(code, "", err, json.loads((self.folder / "report.json").read_text()))


@pytest.fixture
def project(environment: MakeEnvironment, base_image: str, tmp_path: Path) -> Project:
    return Project(tmp_path, environment("new"), base_image)


@pytest.fixture
def registry(engines: Engines) -> Iterator[FaultyRegistry]:
    with FaultyRegistry(engines.registry) as faulty:
        yield faulty


def said(ran: Ran, code: str) -> str:
    """Return the message of the only problem with a code."""
    (found,) = [each for each in ran.report["diagnostics"] if each["code"] == code]
    return str(found["message"])


# ---- the registry ----


@each_way
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.DOWN, "connection refused"),
        (Fault.UNAUTHORIZED, "401 Unauthorized"),
        # BuildKit tries four times, in seven seconds.
        (Fault.FULL, "507 Insufficient Storage"),
    ],
)
def test_a_registry_that_takes_nothing(
    fault: Fault, words: str, how: str, project: Project, registry: FaultyRegistry
) -> None:
    registry.become(fault)
    project.declare(f'cache.registry(ref="{registry.address}/faults/{how}:{fault.name.lower()}", mode="max")')
    ran = project.run(how)
    assert ran.code == 1
    assert f"build.envd:{LINE}:5: error[EC506]" in ran.err
    assert words in said(ran, "EC506")
    assert [state for _, state in ran.exports] == ["failed"]
    if fault is Fault.FULL:
        assert "EC505" not in ran.err
    else:
        assert f"build.envd:{LINE}:5: warning[EC505]" in ran.err
        assert words in said(ran, "EC505")


@each_way
@pytest.mark.parametrize("fault", [Fault.DOWN, Fault.UNAUTHORIZED])
def test_an_export_whose_failure_is_declared_to_be_no_error(
    fault: Fault, how: str, project: Project, registry: FaultyRegistry
) -> None:
    registry.become(fault)
    project.declare(f'cache.registry(ref="{registry.address}/faults/ignored", ignore_error=True)')
    ran = project.run(how)
    assert ran.code == 0, ran.err
    assert ran.codes == ["warning EC505", "warning EC506"]
    assert "the build went on" in said(ran, "EC506")
    if how == "exec":
        assert (project.folder / "out/stamp").exists()
    else:
        words = ["/usr/bin/env", "docker", "image", "inspect", project.tag]
        assert subprocess.run(words, env=project.environ, capture_output=True, check=False).returncode == 0
    strict = project.run(how, "--strict")
    assert strict.code == 1
    assert strict.codes == ["error EC505", "error EC506"]


@each_way
def test_a_registry_that_is_killed_in_the_middle_of_an_export(
    how: str, project: Project, registry: FaultyRegistry
) -> None:
    project.declare(f'cache.registry(ref="{registry.address}/faults/killed-{how}", mode="max")')

    def kill() -> None:
        while not any(request.method == "POST" for request in registry.requests):
            over.wait(0.005)
        registry.become(Fault.DOWN)

    over = threading.Event()
    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    ran = project.run(how)
    assert ran.code == 1
    assert f"build.envd:{LINE}:5: error[EC506]" in ran.err
    assert ran.imports[0][1] == "missing"
    killer.join(DEADLINE)


def test_a_slow_registry(project: Project, registry: FaultyRegistry) -> None:
    ref = f"{registry.address}/faults/slow:1"
    project.declare(f'cache.registry(ref="{ref}", mode="max")')
    registry.become(Fault.SLOW, seconds=0.2)
    ran = project.run("exec")
    assert (ran.code, ran.exports) == (0, [(ref, "written")])


@each_way
def test_an_import_that_is_cut(how: str, project: Project, registry: FaultyRegistry, prune: Prune) -> None:
    ref = f"{registry.address}/faults/cut-{how}:1"
    project.declare(f'cache.registry(ref="{ref}", mode="max")')
    assert project.run(how).exports == [(ref, "written")]
    prune("new")
    registry.become(Fault.CUT, limit=100)
    project.declare(f'cache.registry(ref="{ref}", use="import")')
    ran = project.run(how)
    assert ran.code == 0, ran.err
    assert ran.imports == [(ref, "failed")]
    assert f"build.envd:{LINE}:5: warning[EC505]" in ran.err
    assert "unexpected EOF" in said(ran, "EC505")
    assert project.run(how, "--strict").code == 1
    registry.become(Fault.NONE)
    assert project.run(how, "--strict").imports == [(ref, "found")]


# ---- a directory ----


@each_way
@pytest.mark.parametrize(
    ("path", "words"), [("kept", "not a directory"), ("/proc/nowhere", "no such file or directory")]
)
@pytest.mark.parametrize("ignored", [False, True])
def test_a_directory_that_cannot_be_made(
    ignored: bool, path: str, words: str, how: str, project: Project
) -> None:
    (project.folder / "kept").write_text("a file\n")
    # It is the client's own part: BuildKit never hears that the error is to be ignored.
    project.declare(f'cache.local(path="{path}", ignore_error={ignored})')
    ran = project.run(how)
    assert ran.code == 1
    assert f"build.envd:{LINE}:5: error[EC506]" in ran.err
    assert words in said(ran, "EC506")
    assert ran.exports == [(path, "failed")]
    assert "found" not in dict(ran.imports).values()


@each_way
def test_a_directory_that_lost_a_part(how: str, project: Project, prune: Prune) -> None:
    project.declare('cache.local(path="kept", mode="max")')
    assert project.run(how).exports == [("kept", "written")]
    shutil.rmtree(project.folder / "kept/blobs")
    prune("new")
    ran = project.run(how)
    assert ran.code == 0, ran.err
    assert (ran.imports, ran.exports) == ([("kept", "failed")], [("kept", "written")])
    assert "a part of this directory is gone" in ran.err
    assert project.run(how, "--strict").imports == [("kept", "found")]


def test_an_index_that_is_broken(project: Project) -> None:
    project.declare('cache.local(path="kept", mode="max")')
    (project.folder / "kept").mkdir()
    (project.folder / "kept/index.json").write_text("{")
    ran = project.run("exec")
    assert ran.code == 1
    # The layers are there, and nothing leads to them.
    assert ran.exports == [("kept", "failed")]
    assert "index.json" in said(ran, "EC506")


def test_a_directory_that_is_not_there(project: Project) -> None:
    project.declare('cache.local(path="kept", use="import")')
    ran = project.run("exec", "--strict")
    assert (ran.code, ran.codes) == (0, ["note EC505"])


# ---- the engine ----


@each_way
def test_an_engine_that_is_not_there(how: str, project: Project) -> None:
    project.environ["DOCKER_HOST"] = NOWHERE
    project.declare('cache.registry(ref="127.0.0.1:1/x")')
    ran = project.run(how)
    assert (ran.code, ran.codes) == (1, ["error EC509"])
    assert NOWHERE in said(ran, "EC509")
    assert "#1" not in ran.err
    ran = project.run(how, "--no-preflight")
    assert (ran.code, ran.codes) == (1, ["error EC509"])
    assert "the engine did not answer" in said(ran, "EC509")
    assert [state for _, state in ran.exports] == ["not reached"]


class OwnEngine(NamedTuple):
    address: str
    pid: int


@pytest.fixture
def own_engine(engines: Engines) -> Iterator[OwnEngine]:
    """Return an engine that a test may kill."""
    del engines
    folder = tempfile.mkdtemp(prefix="envd-cache-engines.")
    words = ["--state", folder, "--format", "json", "--owner", str(os.getpid()), "--engines", "new"]
    done = run_tool("up", *words)
    assert done.returncode == 0, done.stderr
    try:
        state = json.loads(Path(folder, "state.json").read_text())
        yield OwnEngine(json.loads(done.stdout)["engines"]["new"], state["processes"]["new"][0])
    finally:
        end_steps(folder)
        done = run_tool("down", folder)
        assert done.returncode == 0, done.stderr


def end_steps(folder: str) -> None:
    """End the steps of an engine that was killed, which go on without it; they are in its control groups."""
    for name in json.loads(Path(folder, "state.json").read_text())["bridges"]:
        for group in control_groups(name):
            for file in group.rglob("cgroup.procs"):
                for number in file.read_text().split():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(number), signal.SIGKILL)
                for _ in range(500):
                    if not file.read_text().strip():
                        break
                    time.sleep(0.01)


def until(started: subprocess.Popen[bytes], word: bytes) -> None:
    """Read what a run says until its step says a word itself."""
    assert started.stderr is not None
    read = []
    for line in started.stderr:
        read.append(line)
        if word in line and b"sleep" not in line:
            return
    pytest.fail(b"".join(read).decode())


def test_an_engine_that_is_killed(project: Project, own_engine: OwnEngine) -> None:
    project.environ["DOCKER_HOST"] = own_engine.address
    project.declare('cache.local(path="kept")', step=WAITING)
    started = {how: project.start(how) for how in ("exec", "build")}
    for each in started.values():
        until(each, b"begun")
    os.kill(own_engine.pid, signal.SIGKILL)
    for each in started.values():
        assert each.stderr is not None
        with each:
            err = each.stderr.read().decode()
            assert each.wait(DEADLINE) == 1
        assert "error[EC509]: the engine went away during the build: " in err
        assert "local kept  not reached" in err
    assert list(project.temporary.iterdir()) == []


# ---- the user ----


@each_way
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_a_step(number: int, how: str, project: Project) -> None:
    project.declare('cache.local(path="kept")', step=WAITING)
    started = project.start(how)
    until(started, b"begun")
    # Ctrl-C goes to all who are in front of the terminal, `kill` to one.
    (os.killpg if number == signal.SIGINT else os.kill)(started.pid, number)
    ran = project.ended(started)
    # The client's own: buildx answers and says 1, envd is ended by the signal.
    assert ran.code == (1 if how == "exec" else 128 + number)
    assert ran.report["exit_code"] == ran.code
    assert ran.exports == [("kept", "not reached")]
    assert (ran.steps["left"], ran.steps["run"]) == (1, 0)
    assert ("context canceled" if how == "exec" else f"({signal.Signals(number).name})") in ran.err


@each_way
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_an_export(number: int, how: str, project: Project, registry: FaultyRegistry) -> None:
    ref = f"{registry.address}/faults/stopped:{how}"
    project.declare(f'cache.registry(ref="{ref}", use="export")')
    registry.become(Fault.SLOW, seconds=600)
    started = project.start(how)
    until(started, b"exporting cache")
    (os.killpg if number == signal.SIGINT else os.kill)(started.pid, number)
    ran = project.ended(started)
    registry.become(Fault.NONE)
    assert ran.code == (1 if how == "exec" else 128 + number)
    assert ran.exports[0][1] in ("not reached", "failed")
