"""What a name means: where it is bound, who uses it, in this file and in those that load it."""

from __future__ import annotations

from envd_cache.lsp.document import FILE
from envd_cache.lsp.known import KNOWN
from envd_cache.lsp.names import BIND, DEF, KEYWORD, LOADED, MODULE, ORIGIN, PARAM
from envd_cache.lsp.steps import at_once
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.lsp.document import Document, Function, Place
    from envd_cache.lsp.known import Known
    from envd_cache.lsp.project import Project
    from envd_cache.lsp.steps import Steps


class Site(Record):
    """A span of a file."""

    path: str
    start: int
    end: int


class Symbol(Record):
    """Something that has a name. `path` is the file that binds it, `scope` the scope there.

    `inside` is where the expression begins that it lives in, -1 for none.
    """

    path: str
    name: str
    scope: int
    inside: int = -1


def known_at(document: Document, offset: int) -> tuple[Known, Place] | None:
    """Return the builtin that is named at an offset, None where the file means something of its own."""
    place = document.place_at(offset)
    if place is None or place.occurrence.role != "use":
        return None
    known = KNOWN.get(place.occurrence.whole)
    if known is None or place.inside >= 0:
        return None
    top = place.occurrence.whole.partition(".")[0]
    if document.scope_of(top, place.scope) != FILE or document.binds(top):
        return None
    return known, place


def symbol_at(document: Document, project: Project, offset: int) -> Symbol | None:
    """Return what the file's own name at an offset stands for, followed through loads."""
    place = document.place_at(offset)
    return symbol_of(document, project, place) if place else None


def symbol_of(document: Document, project: Project, place: Place) -> Symbol | None:
    """Return what a name stands for; None for builtins and fields."""
    one = place.occurrence
    if one.role == MODULE:
        return None
    if one.role == KEYWORD:
        return _parameter(document, project, one.of, one.name)
    if one.role == "use" and one.whole != one.name:
        return None
    if one.role in (LOADED, ORIGIN):
        return _through(document, project, one.of, one.whole)
    if place.scope != FILE or place.inside >= 0:
        return Symbol(document.path, one.name, place.scope, place.inside)
    return _top(document, project, one.name)


def _top(document: Document, project: Project, name: str, depth: int = 0) -> Symbol | None:
    """Return what a name of the top level stands for; what is loaded is followed into its file."""
    bound = document.bound[FILE].get(name)
    if not bound:
        return None
    for place in bound:
        one = place.occurrence
        if one.of and one.role in (LOADED, BIND):
            # Another name than in the other file is this file's own.
            if one.role == BIND and one.whole != name:
                return Symbol(document.path, name, FILE)
            return _through(document, project, one.of, one.whole, depth) or Symbol(document.path, name, FILE)
    return Symbol(document.path, name, FILE)


def _through(document: Document, project: Project, module: str, name: str, depth: int = 0) -> Symbol | None:
    other = project.document(project.resolve(module, document.path))
    if other is None or depth > 20:
        return None
    return _top(other, project, name, depth + 1)


def _parameter(document: Document, project: Project, callee: str, name: str) -> Symbol | None:
    found = function_named(document, project, callee)
    if found is None:
        return None
    other, function = found
    if any(one.name == name for one in function.definition.parameters if one.kind not in ("*", "**")):
        return Symbol(other.path, name, function.first)
    return None


def function_named(document: Document, project: Project, name: str) -> tuple[Document, Function] | None:
    """Return the document and the function that a name of a file means, followed through loads, or None."""
    if not name or "." in name:
        return None
    function = document.function(name)
    if function is not None:
        return document, function
    for place in document.bound[FILE].get(name, ()):
        one = place.occurrence
        if one.of:
            other = project.document(project.resolve(one.of, document.path))
            if other is not None and (function := other.function(one.whole)) is not None:
                return other, function
    return None


def definitions(document: Document, project: Project, offset: int) -> list[Site]:
    """Return where the name at an offset is bound; of a `load` label, the file."""
    place = document.place_at(offset)
    if place is None:
        return []
    if place.occurrence.role == MODULE:
        path = project.resolve(place.occurrence.name, document.path)
        return [Site(path, 0, 0)] if project.document(path) else []
    symbol = symbol_of(document, project, place)
    if symbol is None:
        return []
    own = project.document(symbol.path) or document
    bound = own.bound.get(symbol.scope, {}).get(symbol.name, [])
    if symbol.inside >= 0:
        bound = [
            one for one in own.same(symbol.name, symbol.scope, symbol.inside) if one.occurrence.role != "use"
        ]
    first = [one for one in bound if one.occurrence.role in (DEF, PARAM)] or bound[:1]
    # An alias leads on to what it stands for.
    if first and first[0].occurrence.role == BIND and first[0].occurrence.of:
        through = _through(own, project, first[0].occurrence.of, first[0].occurrence.whole)
        if through is not None and place.start == first[0].start:
            other = project.document(through.path)
            bound = other.bound[FILE].get(through.name, []) if other else []
            return [Site(through.path, one.start, one.end) for one in bound[:1]]
    return [Site(symbol.path, one.start, one.end) for one in first]


