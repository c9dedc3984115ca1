"""What a test engine takes from a Linux machine and must give back: processes, mounts, bridges,
control groups.

Everything here names one thing by its id: a process by its number and the time of its start, a mount and a
bridge by their names. Nothing is searched for by a word that could mean somebody else's.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import random
import signal
import socket
import struct
import time
from pathlib import Path
from typing import NamedTuple

_MNT_DETACH = 2
# Linux, include/uapi/linux/sockios.h and if.h
_ADD_BRIDGE, _DELETE_BRIDGE = 0x89A0, 0x89A1
_SET_FLAGS, _SET_ADDRESS, _SET_NETMASK = 0x8914, 0x8916, 0x891C
_UP = 1


class Process(NamedTuple):
    """A process that is this one and no later one with the same number."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Process:
        """Return the process that has a number now. Raises OSError when none has."""
        return cls(pid, stat_fields(pid)[19])

    def lives(self) -> bool:
        """Tell whether it runs still; one that has ended and waits for its parent does not."""
        try:
            fields = stat_fields(self.pid)
        except OSError:
            return False
        return fields[19] == self.started and fields[0] not in "ZX"

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it lives."""
        with contextlib.suppress(OSError):
            if self.lives():
                os.kill(self.pid, number)


def stat_fields(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat behind the name: [0] the state, [1] the parent, [19] the start."""
    text = Path(f"/proc/{pid}/stat").read_text()
    return text.rpartition(")")[2].split()


def processes() -> dict[Process, int]:
    """Return every process of the machine with the number of its parent."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                fields = stat_fields(int(entry))
                found[Process(int(entry), fields[19])] = int(fields[1])
    return found


def families(roots: set[Process]) -> set[Process]:
    """Return processes with all that descend from them."""
    parents = processes()
    found = set(roots)
    while grown := {each for each, parent in parents.items() if parent in {p.pid for p in found}} - found:
        found |= grown
    return found


def running(programs: frozenset[str], folder: Path) -> set[Process]:
    """Return the processes of some programs whose command line names something in a folder."""
    mark = os.fsencode(folder) + b"/"
    found = set()
    for process in processes():
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{process.pid}/cmdline").read_bytes().split(b"\0")
            if Path(os.fsdecode(words[0])).name in programs and any(mark in word for word in words):
                found.add(process)
    return found


def end(roots: set[Process], patience: float = 15) -> None:
    """End processes and all that descend from them: ask the roots, wait (seconds), then kill the rest."""
    everyone = families(roots) - {Process.of(os.getpid())}
    for process in roots & everyone:
        process.send(signal.SIGTERM)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and any(process.lives() for process in roots & everyone):
        time.sleep(0.02)
    # What came into being meanwhile, or lost its parent.
    everyone |= families(everyone) - {Process.of(os.getpid())}
    for process in everyone:
        process.send(signal.SIGKILL)
    while any(process.lives() for process in everyone):
        time.sleep(0.02)


def mounts(folder: Path) -> list[str]:
    """Return the mount points below a folder, the innermost first."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    below = [point for point in points if point.startswith(f"{folder}/")]
    return sorted(below, key=len, reverse=True)


def unmount(folder: Path) -> None:
    """Take away every mount below a folder."""
    libc = ctypes.CDLL(None, use_errno=True)
    for point in mounts(folder):
        libc.umount2(os.fsencode(point), _MNT_DETACH)


def control_groups(name: str) -> list[Path]:
    """Return the control groups of a name, in each hierarchy that the machine has."""
    top = Path("/sys/fs/cgroup")
    return [path for path in (top / name, *top.glob(f"*/{name}")) if path.is_dir()]


def delete_control_groups(name: str) -> None:
    """Take control groups away in which nothing runs any more, with all below them."""
    for found in control_groups(name):
        for folder, _, _ in os.walk(found, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(folder)


def on_overlay(folder: Path) -> bool:
    """Tell whether a folder lies on an overlay file system, on which another overlay cannot lie."""
    best, kind = "", ""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        point = before.split()[4]
        inside = point == "/" or str(folder) == point or str(folder).startswith(f"{point}/")
        if inside and len(point) >= len(best):
            best, kind = point, after.split()[0]
    return kind == "overlay"


def add_bridge(name: str) -> None:
    """Make a network bridge with an address of its own and no way out. Raises OSError."""
    first, second = _free_network()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _ADD_BRIDGE, name.encode() + b"\0")
        try:
            for request, address in (
                (_SET_ADDRESS, (10, first, second, 1)),
                (_SET_NETMASK, (255, 255, 255, 0)),
            ):
                place = struct.pack("=HH4B8x", socket.AF_INET, 0, *address)
                fcntl.ioctl(control, request, struct.pack("=16s16s8x", name.encode(), place))
            fcntl.ioctl(control, _SET_FLAGS, struct.pack("=16sH22x", name.encode(), _UP))
        except OSError:
            delete_bridge(name)
            raise


def delete_bridge(name: str) -> None:
    """Take a bridge away, if it is there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control, contextlib.suppress(OSError):
        fcntl.ioctl(control, _SET_FLAGS, struct.pack("=16sH22x", name.encode(), 0))
        fcntl.ioctl(control, _DELETE_BRIDGE, name.encode() + b"\0")


def _free_network() -> tuple[int, int]:
    """Return the middle of 10.A.B.0/24, to which the machine has no route yet."""
    routes = {line.split()[1] for line in Path("/proc/net/route").read_text().splitlines()[1:]}
    while True:
        first, second = random.randint(200, 250), random.randint(0, 250)
        if struct.pack("=4B", 10, first, second, 0)[::-1].hex().upper() not in routes:
            return first, second
