"""All build files of a repository: those that are open as the editor has them, the others as they lie there.

Nothing outside the root is read: a path is followed through all links before it is opened. The index is
made of texts alone; nothing is evaluated for it.
"""

from __future__ import annotations

import os
import re
from itertools import islice

from envd_cache.check.discover import NEVER_ENTERED, discover
from envd_cache.check.roots import Roots
from envd_cache.evaluate.loader import Files, label_of, read_source
from envd_cache.lsp.document import Document
from envd_cache.record import Record
from envd_cache.source import BUILD_FILE, SourceFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DEF = re.compile(r"^def[ \t]+([^\W\d]\w*)[ \t]*\(", re.MULTILINE)
_ASSIGNED = re.compile(r"^([^\W\d]\w*)[ \t]*=(?!=)", re.MULTILINE)
_LOAD = re.compile(r"^load\([ \t\r\n]*([\"'])([^\"'\n\\]+)\1", re.MULTILINE)
_REF = re.compile(
    r"\bref[ \t]*=[ \t]*([\"'])([^\"'\n\\]+)\1|\bcache\.(?:\w+)\([ \t\r\n]*([\"'])([^\"'\n\\]+)\3"
)
_KEY = re.compile(r"\bkey[ \t]*=[ \t]*(\[[^\]\n]*\]?|[\"'][^\"'\n]*[\"'])")
_QUOTED = re.compile(r"([\"'])([^\"'\n\\]+)\1")
MOST_OFFERED = 500
MOST_RESOLVED = 50_000
MOST_AT_TOP = 500


class Indexed(Record):
    """What the index knows of one file. Pairs are names and offsets; `loads` are labels as written."""

    path: str
    functions: tuple[tuple[str, int], ...] = ()
    values: tuple[tuple[str, int], ...] = ()
    loads: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


def _name(module: str) -> str:
    return module.rpartition("/")[2]


