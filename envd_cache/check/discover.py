"""Finds the build files below some folders: those called `build.envd`, and what a configuration includes.

Left out is what git ignores, what the configuration excludes, and folders that hold no sources of the
repository. Links to folders are not followed, so that a loop of them does no harm. What is named on the
command line is always checked.

`.gitignore` files are read here, and git is not asked: a check is to find the same in a checkout, in an
unpacked archive and in a container without git; a folder that is ignored is not even entered; and no
process is started. What git knows beside them is left out on purpose: a person's own excludes
(`core.excludesFile`), so that everybody checks the same files, and that a tracked file is never ignored.
"""

from __future__ import annotations

import os

from envd_cache.check.roots import GIT, MARKS
from envd_cache.diagnostics import WARNING, Diagnostic
from envd_cache.evaluate.git import directories
from envd_cache.globs import Patterns
from envd_cache.record import Record
from envd_cache.source import BUILD_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from envd_cache.check.roots import Roots
    from envd_cache.check.unchanged import Trail

IGNORE_FILE = ".gitignore"
OWN_EXCLUDES = ("info", "exclude")
_LIMIT = 1 << 20

# Nobody writes build files there, and they can be very large.
NEVER_ENTERED = frozenset((".git", ".hg", ".jj", ".svn", ".venv", "node_modules", "__pycache__"))


class _Rules(Record):
    """What holds in a folder: ignore files from the nearest outward, each with the folder it speaks of."""

    ignored: tuple[tuple[str, Patterns], ...]
    root: str
    include: Patterns | None
    exclude: Patterns | None


def discover(
    paths: Iterable[str],
    roots: Roots,
    trail: Trail | None = None,
    problems: list[Diagnostic] | None = None,
) -> Iterator[str]:
    """Yield the build files that some paths name or hold, each once, as they are found.

    A path that is no folder is yielded as it is, whether it is there or not. What the walk depends on is
    noted in `trail`, folders that cannot be read in `problems`.
    """
    wrong: list[Diagnostic] = [] if problems is None else problems
    seen: set[str] = set()
    chosen = [_tidied(path) for path in paths]
    for path in chosen:
        if os.path.isdir(path) and os.path.basename(path) != BUILD_FILE:
            found = _below("" if path == "." else path, roots, trail, wrong)
        else:
            found = iter((path,))
        if len(chosen) == 1:
            yield from found
            return
        for file in found:
            absolute = os.path.abspath(file)
            if absolute not in seen:
                seen.add(absolute)
                yield file


def _tidied(path: str) -> str:
    """Return a path without what only makes it longer; `..` stays, because of links."""
    while path.startswith("./"):
        path = path[2:].lstrip("/")
    return (path.rstrip("/") or "/") if path else "."


def _below(start: str, roots: Roots, trail: Trail | None, problems: list[Diagnostic]) -> Iterator[str]:
    absolute = os.path.abspath(start)
    if trail:
        _note_parents(absolute, trail)
    rules = _with_parents(absolute, roots)
    rest = [(start, absolute, rules)]
    while rest:
        shown, folder, outer = rest.pop()
        if trail:
            trail.stamp(shown or ".")
        try:
            with os.scandir(folder) as listing:
                entries = {entry.name: entry for entry in listing}
        except OSError as error:
            message = f"`{shown or '.'}` cannot be read: {error.strerror}"
            hint = "what is in it is not checked; leave it out with `exclude` if that is right"
            problems.append(Diagnostic("EC001", WARNING, message, path=shown or ".", hint=hint))
            continue
        if trail:
            trail.folders.add(folder)
            _note_marks(folder, entries, trail)
        rules = _rules_in(folder, frozenset(entries), outer, roots)
        inner: list[tuple[str, str, _Rules]] = []
        for name in sorted(entries):
            is_folder = entries[name].is_dir(follow_symlinks=False)
            if is_folder:
                if name in NEVER_ENTERED:
                    continue
            elif name != BUILD_FILE and rules.include is None:
                continue
            path = _joined(folder, name)
            if _left_out(path, rules, folder=is_folder):
                continue
            if name == BUILD_FILE or (not is_folder and _included(path, rules)):
                yield _joined(shown, name)
            if is_folder:
                inner.append((_joined(shown, name), path, rules))
        rest += reversed(inner)


