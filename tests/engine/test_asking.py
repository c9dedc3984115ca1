"""When an engine is asked what it can do, and who: what is asked ahead, and what is not asked at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import starlark

from envd_cache.catalog.clients import ENVD
from envd_cache.cli.child import NOT_FOUND, Questions, program, run
from envd_cache.emit.registry import Options
from envd_cache.engine.ahead import ahead
from envd_cache.engine.asking import ask_engine
from envd_cache.engine.contexts import BUILDER, DOCKER, Engine, buildx_engine, own_builder
from envd_cache.engine.envd import for_envd
from envd_cache.engine.probe import read_inspect
from tests.emit.workshop import Workshop
from tests.engine.placing import plan_of
from tests.engine.running import PACKAGE
from tests.engine.standin import engine, info

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envd_cache.emit.wire import WireEntry
    from tests.engine.conftest import MakeEnvironment

NOWHERE = "unix:///nowhere/docker.sock"
VERSION = (0, "github.com/docker/buildx v0.29.1 x\n", "")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder with a path short enough for a socket."""
    made = Path(tempfile.mkdtemp(prefix="envd-cache."))
    yield made
    shutil.rmtree(made)


# ---- builders that can be docker's engine alone ----


def test_where_nobody_made_a_builder_it_is_dockers_engine(tmp_path: Path) -> None:
    found = own_builder({"DOCKER_HOST": NOWHERE}, str(tmp_path), "")
    assert found == Engine(DOCKER, NOWHERE, "DOCKER_HOST")
    assert own_builder({"DOCKER_HOST": NOWHERE}, str(tmp_path), "default") == found
    assert own_builder({"DOCKER_HOST": NOWHERE}, str(tmp_path), "other") is None


@pytest.mark.parametrize(
    ("path", "content", "kept"),
    [
        ("instances/ci", "{}", False),
        ("defaults/0123", "ci", False),
        ("current", '{"Key": "k", "Name": "ci", "Global": false}', False),
        ("current", '{"Key": "k", "Name": "", "Global": false}', True),
        ("current", "no JSON", False),
        ("instances", "a file", False),
        ("refs/default/default0/abc", "{}", True),
    ],
)
@pytest.mark.parametrize("variable", ["", "DOCKER_CONFIG", "BUILDX_CONFIG"])
def test_a_builder_that_somebody_made_or_chose(
    path: str, content: str, kept: bool, variable: str, tmp_path: Path
) -> None:
    at = {"": ".docker/buildx", "DOCKER_CONFIG": "config/buildx", "BUILDX_CONFIG": "config"}[variable]
    file = tmp_path / at / path
    file.parent.mkdir(parents=True)
    file.write_text(content)
    environ = {variable: str(tmp_path / "config"), "DOCKER_HOST": NOWHERE}
    assert (own_builder(environ, str(tmp_path), "") is not None) == kept