def references(
    document: Document, project: Project, offset: int, *, declaration: bool = True
) -> Steps[list[Site]]:
    """Return every place that means what the name at an offset means, in all files that know it."""
    known = known_at(document, offset)
    if known is not None:
        return (yield from _uses_of_builtin(project, known[0].name))
    symbol = symbol_at(document, project, offset)
    if symbol is None:
        return []
    sites = yield from sites_of(symbol, project)
    return [site for site, binds in sites if declaration or not binds]


def highlights(document: Document, project: Project, offset: int) -> list[tuple[int, int]]:
    """Return the places in a file that mean what the name at an offset means."""
    known = known_at(document, offset)
    if known is not None:
        return [(one.start, one.end) for one in _uses_in(document, known[0].name)]
    symbol = symbol_at(document, project, offset)
    if symbol is None:
        return []
    found: dict[Site, bool] = {}
    if symbol.path == document.path:
        at_once(_own_sites(symbol, document, project, found, [document.path]))
    else:
        _in_loader(symbol, document, project, found)
    return sorted([(one.start, one.end) for one in found if one.path == document.path])


def sites_of(symbol: Symbol, project: Project) -> Steps[list[tuple[Site, bool]]]:
    """Return every place that means a symbol, and whether it binds it there."""
    found: dict[Site, bool] = {}
    own = project.document(symbol.path)
    if own is None:
        return []
    yield from _own_sites(symbol, own, project, found, None)
    if symbol.scope == FILE and symbol.inside < 0:
        seen = {own.path}
        for path in project.loaders(symbol.path):
            yield
            other = project.document(path)
            if other is not None and path not in seen:
                seen.add(path)
                _in_loader(symbol, other, project, found)
    return sorted(found.items(), key=lambda pair: (pair[0].path, pair[0].start))


def _own_sites(
    symbol: Symbol, own: Document, project: Project, found: dict[Site, bool], paths: list[str] | None
) -> Steps[None]:
    """Note the places in the file that binds a symbol, and where it is given as an argument by name.

    `paths` are the files in which calls are looked for, None for all that know the function.
    """
    for place in own.same(symbol.name, symbol.scope, symbol.inside):
        found[Site(own.path, place.start, place.end)] = place.occurrence.role in (BIND, DEF, PARAM)
    function = next((one for one in own.functions if one.first == symbol.scope), None)
    if function is not None and symbol.inside < 0:
        is_parameter = any(one.name == symbol.name for one in function.definition.parameters)
        if is_parameter and function.outer == FILE:
            meant = Symbol(own.path, function.name, FILE)
            callers = dict.fromkeys((own.path, *project.loaders(own.path)) if paths is None else paths)
            for path in callers:
                yield
                other = project.document(path)
                if other is not None:
                    _keywords(meant, symbol.name, other, project, found)


def _in_loader(symbol: Symbol, other: Document, project: Project, found: dict[Site, bool]) -> None:
    """Note the places in a file that loads a symbol."""
    for number, unit in enumerate(other.units):
        if unit.line.word != "load" or symbol.name not in unit.line.text:
            continue
        for place in other.places(number):
            one = place.occurrence
            if one.role not in (LOADED, ORIGIN) or one.whole != symbol.name:
                continue
            if project.resolve(one.of, other.path) != symbol.path:
                continue
            found[Site(other.path, place.start, place.end)] = False
            if one.role == LOADED:
                for use in other.same(symbol.name, FILE):
                    found[Site(other.path, use.start, use.end)] = False


def _keywords(
    function: Symbol, name: str, other: Document, project: Project, found: dict[Site, bool]
) -> None:
    """Note where a file gives a parameter of a function by name."""
    for number, unit in enumerate(other.units):
        if name not in unit.line.text:
            continue
        for place in other.places(number):
            one = place.occurrence
            if one.role == KEYWORD and one.name == name and one.of:
                meant = _top(other, project, one.of)
                aliased = function_named(other, project, one.of)
                same = meant == function or (
                    aliased is not None
                    and aliased[0].path == function.path
                    and aliased[1].name == function.name
                )
                if same:
                    found[Site(other.path, place.start, place.end)] = False


def _uses_of_builtin(project: Project, name: str) -> Steps[list[Site]]:
    found: list[Site] = []
    for path in project.files():
        yield
        document = project.document(path)
        if document is not None:
            found += _uses_in(document, name)
    return found


def _uses_in(document: Document, name: str) -> list[Site]:
    """Return the places at which a file names a builtin."""
    last = name.rpartition(".")[2]
    if last not in document.text or document.binds(name.partition(".")[0]):
        return []
    return [
        Site(document.path, place.start, place.end)
        for number, unit in enumerate(document.units)
        if last in unit.line.text
        for place in document.places(number)
        if place.occurrence.role == "use" and place.occurrence.whole == name
    ]
