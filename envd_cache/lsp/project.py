"""All build files of a repository: those that are open as the editor has them, the others as they lie there.

Nothing outside the root is read: a path is followed through all links before it is opened. The index is
made of texts alone; nothing is evaluated for it.
"""

from __future__ import annotations

import os
import re
from itertools import islice

from envd_cache.check.discover import discover
from envd_cache.check.roots import Roots
from envd_cache.evaluate.loader import Files, read_source
from envd_cache.lsp.document import Document
from envd_cache.record import Record
from envd_cache.source import BUILD_FILE, SourceFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_DEF = re.compile(r"^def[ \t]+([^\W\d]\w*)[ \t]*\(", re.MULTILINE)
_ASSIGNED = re.compile(r"^([^\W\d]\w*)[ \t]*=(?!=)", re.MULTILINE)
_LOAD = re.compile(r"^load\([ \t\r\n]*([\"'])([^\"'\n\\]+)\1", re.MULTILINE)
_REF = re.compile(
    r"\bref[ \t]*=[ \t]*([\"'])([^\"'\n\\]+)\1|\bcache\.(?:\w+)\([ \t\r\n]*([\"'])([^\"'\n\\]+)\3"
)
_KEY = re.compile(r"\bkey[ \t]*=[ \t]*(\[[^\]\n]*\]?|[\"'][^\"'\n]*[\"'])")
_QUOTED = re.compile(r"([\"'])([^\"'\n\\]+)\1")
MOST_OFFERED = 500


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

    # ---- places ----

    def root_of(self, path: str) -> str:
        """Return the root of the repository that a file is in."""
        return self.roots.of(os.path.dirname(path)).value.folder

    def label(self, path: str) -> str:
        """Return a file as `//folder/file`."""
        return "//" + os.path.relpath(path, self.root_of(path)).replace(os.sep, "/")

    def resolve(self, module: str, path: str) -> str:
        """Return the absolute path that a file loads, "" when it lies outside the root."""
        files = Files(self.root_of(path), path)
        found = files.resolve(module, SourceFile(path, "", self.label(path)))
        return found.value

    def forget(self) -> None:
        """Look for roots and configurations again."""
        self.roots = Roots()

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
        bases = {*self.folders, *[self.roots.of(folder).value.folder for folder in self.folders]}
        bases |= {self.root_of(other) for other in self.open if os.path.isabs(other)}
        real = os.path.realpath(path)
        return any(real.startswith(os.path.realpath(base).rstrip(os.sep) + os.sep) for base in bases)

    # ---- index ----

    def scan(self) -> Iterator[str]:
        """Read all build files of the workspace folders into the index, yielding each path as it is done.

        Build files come first, then the other `.envd` files beside them, then what any of them loads.
        """
        loaded: dict[str, None] = {}
        folders = dict.fromkeys(self.folders)
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

    def loaders(self, path: str) -> list[str]:
        """Return the known files that load a file."""
        # A label ends with the name of the file, so hardly a file is looked at closer.
        name = os.path.basename(path)
        candidates = {other for other in self._loaders.get(name, ()) if other not in self.open}
        candidates |= {other for other, document in self.open.items() if name in document.text}
        if not candidates:
            return []
        real = os.path.realpath(path)
        found = []
        for other in sorted(candidates):
            document = self.open.get(other)
            loads = loads_in(document.text) if document else self.index[other].loads
            for module in loads:
                if _name(module) == name and os.path.realpath(self.resolve(module, other)) == real:
                    found.append(other)
                    break
        return found

    def refs(self, path: str) -> list[str]:
        """Return the references that the files of a repository use, without repeats."""
        return self._gathered(path, "refs", self._refs)

    def keys(self, path: str) -> list[str]:
        """Return the keys that the files of a repository use, without repeats."""
        return self._gathered(path, "keys", self._keys)

    def _gathered(self, path: str, field: str, counts: dict[str, int]) -> list[str]:
        own = self.open.get(path)
        found: dict[str, None] = dict.fromkeys(getattr(indexed(path, own.text), field) if own else ())
        found.update(dict.fromkeys(islice(counts, MOST_OFFERED)))
        return list(found)

    def is_build_file(self, path: str) -> bool:
        """Say whether a check takes a file for a build file and not for one that others load."""
        return os.path.basename(path) == BUILD_FILE or not self.loaders(path)
