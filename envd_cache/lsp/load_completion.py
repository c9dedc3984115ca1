"""Completion inside of `load`: labels of files, and the names that a file offers."""

from __future__ import annotations

import os

from envd_cache.lsp.document import FILE
from envd_cache.lsp.names import DEF
from envd_cache.lsp.signature_help import docstring
from envd_cache.record import Record
from envd_cache.source import BUILD_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lsp.document import Document
    from envd_cache.lsp.project import Project
    from envd_cache.syntax.cursor import Cursor, Open

MOST_NAMES = 300


class Item(Record):
    """One thing that can be inserted in place of the span from `start` to `end`.

    `kind` is one of the protocol's words ("function", "property", "value", "file", …). `text` is inserted,
    as a snippet when `snippet` is set and the editor takes snippets; `plain` otherwise. `order` sorts.
    """

    label: str
    kind: str
    start: int
    end: int
    text: str
    plain: str = ""
    detail: str = ""
    doc: str = ""
    order: str = ""
    snippet: bool = False


def in_load(document: Document, project: Project, at: Cursor, call: Open, offset: int) -> Iterator[Item]:
    """Yield what can stand in the string of a `load` that a cursor is in."""
    string = at.string or ""
    if call.position == 0 and not call.keyword:
        yield from _labels(document, project, at, string, offset)
        return
    module = _module_of(document, call)
    other = project.document(project.resolve(module, document.path)) if module else None
    if other is None:
        return
    end = string_end(document, at, offset)
    taken = document.text[call.start : at.string_start] + document.text[end : document.text.find("\n", end)]
    for name, places in sorted(other.bound[FILE].items()):
        one = places[0].occurrence
        if name.startswith("_") or one.of or f'"{name}"' in taken:
            continue
        kind = "function" if one.role == DEF else "variable"
        function = other.function(name)
        detail = head_of(other, function.first) if function else ""
        doc = docstring(other, function) if function else ""
        yield Item(name, kind, at.string_start, end, name, detail=detail, doc=doc)


def _module_of(document: Document, call: Open) -> str:
    rest = document.text[call.start + 1 : call.start + 500].lstrip()
    quote = rest[:1]
    return rest[1 : rest.find(quote, 1)] if quote in ("'", '"') and rest.find(quote, 1) > 0 else ""


def head_of(document: Document, number: int) -> str:
    """Return the head of a function on one line, without `def` and the colon."""
    text = document.units[number].line.text
    return " ".join(text.removeprefix("def ").rstrip(": \t").split())


def _labels(document: Document, project: Project, at: Cursor, string: str, offset: int) -> Iterator[Item]:
    """Yield the labels of files that can be loaded: those beside the file by name, all by `//`.

    Of many only those that hold what was typed: the editor asks again with each letter then.
    """
    start = project.root_of(document.path).rstrip(os.sep) + os.sep
    folder = os.path.dirname(document.path)
    end = string_end(document, at, offset)
    labels: dict[str, None] = {}
    for path in _loadable(project, folder, start):
        if path == document.path:
            continue
        if os.path.dirname(path) == folder and not string.startswith("/"):
            labels[os.path.basename(path)] = None
        if path.startswith(start):
            label = "//" + path[len(start) :].replace(os.sep, "/")
            if string in label:
                labels[label] = None
        if len(labels) >= MOST_NAMES:
            break
    for label in list(labels)[:MOST_NAMES]:
        order = ("1" if label.endswith(BUILD_FILE) else "0") + label
        yield Item(label, "file", at.string_start, end, label, order=order)


def _loadable(project: Project, folder: str, root: str) -> Iterator[str]:
    """Yield `.envd` files beside the file, at the root, and known ones; build files last."""
    beside: list[str] = []
    for place in dict.fromkeys((folder, root)):
        try:
            names = sorted(os.listdir(place))
        except OSError:
            continue
        beside += [os.path.join(place, name) for name in names if name.endswith(".envd")]
    found = dict.fromkeys([*beside, *project.files()])
    yield from (path for path in found if os.path.basename(path) != BUILD_FILE)
    yield from (path for path in found if os.path.basename(path) == BUILD_FILE)


def string_end(document: Document, at: Cursor, offset: int) -> int:
    """Return where the text of the string ends behind the cursor, the cursor itself when it is open."""
    mark = at.quote.lstrip("rb")
    line_end = document.text.find("\n", offset)
    line_end = len(document.text) if line_end < 0 else line_end
    end = document.text.find(mark, offset, line_end)
    rest = document.text[offset:end] if end >= 0 else ""
    # A quote further on may be another string's.
    return end if end >= 0 and not set(rest) & set(",()[]{}= \"'") else offset
