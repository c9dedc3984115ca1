"""Rename: every place of a name in all files, or the reason why it cannot be renamed."""

from __future__ import annotations

from envd_cache.lsp.known import TOP, WORDS
from envd_cache.lsp.symbols import known_at, sites_of, symbol_at
from envd_cache.record import Record
from envd_cache.syntax.layout import RESERVED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.lsp.document import Document
    from envd_cache.lsp.findings import Change
    from envd_cache.lsp.project import Project
    from envd_cache.lsp.steps import Steps


class RenameError(Exception):
    """Why a name cannot be renamed."""


class Renamable(Record):
    """The span of a name that can be renamed, and the name."""

    start: int
    end: int
    name: str


def renamable(document: Document, project: Project, offset: int) -> Renamable | None:
    """Return the name at an offset if it can be renamed, None otherwise."""
    place = document.place_at(offset)
    if place is None or place.occurrence.role == "module" or known_at(document, offset):
        return None
    symbol = symbol_at(document, project, offset)
    own = project.document(symbol.path) if symbol else None
    if symbol is None or own is None or not own.same(symbol.name, symbol.scope, symbol.inside):
        return None
    return Renamable(place.start, place.end, place.occurrence.name)


def rename(document: Document, project: Project, offset: int, name: str) -> Steps[list[Change]]:
    """Return the changes that give the name at an offset another one. Raises `RenameError`."""
    from envd_cache.lsp.findings import Change  # noqa: PLC0415 - loads the reports

    if not name.isidentifier() or not name.isascii():
        raise RenameError(f"`{name}` is not a name")
    if name in WORDS or name in RESERVED or name in ("None", "True", "False"):
        raise RenameError(f"`{name}` is a word of the language")
    if renamable(document, project, offset) is None:
        raise RenameError("there is nothing to rename here")
    symbol = symbol_at(document, project, offset)
    if symbol is None or symbol.name == name:
        return []
    if name in TOP:
        raise RenameError(f"`{name}` is a builtin, which it would hide")
    found = yield from sites_of(symbol, project)
    sites = [site for site, _ in found]
    paths = {site.path for site in sites}
    if name.startswith("_") and len(paths) > 1:
        raise RenameError(f"`{name}` would be private, and other files load it")
    for path in paths:
        yield
        other = project.document(path)
        if other is None or (not project.is_inside(path) and path not in project.open):
            raise RenameError(f"`{path}` cannot be changed")
        scope = symbol.scope if path == symbol.path else -1
        if name in other.bound.get(scope, {}) or (scope >= 0 and _is_used(other, name, scope)):
            raise RenameError(f"`{name}` is taken in `{project.label(path)}`")
    return [Change(site.path, site.start, site.end, name) for site in sites]


def _is_used(document: Document, name: str, scope: int) -> bool:
    """Say whether a function uses an outer name, which the new one would hide."""
    return any(
        document.scopes[number] == scope
        for number, unit in enumerate(document.units)
        if name in unit.line.text
        for one in unit.line.occurrences
        if one.name == name and one.role == "use"
    )
