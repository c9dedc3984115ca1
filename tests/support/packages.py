"""Fetches Debian packages and unpacks them beside the machine: its own apt, dpkg and /usr stay as they are.

The packages of a suite come through a private apt root (lists, state and archives of its own, signed by
the Debian keyring that the machine has) and are unpacked with `dpkg -x`. A set that was fetched once lies
under `cache()` and is not fetched again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

_INDEX = re.compile(r"^'([^']*)/dists/[^/'-]+/InRelease'", re.MULTILINE)
# What a test never reads, and half of the size.
_UNREAD = ("usr/share", "usr/include")


class CannotFetch(Exception):  # noqa: N818 - a state of the machine, no mistake of anybody
    """The packages cannot be had here; `str()` says why, without an address."""


def cache() -> Path:
    """Return the folder in which the tests keep what they fetched: $XDG_CACHE_HOME/envd-cache-tests."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "envd-cache-tests"


def debian(suite: str, names: Sequence[str], unread: Sequence[str] = _UNREAD) -> Path:
    """Return the root folder in which packages of a Debian suite lie unpacked, but for what nobody reads.

    Raises CannotFetch.
    """
    made = cache() / f"{suite}-{_digest(names if unread == _UNREAD else [*names, *unread])}"
    return once(made, lambda work: _unpack(work, suite, names, unread))


def pypi(requirement: str) -> Path:
    """Return the folder into which a requirement of PyPI was installed, alone. Raises CannotFetch."""
    made = cache() / f"pypi-{_digest([requirement])}"
    return once(made, lambda work: _install(work, requirement))


def _digest(names: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()[:12]


def once(made: Path, make: object) -> Path:
    """Make a folder if it is not there yet. Of several processes one works and the others wait."""
    assert callable(make)
    if made.is_dir():
        return made
    made.parent.mkdir(parents=True, exist_ok=True)
    with made.with_name(f".lock-{made.name}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.is_dir():
            work = Path(tempfile.mkdtemp(prefix=".fetch.", dir=made.parent))
            try:
                make(work)
                (work / "new").rename(made)
            finally:
                shutil.rmtree(work, ignore_errors=True)
    return made


def _unpack(work: Path, suite: str, names: Sequence[str], unread: Sequence[str]) -> None:
    for tool in ("apt-get", "dpkg"):
        if shutil.which(tool) is None:
            raise CannotFetch(f"this machine has no {tool}")
    if not KEYRING.is_file():
        raise CannotFetch(f"this machine has no Debian archive keyring, {KEYRING}")
    for folder in ("lists/partial", "archives/partial", "debs", "new"):
        (work / folder).mkdir(parents=True)
    (work / "status").touch()
    sources = work / "sources.list"
    sources.write_text(f"deb [signed-by={KEYRING}] {_mirror(work)} {suite} main\n")
    options = {
        "Dir::State": work,
        "Dir::State::lists": work / "lists",
        "Dir::State::status": work / "status",
        "Dir::Cache": work,
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", "-qq", *(word for key, value in options.items() for word in ("-o", f"{key}={value}"))]
    _run([*apt, "update"], work, f"the package index of Debian {suite}")
    _run([*apt, "download", *names], work / "debs", f"{', '.join(names)} of Debian {suite}")
    for deb in sorted((work / "debs").glob("*.deb")):
        _run(["dpkg", "-x", str(deb), str(work / "new")], work, deb.name)
    for folder in unread:
        shutil.rmtree(work / "new" / folder, ignore_errors=True)


def _mirror(work: Path) -> str:
    """Return the archive that the machine's own apt uses, or the one in DEBIAN_MIRROR."""
    if named := os.environ.get("DEBIAN_MIRROR"):
        return named
    # The machine's list, left unread: a fresh private state makes apt print every address.
    words = ["apt-get", "--print-uris", "-o", f"Dir::State::lists={work / 'lists'}", "update"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    found = _INDEX.search(done.stdout)
    if found is None:
        raise CannotFetch("this machine's apt knows no Debian archive; set DEBIAN_MIRROR")
    return found[1]


def _install(work: Path, requirement: str) -> None:
    words = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check"]
    _run([*words, "--target", str(work / "new"), requirement], work, f"{requirement} of PyPI")


def _run(words: list[str], folder: Path, what: str) -> None:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotFetch(f"could not fetch {what}")