def _beside(folder: str) -> list[str]:
    """Return the `.envd` files in a folder."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return [os.path.join(folder, name) for name in sorted(names) if name.endswith(".envd")]


def _folders_in(folder: str) -> list[str]:
    """Return the folders in a folder that may hold sources."""
    try:
        with os.scandir(folder) as listing:
            names = sorted(one.name for one in listing if one.is_dir(follow_symlinks=False))
    except OSError:
        return []
    names = [name for name in names if name not in NEVER_ENTERED and not name.startswith(".")]
    return [os.path.join(folder, name) for name in names[:MOST_AT_TOP]]


def indexed(path: str, text: str) -> Indexed:
    """Return what the index keeps of a text."""
    refs = [found[2] or found[4] for found in _REF.finditer(text)]
    keys = [one[2] for found in _KEY.finditer(text) for one in _QUOTED.finditer(found[1])]
    return Indexed(
        path,
        tuple([(found[1], found.start(1)) for found in _DEF.finditer(text)]),
        tuple([(found[1], found.start(1)) for found in _ASSIGNED.finditer(text)]),
        loads_in(text),
        tuple(dict.fromkeys([ref for ref in refs if "://" not in ref])),
        tuple(dict.fromkeys(keys)),
    )


def loads_in(text: str) -> tuple[str, ...]:
    """Return the labels of the files that a text loads."""
    return tuple([found[2] for found in _LOAD.finditer(text)]) if "load(" in text else ()


class Project:
    """The files under some workspace folders, and the open documents by absolute path."""

    def __init__(self, folders: tuple[str, ...] = (), encoding: str = "utf-16") -> None:
        self.folders = folders
        self.encoding = encoding
        self.open: dict[str, Document] = {}
        self.roots = Roots()
        self.index: dict[str, Indexed] = {}
        # Of all files in the index: how often each text is used, and who loads a file of some name.
        self._refs: dict[str, int] = {}
        self._keys: dict[str, int] = {}
        self._loaders: dict[str, dict[str, None]] = {}
        self._closed: dict[str, tuple[tuple[int, int, int], Document]] = {}
        # The file that each label means, by root and folder; where files may be read.
        self._resolved: dict[tuple[str, str, str], str] = {}
        self._bases: tuple[frozenset[str], tuple[str, ...]] | None = None

    # ---- places ----

    def root_of(self, path: str) -> str:
        """Return the root of the repository that a file is in."""
        return self.roots.of(os.path.dirname(path)).value.folder

    def label(self, path: str) -> str:
        """Return a file as `//folder/file`."""
        return label_of(path, self.root_of(path))

    def resolve(self, module: str, path: str) -> str:
        """Return the absolute path that a file loads, "" when it lies outside the root."""
        root = self.root_of(path)
        key = root, "" if module.startswith("//") else os.path.dirname(path), module
        found = self._resolved.get(key)
        if found is None:
            files = Files(root, path)
            if len(self._resolved) > MOST_RESOLVED:
                self._resolved.clear()
            found = files.resolve(module, SourceFile(path, "", self.label(path))).value
            self._resolved[key] = found
        return found

    def forget(self) -> None:
        """Look for roots, configurations and links again."""
        self.roots = Roots()
        self._resolved.clear()
        self._bases = None

    def set_folders(self, folders: tuple[str, ...]) -> None:
        """Take other workspace folders; what lies in none of them is forgotten."""
        self.folders = folders
        self.forget()
        for path in list(self.index):
            if not self.is_inside(path):
                self._count(path, -1)
                del self.index[path]

    # ---- texts ----

    def document(self, path: str) -> Document | None:
        """Return an open file, or one of the repository from disk; None when there is none to be read."""
        if not path:
            return None
        if path in self.open:
            return self.open[path]
        if not self.is_inside(path):
            return None
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            return None
        signature = status.st_size, status.st_mtime_ns, status.st_ino
        known = self._closed.get(path)
        if known and known[0] == signature:
            return known[1]
        read = read_source(path, path, self.label(path))
        if read.value is None:
            return None
        document = Document(path, read.value.text, encoding=self.encoding)
        if len(self._closed) > 200:
            self._closed.clear()
        self._closed[path] = (signature, document)
        return document

    def is_inside(self, path: str) -> bool:
        """Say whether a file lies in a workspace folder or an open file's repository, links followed."""
        opened = frozenset([os.path.dirname(other) for other in self.open if os.path.isabs(other)])
        if self._bases is None or self._bases[0] != opened:
            bases = {*self.folders, *[self.roots.of(folder).value.folder for folder in self.folders]}
            bases |= {self.roots.of(folder).value.folder for folder in opened}
            real_bases = [os.path.realpath(base).rstrip(os.sep) + os.sep for base in bases]
            self._bases = opened, tuple(real_bases)
        return os.path.realpath(path).startswith(self._bases[1])

    # ---- index ----

    def scan(self) -> Iterator[str]:
        """Read all build files of the workspace folders into the index, yielding each path as it is done.

        Build files come first, then the other `.envd` files beside them and in the folders at the top, then
        what any of them loads.
        """
        loaded: dict[str, None] = {}
        folders = dict.fromkeys(inner for folder in self.folders for inner in (folder, *_folders_in(folder)))
        for path in discover(self.folders, self.roots):
            folders[os.path.dirname(path)] = None
            if self.note(path):
                for module in self.index[path].loads:
                    loaded[self.resolve(module, path)] = None
            yield path
        for folder in folders:
            for path in _beside(folder):
                loaded[path] = None
            yield folder
        seen: set[str] = set()
        while loaded:
            path = next(iter(loaded))
            del loaded[path]
            if path and path not in self.index and path not in seen:
                seen.add(path)
                if self.note(path):
                    for module in self.index[path].loads:
                        loaded[self.resolve(module, path)] = None
                yield path

    def note(self, path: str) -> bool:
        """Read one file into the index again; say whether it is there."""
        self._count(path, -1)
        found = None
        if path in self.open:
            found = self.open[path].text
        elif self.is_inside(path):
            source = read_source(path, path, path).value
            found = source.text if source else None
        if found is None:
            self.index.pop(path, None)
            return False
        self.index[path] = indexed(path, found)
        self._count(path, 1)
        return True

    def _count(self, path: str, by: int) -> None:
        """Add what the index has of a file to what is known of all, or take it out."""
        entry = self.index.get(path)
        if entry is None:
            return
        for counts, texts in ((self._refs, entry.refs), (self._keys, entry.keys)):
            for text in texts:
                counts[text] = counts.get(text, 0) + by
                if not counts[text]:
                    del counts[text]
        for module in entry.loads:
            loaders = self._loaders.setdefault(_name(module), {})
            if by > 0:
                loaders[path] = None
            else:
                loaders.pop(path, None)

    def files(self) -> list[str]:
        """Return all known files, in the order of their paths."""
        return sorted({*self.index, *self.open})

    def loaders(self, path: str) -> Iterator[str]:
        """Yield the known files that load a file, the open ones first."""
        # A label ends with the name of the file, so hardly a file is looked at closer.
        name = os.path.basename(path)
        opened = [other for other, document in self.open.items() if name in document.text]
        if not opened and name not in self._loaders:
            return
        real = os.path.realpath(path)
        reals: dict[str, bool] = {}

        def is_loaded(modules: Iterable[str], other: str) -> bool:
            for module in modules:
                if _name(module) == name:
                    resolved = self.resolve(module, other)
                    if resolved not in reals:
                        reals[resolved] = os.path.realpath(resolved) == real
                    if reals[resolved]:
                        return True
            return False

        for other in opened:
            if is_loaded(loads_in(self.open[other].text), other):
                yield other
        for other in list(self._loaders.get(name, ())):
            entry = self.index.get(other)
            if other not in self.open and entry and is_loaded(entry.loads, other):
                yield other

    def refs(self, path: str, typed: str = "") -> list[str]:
        """Return the references that the files of a repository use, without repeats.

        Of very many only some, which hold what was typed.
        """
        return self._gathered(path, "refs", self._refs, typed)

    def keys(self, path: str, typed: str = "") -> list[str]:
        """Return the keys that the files of a repository use, without repeats; of very many as `refs`."""
        return self._gathered(path, "keys", self._keys, typed)

    def _gathered(self, path: str, field: str, counts: dict[str, int], typed: str) -> list[str]:
        own = self.open.get(path)
        found: dict[str, None] = dict.fromkeys(getattr(indexed(path, own.text), field) if own else ())
        found.update(dict.fromkeys(islice((text for text in counts if typed in text), MOST_OFFERED)))
        return list(found)

    def is_build_file(self, path: str) -> bool:
        """Say whether a check takes a file for a build file and not for one that others load."""
        return os.path.basename(path) == BUILD_FILE or next(self.loaders(path), None) is None
