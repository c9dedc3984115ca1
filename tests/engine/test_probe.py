"""What a docker engine can do, as it answers: every kind of answer, and none."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envd_cache.engine.dockerapi import MAX_BODY, shown, split
from envd_cache.engine.probe import DOCKER_HINT, Abilities, docker_abilities
from tests.engine.standin import CLASSIC, Said, engine, info

if TYPE_CHECKING:
    from collections.abc import Sequence

INLINE = frozenset({"inline"})
READS = frozenset({"registry", "local"})
PATIENCE = 30.0
SHORT = 0.3


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a short name: a socket's path has at most 107 bytes."""
    return tmp_path_factory.mktemp("s")


def ask(address: str, timeout: float = PATIENCE, **environ: str) -> tuple[Abilities | None, str, str, str]:
    """Return the abilities, and severity, message and hint of the problem."""
    found = docker_abilities(address, environ, timeout)
    if not found.diagnostics:
        return found.value, "", "", ""
    [problem] = found.diagnostics
    assert problem.code == "EC509"
    return found.value, problem.severity, problem.message, problem.hint


# ---- what it says ----


NEW = (INLINE | READS | {"gha"}, READS | {"gha"}, 0)
OLD = (INLINE, READS, 1)
CASES = {
    "26 containerd": (info(), "docker 26.1.5, containerd image store", NEW, "v0.13.2"),
    "26 classic": (info(status=CLASSIC), "docker 26.1.5, classic image store", (INLINE, READS, 0), "v0.13.2"),
    "20.10": (info("20.10.24+dfsg1", CLASSIC, "1.41"), "docker 20.10.24, classic image store", OLD, "v0.8.3"),
    # Its containerd image store is an experiment without any cache.
    "23": (info("23.0.6", api="1.42"), "docker 23.0.6, containerd image store", OLD, "v0.12.5"),
    "24": (info("24.0.9", api="1.43"), "docker 24.0.9, containerd image store", NEW, "v0.12.5"),
    "newer than all": (info("31.0.0", api="1.100"), "docker 31.0.0, containerd image store", NEW, ""),
    "no API version": (info("28.5.2", api=""), "docker 28.5.2, containerd image store", NEW, ""),
    "no version": (info("\x1b[31mdev"), "docker, containerd image store", NEW, "v0.13.2"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_an_engine_can_do(folder: Path, case: str) -> None:
    said, words, can, version = CASES[case]
    with engine(said, folder) as running:
        found, *problem = ask(running.address)
        assert running.asked == ["/info docker"]
    assert problem == ["", "", ""]
    assert found is not None
    assert found.engine == f"{words}, at {running.address}"
    assert (found.exports, found.imports, found.max_exports) == can
    assert found.version == version


def test_an_engine_on_tcp() -> None:
    with engine(info()) as running:
        found, *_ = ask(running.address)
        without_scheme, *_ = ask(running.address.removeprefix("tcp://"))
    assert found is not None
    assert without_scheme is not None
    assert found.kind == without_scheme.kind == "docker-containerd"


@pytest.mark.parametrize("status", [None, "io.containerd.snapshotter.v1", {"a": "b"}])
def test_a_store_that_it_does_not_tell(folder: Path, status: object) -> None:
    with engine(info(status=status), folder) as running:
        found, *problem = ask(running.address)
    assert found == Abilities(f"docker 26.1.5 at {running.address}", None, None)
    assert problem == ["", "", ""]


@pytest.mark.parametrize("rows", [[], [1], [["a"]], [["a", "b", "c"]], [["a", {"b": 1}]]])
def test_rows_that_are_none(folder: Path, rows: list[object]) -> None:
    with engine(info(status=rows), folder) as running:
        found, *_ = ask(running.address)
    assert found is not None
    assert found.kind == "docker-classic"


# ---- what is no answer ----


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (Said(b"{}", status=404), "it answers 404 to `/info`"),
        (Said(b"no", status=403), "it answers 403 to `/info`"),
        (Said(b'{"message":"x"}', status=500), "it answers 500 to `/info`"),
        (Said(b"<html>"), "what it answers is not docker's"),
        (Said(b""), "what it answers is not docker's"),
        (Said(b"\xff\xfe{"), "what it answers is not docker's"),
        (Said(b"[" * 100_000), "what it answers is not docker's"),
        (Said(b"[]"), "what it answers is not docker's"),
        (Said(b"{}"), "what it answers is not docker's"),
        (Said(b'{"ServerVersion": 5}'), "what it answers is not docker's"),
    ],
)
def test_an_answer_that_says_nothing_is_a_warning(folder: Path, said: Said, reason: str) -> None:
    with engine(said, folder) as running:
        found, severity, message, _ = ask(running.address)
    assert found == Abilities(f"docker at {running.address}", None, None)
    assert severity == "warning"
    assert message == f"what docker at `{running.address}` can do is not known: {reason}"


