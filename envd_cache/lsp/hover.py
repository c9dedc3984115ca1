"""Hover: what a name means, from the catalog or from the file, and what a declaration compiles to."""

from __future__ import annotations

from envd_cache.catalog.model import Backend, Builtin
from envd_cache.lsp.document import FILE
from envd_cache.lsp.known import SPACES, form_of, written_default
from envd_cache.lsp.names import KEYWORD, LOADED, MODULE, ORIGIN
from envd_cache.lsp.signature_help import docstring, known_function, parameter_doc
from envd_cache.lsp.symbols import function_named, known_at, symbol_of
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from envd_cache.catalog.model import Param
    from envd_cache.lsp.document import Document, Function, Place
    from envd_cache.lsp.findings import Declaration
    from envd_cache.lsp.known import Known
    from envd_cache.lsp.project import Project

MOST_ENTRIES = 8


class Hover(Record):
    """What to show of a span, in Markdown."""

    start: int
    end: int
    text: str


def hover(
    document: Document, project: Project, offset: int, declarations: Iterable[Declaration] = ()
) -> Hover | None:
    """Return what is known of the name at an offset. `declarations` are those of this file, in its text."""
    place = document.place_at(offset)
    if place is None:
        return None
    text = _text(document, project, place, offset)
    known = known_at(document, offset)
    if known is not None and isinstance(known[0].of, Backend):
        compiled = _compiled(declarations, offset)
        text = "\n\n".join([part for part in (compiled, text) if part])
    return Hover(place.start, place.end, text) if text else None


def _text(document: Document, project: Project, place: Place, offset: int) -> str:
    one = place.occurrence
    known = known_at(document, offset)
    if known is not None:
        return _of_known(known[0])
    if one.role == KEYWORD:
        builtin = known_function(document, one.of)
        if builtin is not None:
            param = builtin.param(one.name)
            return _of_param(param) if param else ""
        return _of_parameter(document, project, one.of, one.name)
    if one.role == MODULE:
        path = project.resolve(one.name, document.path)
        return f"`{project.label(path)}`" if project.document(path) else ""
    if one.role == "use" and one.whole in SPACES and not document.binds(one.whole.partition(".")[0]):
        return f"`{one.whole}`: " + ", ".join(f"`{name}`" for name in SPACES[one.whole])
    if one.role == "use" and one.whole != one.name:
        return ""
    return _of_own(document, project, place)


def _of_known(known: Known) -> str:
    if known.kind == "constant":
        return f"```python\n{known.name} = {known.value!r}\n```\n\n{known.doc}" if known.value else known.doc
    if known.kind == "universe":
        return f"`{known.name}`: {known.doc}" if known.doc else ""
    pieces = []
    for param in known.params:
        default = written_default(param)
        pieces.append(f"    {param.name}: {form_of(param)}" + (f" = {default}" if default else "") + ",\n")
    arguments = "\n" + "".join(pieces) if pieces else ""
    returns = f" -> {known.returns}" if known.returns and known.returns != "None" else ""
    parts = [f"```python\n{known.name}({arguments}){returns}\n```", known.doc]
    if isinstance(known.of, Backend):
        status = f", {known.of.status}" if known.of.status else ""
        parts.append(f"Since BuildKit {known.of.since}{status}. [{known.of.title}]({known.of.url})")
    elif isinstance(known.of, Builtin) and known.of.after[0]:
        parts.append(f"After `{known.of.after[0]}`.")
    lines = [f"- `{param.name}`: {param.doc}" for param in known.params]
    if lines:
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _of_param(param: Param) -> str:
    return f"```python\n{param.name}: {form_of(param)}\n```\n\n{parameter_doc(param)}"


def _of_parameter(document: Document, project: Project, callee: str, name: str) -> str:
    found = function_named(document, project, callee)
    if found is None:
        return ""
    other, function = found
    for parameter in function.definition.parameters:
        if parameter.name == name:
            line = other.units[function.first].line.text
            written = line[parameter.span.start : parameter.span.end]
            return f"```python\n{written}\n```\n\nparameter of `{function.name}`"
    return ""


def _of_own(document: Document, project: Project, place: Place) -> str:
    one = place.occurrence
    name = one.whole if one.role in (LOADED, ORIGIN) or (one.of and one.whole) else one.name
    symbol = symbol_of(document, project, place)
    if symbol is None:
        return f"`{name}` from `{one.of}`" if one.role in (LOADED, ORIGIN) else ""
    other = project.document(symbol.path) or document
    if symbol.scope == FILE and symbol.inside < 0:
        function = other.function(symbol.name)
        if function is None and (found := function_named(document, project, one.name)):
            other, function = found
        if function is not None:
            return _of_function(other, project, function, elsewhere=other.path != document.path)
    bound = other.bound.get(symbol.scope, {}).get(symbol.name)
    if not bound or symbol.inside >= 0:
        return ""
    unit = other.lines.at(bound[0].start)
    text = unit.line.text if unit else ""
    where = f"\n\nin `{project.label(other.path)}`" if other.path != document.path else ""
    return f"```python\n{_short(text)}\n```{where}"


def _of_function(document: Document, project: Project, function: Function, *, elsewhere: bool) -> str:
    head = document.units[function.first].line.text
    parts = [f"```python\n{_short(head)}\n```"]
    doc = docstring(document, function)
    if doc:
        parts.append(doc)
    if elsewhere:
        parts.append(f"in `{project.label(document.path)}`")
    return "\n\n".join(parts)


def _short(text: str, most: int = 600) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def _compiled(declarations: Iterable[Declaration], offset: int) -> str:
    """Return what BuildKit gets of the declaration around an offset, a line for each direction."""
    here = [one for one in declarations if one.start <= offset <= one.end]
    if not here:
        return ""
    innermost = min(here, key=lambda one: one.end - one.start)
    lines: dict[str, dict[str, None]] = {}
    for function, direction, _, entry in innermost.uses:
        lines.setdefault(f"{direction} {entry}", {})[function] = None
    functions = {name for names in lines.values() for name in names}
    shown = []
    for line, names in list(lines.items())[:MOST_ENTRIES]:
        of = f"  # {', '.join(list(names)[:4])}" if len(functions) > 1 else ""
        shown.append(line + of)
    if len(lines) > MOST_ENTRIES:
        shown.append(f"… and {len(lines) - MOST_ENTRIES} more")
    return "```\n" + "\n".join(shown) + "\n```"