@pytest.mark.parametrize("suite", ["trixie", "forky"])
def test_buildx_itself_says_the_same(suite: str, environment: MakeEnvironment) -> None:
    environ = environment("new", suite=suite)
    home = environ["HOME"]

    def buildx(*words: str) -> str:
        done = subprocess.run(
            ["/usr/bin/env", "docker", "buildx", *words],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert read_inspect(buildx("inspect")).driver == "docker"
    assert own_builder(environ, home, "") == Engine(DOCKER, environ["DOCKER_HOST"], "DOCKER_HOST")
    # A builder that was made and is not in use, one that is, and one that is gone again.
    buildx("create", "--name", "made", "--driver", "remote", "tcp://127.0.0.1:1")
    assert own_builder(environ, home, "") is None
    buildx("use", "made")
    assert read_inspect(buildx("inspect")).driver == "remote"
    assert own_builder(environ, home, "") is None
    buildx("use", "--default", "default")
    buildx("rm", "made")
    assert read_inspect(buildx("inspect")).driver == "docker"


# ---- who is asked ----


class Program:
    """A stand-in for docker: its answers by the last word, and what it was asked."""

    def __init__(self, **answers: tuple[int, str, str]) -> None:
        self.answers = answers
        self.begun: list[str] = []
        self.asked: list[str] = []

    def begin(self, words: Sequence[str]) -> None:
        self.begun.append(" ".join(words))

    def __call__(self, words: Sequence[str]) -> tuple[int, str, str]:
        self.asked.append(" ".join(words))
        return self.answers[words[-1]]


INSPECTED = (0, "Name: ci\nDriver: docker-container\n\nNodes:\nName: ci0\nBuildKit version: v0.20.1\n", "")


def test_a_builder_that_is_dockers_engine_is_not_asked_through_buildx(folder: Path) -> None:
    docker = Program(version=VERSION)
    with engine(info(), folder) as running:
        environ = {"DOCKER_HOST": running.address}
        asked = ask_engine(buildx_engine({}), environ, str(folder), docker, docker.begin)
        found = asked()
    assert found.value is not None
    assert found.value.engine.startswith("docker 26.1.5")
    assert (docker.begun, docker.asked) == ([], ["docker buildx version"])


@pytest.mark.parametrize(
    ("base", "builder"),
    [
        (("docker", "--config", "x", "buildx"), ""),
        (("docker", "-H", "tcp://h:1", "buildx"), ""),
        (("docker", "buildx"), "ci"),
    ],
)
def test_a_builder_that_may_be_another_is_asked_through_buildx(
    base: tuple[str, ...], builder: str, tmp_path: Path
) -> None:
    docker = Program(inspect=INSPECTED, ci=INSPECTED)
    words = " ".join([*base, "inspect", *([builder] if builder else [])])
    asked = ask_engine(Engine(BUILDER, builder, ""), {}, str(tmp_path), docker, docker.begin, base=base)
    # The question is on its way before anybody waits for the answer.
    assert (docker.begun, docker.asked) == ([words], [])
    found = asked()
    assert found.value is not None
    assert found.value.version == "v0.20.1"
    assert docker.asked == [words]


def test_that_there_is_no_buildx_is_still_told_before_the_build(folder: Path) -> None:
    missing = (1, "", "docker: 'buildx' is not a docker command.\n")
    docker = Program(version=missing, inspect=missing)
    with engine(info(), folder) as running:
        environ = {"DOCKER_HOST": running.address}
        found = ask_engine(buildx_engine({}), environ, str(folder), docker, docker.begin)()
    assert found.value is None
    [problem] = found.diagnostics
    assert (problem.code, problem.severity) == ("EC509", "error")
    assert "'buildx' is not a docker command" in problem.message


def test_of_an_engine_that_does_not_answer_buildx_says_why(tmp_path: Path) -> None:
    docker = Program(version=VERSION, inspect=(1, "", "ERROR: Cannot connect to the Docker daemon\n"))
    found = ask_engine(buildx_engine({}), {"DOCKER_HOST": NOWHERE}, str(tmp_path), docker, docker.begin)()
    [problem] = found.diagnostics
    assert problem.message == "buildx's current builder cannot be used: Cannot connect to the Docker daemon"


# ---- asking ahead ----


def test_work_is_done_while_others_are() -> None:
    both = threading.Barrier(2, timeout=30)
    first, second = ahead(both.wait), ahead(both.wait)
    assert {first(), second()} == {0, 1}
    assert first() == first()


def test_all_imports_of_a_build_are_looked_for_at_once(tmp_path: Path) -> None:
    plan = plan_of(Workshop(tmp_path), 'cache.registry(ref="h.example/r", key=["a", "b", "c"])')
    all_ = threading.Barrier(3, timeout=30)

    def is_there(entry: WireEntry) -> bool:
        all_.wait()
        return ("ref", "h.example/r:b") in entry.attrs

    found = for_envd(plan, Options(client=ENVD, environ={}), lambda _directory, _tag: "", is_there)
    assert [dict(entry.attrs)["ref"] for entry in found.value.imports] == ["h.example/r:b"]


def test_what_goes_wrong_is_told_to_who_wants_the_answer() -> None:
    def fail() -> None:
        raise OSError("no answer")

    answer = ahead(fail)
    with pytest.raises(OSError, match="no answer"):
        answer()


def test_without_threads_it_is_asked_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert ahead(lambda: 7)() == 7


def test_a_program_that_was_asked_ahead_is_started_once(tmp_path: Path) -> None:
    words = ["/bin/sh", "-c", "echo x >>began; echo said; echo wrong >&2; exit 3"]
    ask = Questions({}, 30.0)
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        ask.ahead(words)
        assert ask(words) == ask(words) == (3, "said\n", "wrong\n")
    finally:
        os.chdir(before)
    assert (tmp_path / "began").read_text() == "x\n"


def test_a_program_that_is_not_there_is_told_when_it_is_wanted() -> None:
    ask = Questions({}, 30.0)
    ask.ahead(["/nowhere/docker"])
    assert ask(["/nowhere/docker"]) == (NOT_FOUND, "", "`/nowhere/docker` was not found")
    ask.close()


def test_a_program_that_says_nothing() -> None:
    ask = Questions({}, 0.05)
    words = ["/bin/sh", "-c", "exec sleep 600"]
    ask.ahead(words)
    assert ask(words) == (124, "", "no answer within 0.05 s")


def test_what_nobody_wants_any_more_is_ended(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    ask = Questions({}, 30.0)
    script = f"import time; file = open({str(pipe)!r}, 'w'); time.sleep(20); file.write('not ended')"
    ask.ahead([sys.executable, "-c", script])
    # Opened as soon as the program has opened it, and at its end when the program has ended.
    with pipe.open() as reading:
        ask.close()
        assert reading.read() == ""


def test_the_caller_is_told_that_a_client_has_begun(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    wait = f"for i in $(seq 300); do [ -e {mark} ] && echo there && exit; sleep 0.1; done; exit 3"
    taken: list[bytes] = []
    assert run(["/bin/sh", "-c", wait], dict(os.environ), out=taken.append, begun=mark.touch) == 0
    assert b"".join(taken) == b"there\n"


def test_a_client_is_ended_when_its_caller_fails() -> None:
    def fail() -> None:
        raise ValueError("ours")

    with pytest.raises(ValueError, match="ours"):
        run(["/bin/sh", "-c", "exec sleep 600"], {}, begun=fail)


# ---- how a client is found ----


@pytest.mark.parametrize("path", ["a:b", "b:a", "b", "", ":b", "a:nowhere", "b/x:b", None])
@pytest.mark.parametrize(
    "name", ["docker", "envd", "folder", "b/docker", "./b/docker", "a/docker", "none", "sh"]
)
def test_a_program_is_found_as_python_finds_it(
    name: str, path: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file, mode in (("a/docker", 0o644), ("b/docker", 0o755), ("b/envd", 0o755), ("envd", 0o755)):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch(mode)
    (tmp_path / "b/folder").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.defpath)
    environ = {} if path is None else {"PATH": path}
    assert program(name, environ) == shutil.which(name, path=path)


# ---- what a build loads before its client is started ----

DRY_RUN = """
import sys
sys.path[:0] = {path!r}
from envd_cache.cli.main import main
code = main(["build", "--dry-run", "--envd", "/bin/true"])
sys.stderr.write(" ".join(sorted(sys.modules)))
sys.exit(code)
"""
# Each takes 2 to 10 ms: a good part of all that we add to a build with nothing to do.
LATER = {
    *("http.client", "ssl", "email", "hashlib", "tempfile", "random", "urllib.parse", "argparse"),
    *("envd_cache.engine.matched", "envd_cache.engine.telling", "envd_cache.engine.plaintext"),
    *("envd_cache.engine.rawjson", "envd_cache.engine.line", "envd_cache.remote.registry"),
}


def test_a_build_asks_its_engine_without_what_is_slow_to_load(folder: Path) -> None:
    (folder / "build.envd").write_text('def build():\n    base()\n    cache.registry(ref="h.example/r")\n')
    path = [str(PACKAGE), str(Path(starlark.__file__).parents[1])]
    with engine(info(), folder) as running:
        done = subprocess.run(
            # Without `site`, whose .pth files load modules of their own.
            [sys.executable, "-I", "-S", "-c", DRY_RUN.format(path=path)],
            cwd=folder,
            env={"HOME": str(folder), "DOCKER_HOST": running.address, "TMPDIR": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert running.asked == ["/info docker"]
    assert set(done.stderr.split()) & LATER == set()