@pytest.mark.parametrize(
    "said", [Said(b"", silent=True), Said(b"", trickle=True)], ids=["silent", "a byte now and then"]
)
def test_an_engine_that_hangs(folder: Path, said: Said) -> None:
    with engine(said, folder) as running:
        found, severity, message, hint = ask(running.address, SHORT)
    assert found is None
    assert severity == "error"
    assert message == f"docker does not answer at `{running.address}`: no answer within 0.3 s"
    assert hint == DOCKER_HINT


def test_an_answer_without_end(folder: Path) -> None:
    with engine(Said(b" " * (MAX_BODY + 10)), folder) as running:
        found, _, message, _ = ask(running.address)
    assert found is None
    assert message.endswith(f"its answer to `/info` is larger than {MAX_BODY} bytes")


def answering(folder: Path, answer: bytes) -> tuple[str | None, str]:
    """Ask a socket that gives one answer, whatever it is, and hangs up; return the engine and the message."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{folder}/docker.sock")
        listening.listen()

        def say() -> None:
            connected, _ = listening.accept()
            with connected:
                connected.recv(1000)
                connected.sendall(answer)

        thread = threading.Thread(target=say)
        thread.start()
        found, _, message, _ = ask(f"unix://{folder}/docker.sock")
        thread.join()
    return (found.engine if found else None), message


INFO = b'{"ServerVersion": "26.1.5", "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}'


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.1 200\r\napi-version:1.45\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nCONTENT-LENGTH: %d\r\n\r\n" % len(INFO),
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\nX\r\n\r\n",
    ],
)
def test_heads_of_answers(head: bytes, folder: Path) -> None:
    engine_, message = answering(folder, head + INFO)
    assert message == ""
    assert engine_ is not None
    assert engine_.startswith("docker 26.1.5")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "remote end closed connection without response"),
        (b"HTTP/1.1 200 OK\r\nContent-Len", "it does not speak HTTP"),
        (b"HTTP/1.1 OK 200\r\n\r\n" + INFO, "it does not speak HTTP"),
        (b"HTTP/1.1\r\n\r\n" + INFO, "it does not speak HTTP"),
        ("HTTP/1.1 \u00b2 OK\r\n\r\n".encode("latin-1") + INFO, "it does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n" + INFO, "it does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + INFO, "is larger than 4194304 bytes"),
    ],
)
def test_answers_that_are_none_or_no_whole_one(answer: bytes, reason: str, folder: Path) -> None:
    engine_, message = answering(folder, answer)
    assert engine_ is None
    assert message.endswith(reason)


def test_what_is_not_http(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{folder}/docker.sock")
        listening.listen()

        # The answer lies ready before the question.
        def answer() -> None:
            connected, _ = listening.accept()
            with connected:
                connected.recv(1000)
                connected.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        found, _, message, _ = ask(f"unix://{folder}/docker.sock")
        thread.join()
    assert found is None
    assert message.endswith(": it does not speak HTTP")


def test_nothing_is_there(folder: Path) -> None:
    missing = f"unix://{folder}/none.sock"
    assert ask(missing) == (
        None,
        "error",
        f"docker does not answer at `{missing}`: there is no such socket",
        DOCKER_HINT,
    )


def test_nothing_listens(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(f"{folder}/docker.sock")
    assert ask(f"unix://{folder}/docker.sock")[2].endswith(": nothing listens there")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        assert ask(address)[2] == f"docker does not answer at `{address}`: nothing listens there"


PROBE_AS_NOBODY = """
import os, sys
from envd_cache.engine.probe import docker_abilities
address = sys.argv[1]
os.setgid(65534); os.setuid(65534)
found = docker_abilities(address, {}, 30.0)
print(found.diagnostics[0].message); print(found.diagnostics[0].hint)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody who may not use a socket")
def test_a_socket_that_one_may_not_use() -> None:
    # Not a folder of pytest: nobody else may look into those.
    made = Path(tempfile.mkdtemp(prefix="s."))
    try:
        made.chmod(0o755)
        with engine(info(), made) as running:
            (made / "docker.sock").chmod(0o660)
            words = [sys.executable, "-c", PROBE_AS_NOBODY, running.address]
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            assert running.asked == []
    finally:
        shutil.rmtree(made)
    message, hint = done.stdout.splitlines()
    assert message == f"docker does not answer at `{running.address}`: permission denied"
    assert hint == f"join the group that owns `{made}/docker.sock`"


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("tcp://", "this is no `host:port`"),
        ("tcp://h:99999", "this is no `host:port`"),
        ("tcp://h:x", "this is no `host:port`"),
        ("tcp://a..b:1", "this is no name of a host"),
        ("npipe:////./pipe/docker_engine", "`npipe://` is not an address that can be asked"),
        ("unix:///" + "a" * 200, "af_unix path too long"),
    ],
)
def test_addresses_that_are_none(address: str, reason: str) -> None:
    found, severity, message, _ = ask(address)
    assert found is None
    assert severity == "error"
    assert message == f"docker does not answer at `{address}`: {reason}"


