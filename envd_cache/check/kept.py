"""Keeps plain values between runs, in the cache folder of a person, and never gives back what is not whole.

A file is replaced whole, so that runs at the same time do not disturb each other: the last one wins. A
folder that cannot be written is no problem: the next run takes longer.
"""

from __future__ import annotations

import marshal
import os
import sys
from hashlib import blake2b

from envd_cache.check.world import DIGEST_SIZE, digest, signature
from envd_cache.wholefile import write_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from envd_cache.evaluate.facts import Facts

# This version of `marshal` writes the same bytes for the same values.
_FORM = 2
_MAGIC = b"envd-cache results 2\n"

# File systems tell times this coarsely at worst (FAT).
RACY_NS = 2_000_000_000

# What the program runs with; the names are those by which it is loaded.
LIBRARIES = ("starlark", "lark", "typeguard")

# The results of a folder in which nobody checked for so long are deleted.
OLD_SECONDS = 30 * 24 * 3600


def path_for(folder: str, of: str, kind: str) -> str:
    """Return where values of a kind are kept, `of` a working folder and what else tells them apart."""
    return os.path.join(folder, f"{digest(of).hex()}.{kind}")


def read(path: str) -> Any:
    """Return the values that `write` wrote, None when there are none or they are not whole."""
    try:
        with open(path, "rb") as file:
            whole = file.read()
    except OSError:
        return None
    start = len(_MAGIC) + DIGEST_SIZE
    content = whole[start:]
    # A digest in front: `marshal` must not be given what was cut off or written over.
    if whole[:start] != _MAGIC + blake2b(content, digest_size=DIGEST_SIZE).digest():
        return None
    return marshal.loads(content)  # noqa: S302 - see above


def write(path: str, values: tuple[Any, ...], now: int) -> None:
    """Write plain values, and delete what is old. `now` is in nanoseconds."""
    content = marshal.dumps(values, _FORM)
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        write_whole(path, _MAGIC + blake2b(content, digest_size=DIGEST_SIZE).digest() + content, 0o600)
        _tidy(os.path.dirname(path), now)
    except OSError:
        return


def steady(signed: tuple[int, ...], began: int) -> bool:
    """Say whether a signature can be trusted: a file written just before might change once more unseen."""
    return max(signed[1], signed[2]) <= began - RACY_NS


def run_key(facts: Facts) -> str:
    """Return what all results depend on beside files and answers: the program, the libraries that it
    runs with, and the target's name.
    """
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    others = [_library_key(name) for name in LIBRARIES]
    return f"{program_key(package)} {' '.join(others)} {facts.given.get('target', '')}"


def program_key(folder: str) -> str:
    """Return what changes with the program: its files, and Python.

    `folder` is where the package lies. The version alone would not do for those who work on it.
    """
    found = [sys.version]
    rest = [folder]
    while rest:
        with os.scandir(rest.pop()) as listing:
            for entry in listing:
                if entry.is_dir():
                    rest.append(entry.path)
                elif entry.name.endswith((".py", ".lark")):
                    status = entry.stat()
                    found.append(f"{entry.path} {status.st_size} {status.st_mtime_ns}")
    found.sort()
    return digest("\n".join(found)).hex()


def _library_key(name: str) -> str:
    """Return what changes when a library is replaced, without loading it: how its files are."""
    from importlib.machinery import PathFinder  # noqa: PLC0415 - not for a compile

    spec = PathFinder.find_spec(name)
    if spec is None or spec.origin is None:
        return ""
    with os.scandir(os.path.dirname(spec.origin)) as listing:
        found = [(entry.path, signature(entry.path)) for entry in listing if not entry.is_dir()]
    return digest(repr(sorted(found))).hex()


def _tidy(folder: str, now: int) -> None:
    """Delete the results of folders in which nobody checked for long."""
    with os.scandir(folder) as listing:
        for entry in listing:
            if now / 1e9 - entry.stat().st_mtime > OLD_SECONDS:
                os.unlink(entry.path)
