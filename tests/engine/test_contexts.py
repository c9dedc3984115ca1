"""Which engine a command will use, beside what envd and docker themselves write and choose."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envd_cache.engine.contexts import (
    Engine,
    buildctl_engine,
    buildx_engine,
    default_builder,
    docker_engine,
    envd_engine,
)
from envd_cache.engine.gob import decode

if TYPE_CHECKING:
    from envd_cache.diagnostics import Result

DEFAULT = "unix:///var/run/docker.sock"
ENVD = shutil.which("envd", path=str(Path(sys.executable).parent)) or shutil.which("envd")
# The beginning of what envd 1.3.6 writes.
CUT = bytes.fromhex(
    "32 7f 03 01 01 0b 45 6e 76 64 43 6f 6e 74 65 78 74 01 ff 80 00 01 02 01 07 43 75 72 72 65 6e 74"
)


def only_message(found: Result[Engine | None]) -> str:
    assert found.value is None
    [problem] = found.diagnostics
    assert (problem.code, problem.severity) == ("EC509", "error")
    return problem.message


# ---- envd ----


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """Return the folder with the key that envd makes when it runs for the first time, which takes a while."""
    if ENVD is None:
        return None
    home = tmp_path_factory.mktemp("first")
    envd(home, "context", "ls")
    (home / ".config/envd/contexts").unlink()
    return home / ".config/envd"


@pytest.fixture
def home(tmp_path: Path, keys: Path | None) -> Path:
    """Return a home in which envd has run, but knows no contexts."""
    if keys is not None:
        shutil.copytree(keys, tmp_path / ".config/envd")
    return tmp_path


def envd(home: Path, *words: str, **environ: str) -> str:
    if ENVD is None:
        pytest.skip("needs envd")
    own = {"PATH": os.defpath, "HOME": str(home), "ENVD_ANALYTICS": "false", **environ}
    done = subprocess.run([ENVD, *words], env=own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def create(home: Path, name: str, builder: str, address: str) -> None:
    words = ["context", "create", "--name", name, "--builder", builder, "--builder-address", address]
    envd(home, *words, "--use")


def test_before_envd_ever_ran(tmp_path: Path) -> None:
    assert envd_engine({}, str(tmp_path)).value == Engine("docker", DEFAULT, "envd's default context")


def test_envd_s_default(home: Path) -> None:
    # XDG_CONFIG_HOME moves nothing.
    listed = envd(home, "context", "ls", XDG_CONFIG_HOME=str(home / "xdg"))
    assert "default (current)" in listed
    assert "moby-worker" in listed
    found = envd_engine({"DOCKER_HOST": "tcp://far:2375"}, str(home)).value
    assert found == Engine("docker", "tcp://far:2375", "the envd context `default` and DOCKER_HOST")


@pytest.mark.parametrize(
    ("builder", "address", "expected"),
    [
        ("moby-worker", "x", Engine("docker", DEFAULT, "the envd context `ci`")),
        ("tcp", "far:1234", Engine("buildkit", "tcp://far:1234", "the envd context `ci`")),
        ("unix", "/run/b.sock", Engine("buildkit", "unix:///run/b.sock", "the envd context `ci`")),
        *(
            (kind, "b", Engine("buildkit", f"{kind}://b", "the envd context `ci`"))
            for kind in ("docker-container", "kube-pod", "nerdctl-container")
        ),
    ],
)
def test_contexts_that_envd_wrote(home: Path, builder: str, address: str, expected: Engine) -> None:
    create(home, "ci", builder, address)
    assert envd_engine({}, str(home)).value == expected
    # The current one is asked for, not the last.
    envd(home, "context", "use", "--name", "default")
    current = envd_engine({}, str(home)).value
    assert current == Engine("docker", DEFAULT, "the envd context `default`")


def test_many_contexts(home: Path) -> None:
    # Lengths above 127 have another form.
    for number in range(4):
        create(home, f"n{number}-" + "x" * 150, "unix", f"/run/{number}")
    found = envd_engine({}, str(home)).value
    assert found is not None
    assert found.address == "unix:///run/3"


def test_a_runner_s_address_takes_no_part(home: Path) -> None:
    words = ["--runner", "envd-server", "--runner-address", "http://127.0.0.1:1", "--use"]
    envd(home, "context", "create", "--name", "s", "--builder", "unix", "--builder-address", "/b", *words)
    found = envd_engine({}, str(home)).value
    assert found == Engine("buildkit", "unix:///b", "the envd context `s`")


@pytest.mark.parametrize("data", [b"", b"\x00", CUT, b"{}", b"\x03\x04\x00\x05", b"\xf8" + b"\xff" * 8])
def test_contexts_that_cannot_be_read(home: Path, data: bytes) -> None:
    path = home / ".config/envd/contexts"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    assert only_message(envd_engine({}, str(home))) == f"`{path}` does not hold envd's contexts"


def test_contexts_that_are_a_folder(home: Path) -> None:
    path = home / ".config/envd/contexts"
    path.mkdir(parents=True)
    assert only_message(envd_engine({}, str(home))) == f"`{path}` cannot be read: is a directory"


def test_a_current_context_that_does_not_exist(home: Path) -> None:
    create(home, "gone", "unix", "/b")
    path = home / ".config/envd/contexts"
    data = path.read_bytes()
    assert data.count(b"gone") == 2
    path.write_bytes(data.replace(b"gone", b"none", 1))
    assert only_message(envd_engine({}, str(home))) == "envd's current context `none` does not exist"


# ---- gob ----


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        decode(data)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, keys: Path | None) -> bytes:
    home = tmp_path_factory.mktemp("home")
    if keys is not None:
        shutil.copytree(keys, home / ".config/envd")
    create(home, "ci", "tcp", "far:1234")
    return (home / ".config/envd/contexts").read_bytes()


def test_a_damaged_file_is_read_or_refused(written: bytes) -> None:
    assert decode(written)["Current"] == "ci"
    for at in range(len(written)):
        with pytest.raises(ValueError, match="ends too early"):
            decode(written[:at])
        for value in (0, 1, 0x7F, 0x80, 0xF8, 0xFF):
            with contextlib.suppress(ValueError):
                decode(written[:at] + bytes([value]) + written[at + 1 :])


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("03 04 00 06", 3),
        ("03 04 00 05", -3),
        ("05 04 00 fe 02 00", 256),
        ("06 0c 00 03 61 62 63", "abc"),
        ("05 0a 00 02 00 ff", b"\x00\xff"),
        ("03 02 00 01", True),
    ],
)
def test_simple_values(data: str, expected: object) -> None:
    assert decode(bytes.fromhex(data)) == expected


# ---- docker ----


def write_context(config: Path, name: str, endpoint: object, *, certificates: bool = False) -> str:
    """Write a context as docker 26.1.5 does, and return the folder of its certificates."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    meta = config / "contexts/meta" / digest
    meta.mkdir(parents=True)
    text = {"Name": name, "Metadata": {}, "Endpoints": {"docker": endpoint}}
    (meta / "meta.json").write_text(json.dumps(text))
    tls = config / "contexts/tls" / digest / "docker"
    if certificates:
        tls.mkdir(parents=True)
    return str(tls)