def test_addresses() -> None:
    assert split("unix://") == ("unix", "/var/run/docker.sock")
    assert split("h:2375") == ("tcp", "h:2375")
    assert shown("ssh://me:word@h:22") == "ssh://me@h:22"
    assert shown("tcp://me:wo@rd@h") == "tcp://me@h"
    assert shown("unix:///a:b@c") == "unix:///a:b@c"
    assert shown("tcp://h\n\x1b[0m") == "tcp://h??[0m"


# ---- TLS ----


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder as DOCKER_CERT_PATH has it: one certificate for 127.0.0.1 that signs itself."""
    folder = tmp_path_factory.mktemp("certificates")
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    words += ["-subj", "/CN=engine", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    try:
        subprocess.run(
            [*words, "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")],
            capture_output=True,
            check=True,
        )
    except FileNotFoundError:
        pytest.skip("needs openssl, to make a certificate")
    (folder / "ca.pem").write_bytes((folder / "cert.pem").read_bytes())
    return folder


def test_tls(certificates: Path, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "cert.pem", certificates / "key.pem")
    context.load_verify_locations(certificates / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    with engine(info(), tls=context) as running:
        own = str(certificates)
        found, *_ = ask(running.address, DOCKER_TLS_VERIFY="1", DOCKER_CERT_PATH=own)
        assert found is not None
        unverified, *_ = ask(running.address, DOCKER_CERT_PATH=own)
        assert unverified == found
        home = tmp_path / "home"
        home.mkdir()
        (home / ".docker").symlink_to(certificates)
        at_home, *_ = ask(running.address, DOCKER_TLS_VERIFY="1", HOME=str(home))
        assert at_home == found

        # Without an authority of its own the certificate is a stranger's.
        stranger = tmp_path / "stranger"
        stranger.mkdir()
        for name in ("cert.pem", "key.pem"):
            (stranger / name).write_bytes((certificates / name).read_bytes())
        _, _, message, hint = ask(running.address, DOCKER_TLS_VERIFY="1", DOCKER_CERT_PATH=str(stranger))
        assert message.endswith(": TLS failed: certificate verify failed")
        assert hint == "check DOCKER_CERT_PATH"
        (stranger / "key.pem").write_text("no key")
        _, _, message, hint = ask(running.address, DOCKER_CERT_PATH=str(stranger))
        assert f"the certificates in `{stranger}` cannot be used" in message
        assert hint == "correct DOCKER_CERT_PATH"


# ---- ssh, through docker's own program ----


def test_ssh_needs_dockers_own_program() -> None:
    found, severity, message, _ = ask("ssh://me:word@far")
    assert found == Abilities("docker at ssh://me@far", None, None)
    assert severity == "warning"
    assert message == (
        "what docker at `ssh://me@far` can do is not known: "
        "an address with `ssh://` cannot be asked from here"
    )


def test_ssh_through_docker() -> None:
    asked: list[list[str]] = []

    def run(words: Sequence[str]) -> tuple[int, str, str]:
        asked.append(list(words))
        if "version" in words:
            return 0, "1.41\n", ""
        return 0, json.dumps({"ServerVersion": "20.10.24", "DriverStatus": CLASSIC}), ""

    found = docker_abilities("ssh://far", {}, PATIENCE, run)
    assert found.diagnostics == ()
    assert found.value is not None
    assert found.value.engine == "docker 20.10.24, classic image store, at ssh://far"
    assert found.value.max_exports == 1
    assert [words[:4] for words in asked] == [
        ["docker", "--host", "ssh://far", "info"],
        ["docker", "--host", "ssh://far", "version"],
    ]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((1, "", "warning\nssh: connect to host far: No route\n"), "ssh: connect to host far: No route"),
        ((127, "", ""), "it gives no reason"),
        ((0, '{"ServerVersion":"","ServerErrors":["no daemon"]}', ""), "no daemon"),
        ((1, '{"ServerVersion":"","ServerErrors":[]}', "bad\x1b[1m"), "bad [1m"),
    ],
)
def test_ssh_that_fails(answer: tuple[int, str, str], reason: str) -> None:
    found = docker_abilities("ssh://far", {}, PATIENCE, lambda _: answer)
    assert found.value is None
    assert found.diagnostics[0].message == f"docker does not answer at `ssh://far`: {reason}"
