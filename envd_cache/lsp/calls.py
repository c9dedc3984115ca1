"""Call hierarchy: who calls a function of a build file, and whom it calls."""

from __future__ import annotations

from envd_cache.lsp.document import FILE
from envd_cache.lsp.names import BIND
from envd_cache.lsp.symbols import Site, Symbol, function_named, sites_of, symbol_at
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.lsp.document import Document, Function
    from envd_cache.lsp.project import Project
    from envd_cache.lsp.steps import Steps


class Item(Record):
    """A function, or the top level of a file (`name` is its label then): its span, and that of its name."""

    name: str
    path: str
    start: int
    end: int
    name_start: int
    name_end: int
    top_level: bool = False


class Call(Record):
    """The other end of calls, and the places of the calls in the file of the caller."""

    item: Item
    places: tuple[tuple[int, int], ...]


def item_at(document: Document, project: Project, offset: int) -> Item | None:
    """Return the function that a name at an offset means."""
    symbol = symbol_at(document, project, offset)
    if symbol is None or symbol.scope != FILE:
        return None
    other = project.document(symbol.path)
    function = other.function(symbol.name) if other else None
    if function is None and other is not None:
        found = function_named(other, project, symbol.name)
        other, function = found or (other, None)
    return _item(other, function) if other and function else None


def _item(document: Document, function: Function) -> Item:
    end = function.name_start + len(function.name)
    return Item(
        function.name, document.path, function.start, max(function.end, end), function.name_start, end
    )


def incoming(item: Item, project: Project) -> Steps[list[Call]]:
    """Return the functions, and the top levels, that call a function."""
    found: dict[Item, list[tuple[int, int]]] = {}
    known = yield from sites_of(Symbol(item.path, item.name, FILE), project)
    aliases = yield from _of_aliases(item, project)
    for site in [site for site, binds in known if not binds] + aliases:
        yield
        other = project.document(site.path)
        if other is None or not _is_called(other, site):
            continue
        function = _outermost(other, site.start)
        caller = _item(other, function) if function else _file(other, project)
        found.setdefault(caller, []).append((site.start, site.end))
    return [Call(caller, tuple(places)) for caller, places in found.items()]


def _of_aliases(item: Item, project: Project) -> Steps[list[Site]]:
    """Return the places at which files use a function under a name of their own."""
    found: list[Site] = []
    for path in project.loaders(item.path):
        yield
        other = project.document(path)
        for alias, places in other.bound[FILE].items() if other else ():
            one = places[0].occurrence
            renamed = one.role == BIND and one.whole == item.name and one.of
            if other and renamed and project.resolve(one.of, path) == item.path:
                found += [Site(path, place.start, place.end) for place in other.same(alias, FILE)]
    return found


def outgoing(item: Item, project: Project) -> list[Call]:
    """Return the functions of build files that a function calls."""
    document = project.document(item.path)
    function = document.function(item.name) if document else None
    if document is None or function is None:
        return []
    found: dict[Item, list[tuple[int, int]]] = {}
    for number in range(function.first, function.behind):
        for place in document.places(number):
            one = place.occurrence
            if one.role == "use" and one.called and one.whole == one.name and place.scope == FILE:
                meant = function_named(document, project, one.name)
                if meant:
                    found.setdefault(_item(*meant), []).append((place.start, place.end))
    return [Call(callee, tuple(places)) for callee, places in found.items()]


def _outermost(document: Document, offset: int) -> Function | None:
    for function in document.functions:
        if function.outer == FILE and function.start <= offset <= function.end:
            return function
    return None


def _file(document: Document, project: Project) -> Item:
    return Item(project.label(document.path), document.path, 0, len(document.text), 0, 0, top_level=True)


def _is_called(document: Document, site: Site) -> bool:
    place = document.place_at(site.start)
    return place is not None and place.start == site.start and place.occurrence.called
