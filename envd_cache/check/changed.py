"""Which build files a change touches: those it changed, and those that load what it changed."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress

from envd_cache.config import CONFIG_FILE, PROJECT_FILE
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


# Where a hook runs, git finds the repository without these. Somebody who keeps the working tree elsewhere
# sets GIT_WORK_TREE.
_OF_HOOKS = {"GIT_DIR", "GIT_INDEX_FILE", "GIT_PREFIX"}


class GitError(Exception):
    """git cannot say what changed; the text is what git says of it."""


class Change(Record):
    """What differs from a commit: the real paths of the files, deleted ones and those new to git included.

    `top` is the folder of the working tree, `base` the commit.
    """

    top: str
    base: str
    files: frozenset[str]


def change_since(folder: str, revision: str, environ: Mapping[str, str]) -> Change:
    """Return what changed since a revision.

    As in a pull request the comparison is with the last common commit of the revision and HEAD. Raises
    `GitError`.
    """
    top = os.path.realpath(git(folder, environ, "rev-parse", "--show-toplevel").rstrip("\n"))
    commit = f"{revision}^{{commit}}"
    base = git(folder, environ, "rev-parse", "--verify", "--quiet", "--end-of-options", commit).strip()
    with suppress(GitError):  # a shallow clone may not know it
        base = git(folder, environ, "merge-base", "--end-of-options", revision, "HEAD").strip()
    names = git(top, environ, "diff", "--name-only", "--no-renames", "-z", "--end-of-options", base, "--")
    names += git(top, environ, "ls-files", "--others", "--exclude-standard", "-z")
    files = frozenset(os.path.realpath(os.path.join(top, name)) for name in names.split("\0") if name)
    return Change(top, base, files)


def touched(
    loads: Mapping[str, tuple[Iterable[str], bool]], changed: frozenset[str], roots: Iterable[str]
) -> frozenset[str]:
    """Return those files, as given, that a change touches.

    `loads` maps each file to the paths that it read, itself included, and whether these are all that it
    depends on; one that failed to read something is touched by a change that deleted something. A changed
    configuration touches everything in its folder, and so does another commit of a submodule.
    """
    tops = {os.path.realpath(root) for root in roots}
    folders = [path for path in changed if os.path.isdir(path)]
    folders += [os.path.dirname(path) for path in changed if _configures(path, tops)]
    inside = tuple([folder.rstrip("/") + "/" for folder in folders])
    deleted = any(not os.path.exists(path) for path in changed)
    real: dict[str, bool] = {}

    def is_changed(path: str) -> bool:
        if path not in real:
            found = os.path.realpath(path)
            real[path] = found in changed or found.startswith(inside)
        return real[path]

    return frozenset(
        file
        for file, (read, whole) in loads.items()
        if is_changed(os.path.abspath(file)) or any(map(is_changed, read)) or (deleted and not whole)
    )


def _configures(path: str, tops: Collection[str]) -> bool:
    """Say whether a file is a configuration, or may have been one: it is gone."""
    folder, name = os.path.split(path)
    return name == CONFIG_FILE or (name == PROJECT_FILE and (folder in tops or not os.path.exists(path)))


def git(folder: str, environ: Mapping[str, str], *words: str) -> str:
    """Return what git says in a folder. Raises `GitError`."""
    return os.fsdecode(git_bytes(folder, environ, *words))


def git_bytes(folder: str, environ: Mapping[str, str], *words: str, given: bytes = b"") -> bytes:
    """Return what git writes, when it is given something to read. Raises `GitError`."""
    try:
        done = subprocess.run(  # noqa: S603 - words of our own and a revision
            ["git", "-C", folder, *words],  # noqa: S607 - the person's own git
            input=given,
            capture_output=True,
            check=False,
            env=_environment(environ),
        )
    except OSError as error:
        raise GitError(f"git cannot be run: {error.strerror}") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise GitError(said.removeprefix("fatal: ") or f"git does not know `{words[-1]}`")
    return done.stdout


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for git. What git itself sets for a hook counts from another folder."""
    left_out = {"GIT_PREFIX"} if "GIT_WORK_TREE" in environ else _OF_HOOKS
    kept = {name: value for name, value in environ.items() if name not in left_out}
    return {**kept, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