@pytest.fixture
def config(home: Path) -> Path:
    folder = home / ".docker"
    folder.mkdir()
    (folder / "config.json").write_text('{"auths": {}, "currentContext": "mine"}')
    write_context(folder, "mine", {"Host": "unix:///mine.sock", "SkipTLSVerify": False})
    write_context(folder, "other", {"Host": "unix:///other.sock", "SkipTLSVerify": False})
    return folder


MINE = Engine("docker", "unix:///mine.sock", "the docker context `mine`", tls={})
OTHER = Engine("docker", "unix:///other.sock", "DOCKER_CONTEXT", tls={})


def test_what_docker_uses(home: Path, config: Path) -> None:
    at_home = str(home)
    assert docker_engine({}, at_home).value == MINE
    assert docker_engine({"DOCKER_CONFIG": str(config)}, "/none").value == MINE
    assert docker_engine({"DOCKER_CONTEXT": "other"}, at_home).value == OTHER
    by_host = Engine("docker", "unix:///h", "DOCKER_HOST")
    assert docker_engine({"DOCKER_HOST": "unix:///h", "DOCKER_CONTEXT": "other"}, at_home).value == by_host
    given = docker_engine({"DOCKER_HOST": "unix:///h"}, at_home, context="other").value
    assert given == OTHER.replace(because="--context")
    default = docker_engine({"DOCKER_HOST": "unix:///h"}, at_home, context="default").value
    assert default == by_host
    assert docker_engine({}, at_home, host="unix:///g").value == Engine("docker", "unix:///g", "--host")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"currentContext": 4}', '{"currentContext": ""}', "{}"])
