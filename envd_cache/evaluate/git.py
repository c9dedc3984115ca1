"""Reads what git has checked out, from git's own files: no process is started.

Sources: gitrepository-layout(5). Worktrees (`.git` is a file) and packed refs are understood; a
repository whose refs are in another format (reftable) has no answer here.
"""

from __future__ import annotations

import os

from envd_cache.config import git_top
from envd_cache.record import Record

# What the HEAD file of a reftable repository says, for programs that do not know the format.
_REFTABLE = "refs/heads/.invalid"
_LIMIT = 16 * 1024 * 1024
_HEX = frozenset("0123456789abcdef")


class Head(Record):
    """The branch ("" when detached) and the full commit id ("" before the first commit)."""

    branch: str
    commit: str


def read_head(folder: str) -> Head | None:
    """Return what is checked out in the repository around a folder, or None without one."""
    top = git_top(os.path.abspath(folder))
    if not top:
        return None
    git, common = directories(top)
    head = _read(os.path.join(git, "HEAD"))
    if not head.startswith("ref: "):
        return Head("", head) if is_commit(head) else None
    ref = head[len("ref: ") :]
    if not ref.startswith("refs/heads/") or ref == _REFTABLE:
        return None
    return Head(ref[len("refs/heads/") :], _commit(git, ref) or _commit(common, ref))


def directories(folder: str) -> tuple[str, str]:
    """Return where git keeps what belongs to the working tree at a folder, and what all its trees share.

    In a worktree and in a submodule `.git` is a file that names the first. Neither need be there.
    """
    git = os.path.join(folder, ".git")
    if os.path.isfile(git):
        pointer = _read(git)
        if pointer.startswith("gitdir: "):
            git = os.path.join(folder, pointer[len("gitdir: ") :])
    return git, os.path.join(git, _read(os.path.join(git, "commondir")) or "")


def _commit(git: str, ref: str) -> str:
    loose = _read(os.path.join(git, ref))
    if is_commit(loose):
        return loose
    for line in _read(os.path.join(git, "packed-refs")).split("\n"):
        commit, _, name = line.partition(" ")
        if name == ref and is_commit(commit):
            return commit
    return ""


def is_commit(text: str) -> bool:
    """Return whether a text is a full commit id as git writes it, SHA-1 or SHA-256."""
    return len(text) in (40, 64) and _HEX.issuperset(text)


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(_LIMIT).strip()
    except (OSError, ValueError):
        return ""
