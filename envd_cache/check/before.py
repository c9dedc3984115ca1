"""What the rules between targets found before a change, in files that it does not touch.

A change can take away the only export of a cache that another file reads, or the last import of one that
another file writes. The finding then lies where nothing was changed. What tells it from those that were
there before is a look at the revision: of the files that the change touches, the results that they had then
are put in the place of those that they have now.
"""

from __future__ import annotations

import os
import tempfile

from envd_cache.check.between import between, settings_of
from envd_cache.check.changed import GitError, git, git_bytes
from envd_cache.check.discover import IGNORE_FILE, discover
from envd_cache.check.repository import check
from envd_cache.check.result import FileResult, source_reader
from envd_cache.check.roots import GIT, Roots
from envd_cache.config import CONFIG_FILE, PROJECT_FILE
from envd_cache.lint.rule import REPOSITORY
from envd_cache.lint.rules import RULES
from envd_cache.record import Record
from envd_cache.source import lies_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from envd_cache.check.changed import Change
    from envd_cache.check.repository import Wish
    from envd_cache.diagnostics import Diagnostic

# What these find in one file depends on all others.
_CODES = frozenset(rule.code for rule in RULES if rule.scope == REPOSITORY)

_NEEDED = (CONFIG_FILE, PROJECT_FILE, IGNORE_FILE)


class Scene(Record):
    """What a check looked at: its results, which of their paths the change touches, how it was asked."""

    results: Sequence[FileResult]
    touched: Collection[str]
    folder: str
    roots: Roots
    wish: Wish


def brought(
    aside: Sequence[Diagnostic], change: Change, scene: Scene, environ: Mapping[str, str]
) -> tuple[Diagnostic, ...]:
    """Return those of some findings in files that a change does not touch which were not there before it.

    Nothing is looked at unless there is a finding that can come from another file. Raises `GitError`, and
    OSError where no temporary files can be written.
    """
    suspected = [one for one in aside if one.code in _CODES and one.location]
    if not suspected or not scene.wish.walked:
        return ()
    with tempfile.TemporaryDirectory(prefix="envd-cache-") as folder:
        tree = os.path.realpath(folder)
        _write_tree(tree, change, scene, environ)
        known = {_key(one) for one in _found_before(tree, change, scene)}
    return tuple([one for one in suspected if _key(one) not in known])


def _key(found: Diagnostic) -> tuple[object, ...]:
    # Not the message: it names others, and which of them comes first may have changed.
    location = found.location
    return (found.code, *((location.source.path, location.span.start) if location else ()))


def _found_before(tree: str, change: Change, scene: Scene) -> Iterator[Diagnostic]:
    """Yield what the rules between targets find, the touched files being as they were."""
    top = change.top
    now = {os.path.relpath(os.path.realpath(one.path), top) for one in scene.results}
    touched = {os.path.relpath(os.path.realpath(path), top) for path in scene.touched}
    touched.update(os.path.relpath(path, top) for path in change.files)

    def differs(path: str) -> bool:
        # One that is not looked at now may be ignored since.
        inside = os.path.relpath(os.path.abspath(path), tree)
        return inside in touched or inside not in now

    start = os.path.normpath(os.path.join(tree, os.path.relpath(os.path.realpath(scene.folder), top)))
    roots = Roots()
    paths = [path for path in discover([start], roots) if differs(path)]
    wish = scene.wish.replace(store="", key="", walked=(), listing=None, progress=None)
    by_root: dict[str, list[FileResult]] = {}
    for one in scene.results:
        if one.root and one.path not in scene.touched:
            by_root.setdefault(os.path.realpath(one.root), []).append(one)
    for data in check(paths, wish, roots).results:
        old = FileResult(*data)
        # What was loaded and is as it was has its result already.
        if old.root and differs(old.path):
            root = os.path.normpath(os.path.join(top, os.path.relpath(old.root, tree)))
            by_root.setdefault(root, []).append(old)
    source_of = source_reader()
    for root, group in by_root.items():
        settings = settings_of(scene.roots.of(root).value.config)
        yield from between(group, settings, source_of, whole=scene.wish.is_whole(root))


def _write_tree(tree: str, change: Change, scene: Scene, environ: Mapping[str, str]) -> None:
    """Write the files of a revision that a check may read. Raises `GitError`."""
    directory = git(change.top, environ, "rev-parse", "--absolute-git-dir")
    # What a build file asks of git has one answer, then and now.
    with open(os.path.join(tree, GIT), "wb") as pointer:
        pointer.write(os.fsencode(f"gitdir: {directory}"))
    read = [path for one in scene.results for path, *_ in one.inputs]
    wanted = {os.path.relpath(os.path.realpath(path), change.top) for path in read}
    wanted.update(os.path.relpath(path, change.top) for path in change.files)
    files: dict[str, str] = {}
    links: dict[str, str] = {}
    for line in git(change.top, environ, "ls-tree", "-r", "-z", "--full-tree", change.base).split("\0"):
        about, _, name = line.partition("\t")
        mode, _, blob = about.rpartition(" ")
        last = name.rpartition("/")[2]
        if mode.startswith("120"):
            links[name] = blob
        elif mode.startswith("100") and (name in wanted or last.endswith(".envd") or last in _NEEDED):
            files[name] = blob
    for name, content in _contents(change, files, environ):
        path = _made_path(tree, name)
        with open(path, "wb") as file:
            file.write(content)
    # The links last, so that nothing is written through one of them.
    for name, content in _contents(change, links, environ):
        path = _made_path(tree, name)
        if not content.startswith(b"/"):
            os.symlink(content, os.fsencode(path))


def _made_path(tree: str, name: str) -> str:
    """Return the path of a file in the tree, the folders of which are there then. Raises `GitError`."""
    path = os.path.normpath(os.path.join(tree, name))
    if not lies_in(path, tree):
        raise GitError(f"the name `{name}` leads out of the repository")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return path


def _contents(
    change: Change, blobs: Mapping[str, str], environ: Mapping[str, str]
) -> Iterator[tuple[str, bytes]]:
    """Yield some files with what they hold. Raises `GitError`."""
    asked = "".join([f"{blob}\n" for blob in blobs.values()]).encode()
    said = git_bytes(change.top, environ, "cat-file", "--batch", given=asked)
    at = 0
    for name in blobs:
        end = said.index(b"\n", at)
        words = said[at:end].split(b" ")
        if len(words) < 3:
            raise GitError(f"this clone has no `{name}` of `{change.base[:12]}`; fetch it")
        start, size = end + 1, int(words[2])
        at = start + size + 1
        yield name, said[start : start + size]