def test_docker_takes_a_broken_file_for_an_empty_one(home: Path, text: str) -> None:
    (home / ".docker").mkdir()
    (home / ".docker/config.json").write_text(text)
    found = docker_engine({}, str(home)).value
    assert found == Engine("docker", DEFAULT, "docker's default address")


def test_a_context_that_does_not_exist(home: Path, config: Path) -> None:
    found = docker_engine({"DOCKER_CONTEXT": "othr"}, str(home))
    assert only_message(found) == "docker has no context `othr`"
    assert found.diagnostics[0].hint == "did you mean `other`?"
    assert config.exists()


@pytest.mark.parametrize("endpoint", [None, {}, {"Host": 5}, []])
def test_a_context_without_an_address(home: Path, config: Path, endpoint: object) -> None:
    write_context(config, "odd", endpoint)
    found = docker_engine({}, str(home), context="odd")
    assert only_message(found) == "docker's context `odd` has no address of an engine"


def test_a_context_that_is_not_json(home: Path, config: Path) -> None:
    write_context(config, "odd", {})
    [path] = [path for path in config.rglob("meta.json") if "odd" in path.read_text()]
    path.write_text("{")
    found = docker_engine({}, str(home), context="odd")
    assert only_message(found) == f"docker's `{path}` cannot be read: it is not JSON"


def test_tls_of_a_context(home: Path, config: Path) -> None:
    far = {"Host": "tcp://far:2376"}
    folder = write_context(config, "verified", {**far, "SkipTLSVerify": False}, certificates=True)
    plain = write_context(config, "plain", {**far, "SkipTLSVerify": False})
    unverified = write_context(config, "unverified", {**far, "SkipTLSVerify": True})
    environ = {"DOCKER_CERT_PATH": "/of/the/environment", "DOCKER_TLS_VERIFY": "1", "PATH": "/bin"}

    def used(name: str) -> object:
        found = docker_engine(environ, str(home), context=name).value
        assert found is not None
        return found.environ(environ)

    assert used("verified") == {"PATH": "/bin", "DOCKER_CERT_PATH": folder, "DOCKER_TLS_VERIFY": "1"}
    assert used("plain") == {"PATH": "/bin"}
    assert plain != folder
    assert used("unverified") == {"PATH": "/bin", "DOCKER_CERT_PATH": unverified}
    default = docker_engine({**environ, "DOCKER_HOST": "tcp://h"}, str(home)).value
    assert default is not None
    assert default.environ(environ) == environ


# ---- buildx and buildctl ----


def test_builders(home: Path, config: Path) -> None:
    assert config.exists()
    assert buildx_engine({}, "b") == Engine("builder", "b", "--builder")
    assert buildx_engine({"BUILDX_BUILDER": "e"}, "b") == Engine("builder", "b", "--builder")
    assert buildx_engine({"BUILDX_BUILDER": "e"}) == Engine("builder", "e", "BUILDX_BUILDER")
    assert buildx_engine({}) == Engine("builder", "", "buildx's current builder")
    # `docker build` does not look at what `docker buildx use` chose.
    at_home = str(home)
    assert default_builder({"BUILDX_BUILDER": "e"}, at_home) == Engine("builder", "e", "BUILDX_BUILDER")
    assert default_builder({}, at_home) == Engine("builder", "mine", "the docker context `mine`")
    assert default_builder({"DOCKER_HOST": "unix:///h"}, at_home) == Engine(
        "builder", "default", "DOCKER_HOST"
    )
    assert default_builder({}, at_home, "other") == Engine("builder", "other", "--context")


def test_buildctl() -> None:
    assert buildctl_engine({"BUILDKIT_HOST": "tcp://h"}, "unix:///a") == Engine(
        "buildkit", "unix:///a", "--addr"
    )
    assert buildctl_engine({"BUILDKIT_HOST": "tcp://h"}) == Engine("buildkit", "tcp://h", "BUILDKIT_HOST")
    default = buildctl_engine({})
    assert default == Engine("buildkit", "unix:///run/buildkit/buildkitd.sock", "buildctl's default address")