def _note_parents(folder: str, trail: Trail) -> None:
    """Note what the folders above a start hold that counts for it, or do not hold."""
    here, parent = folder, os.path.dirname(folder)
    while parent != here:
        here, parent = parent, os.path.dirname(parent)
        _note_own_excludes(here, trail)
        trail.marks(here)
        trail.stamp(os.path.join(here, IGNORE_FILE))
        trail.folders.add(here)
    here = os.path.realpath(folder)
    while here not in trail.folders:  # where links lead that have the same start in another spelling
        trail.folders.add(here)
        here = os.path.dirname(here)


def _note_marks(folder: str, names: Container[str], trail: Trail) -> None:
    """Note how the files are that count for a folder; the folder's own stamp says which there are."""
    for name in (*MARKS, IGNORE_FILE):
        if name in names and name != GIT:
            trail.stamp(os.path.join(folder, name))
    if GIT in names:
        _note_own_excludes(folder, trail)


def _note_own_excludes(folder: str, trail: Trail) -> None:
    git = os.path.join(folder, GIT)
    if os.path.isfile(git):
        # Both say where the rest is.
        trail.stamp(git)
        trail.stamp(os.path.join(directories(folder)[0], "commondir"))
    trail.stamp(_own_excludes(folder))


def _own_excludes(folder: str) -> str:
    """Return the file of excludes that git keeps beside a working tree, for all trees of a repository."""
    return os.path.join(directories(folder)[1], *OWN_EXCLUDES)


def _joined(folder: str, name: str) -> str:
    return f"{folder.rstrip('/')}/{name}" if folder else name


def _with_parents(folder: str, roots: Roots) -> _Rules:
    """Return the rules that the folders above a start lay down, up to the top of its git repository."""
    rules = _Rules((), "", None, None)
    above: list[str] = []
    here = folder
    while not os.path.lexists(os.path.join(here, GIT)):
        parent = os.path.dirname(here)
        if parent == here:
            return rules
        above.append(parent)
        here = parent
    for one in reversed(above):
        names = [name for name in (*MARKS, IGNORE_FILE) if os.path.lexists(os.path.join(one, name))]
        rules = _rules_in(one, frozenset(names), rules, roots)
    return rules


def _rules_in(folder: str, names: frozenset[str], outer: _Rules, roots: Roots) -> _Rules:
    ignored = outer.ignored
    if GIT in names:
        # Another repository: what the one around it ignores does not count here.
        own = _patterns_in(_own_excludes(folder))
        ignored = ((folder, own),) if own else ()
    if IGNORE_FILE in names and (own := _patterns_in(os.path.join(folder, IGNORE_FILE))):
        ignored = ((folder, own), *ignored)
    root = roots.of(folder, names).value
    if root.folder == outer.root:
        return outer if ignored is outer.ignored else outer.replace(ignored=ignored)
    include, exclude = (Patterns(globs) or None for globs in (root.config.include, root.config.exclude))
    return _Rules(ignored, root.folder, include, exclude)


def _included(path: str, rules: _Rules) -> bool:
    return bool(rules.include and rules.include.covers(path[len(rules.root) + 1 :]))


def _left_out(path: str, rules: _Rules, *, folder: bool) -> bool:
    if rules.exclude and rules.exclude.decide(path[len(rules.root) + 1 :], folder=folder):
        return True
    for base, patterns in rules.ignored:
        decided = patterns.decide(path[len(base) + 1 :], folder=folder)
        if decided is not None:
            return decided
    return False


def _patterns_in(path: str) -> Patterns | None:
    """Return the patterns of a file, None when there are none or it cannot be read."""
    try:
        if not os.path.isfile(path):
            return None  # a pipe would wait for ever
        with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            found = Patterns(file.read(_LIMIT).removeprefix("\ufeff").split("\n"))
    except OSError:
        return None
    return found or None
