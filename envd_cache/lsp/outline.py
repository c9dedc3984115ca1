"""The outline of a file, the symbols of a workspace, folding, and the selection that grows."""

from __future__ import annotations

from envd_cache.lsp.document import FILE
from envd_cache.lsp.known import KNOWN
from envd_cache.lsp.names import BIND, LOADED
from envd_cache.record import Record
from envd_cache.syntax import nodes
from envd_cache.syntax.names import dotted
from envd_cache.syntax.walk import walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.lsp.document import Document, Function
    from envd_cache.lsp.project import Project
    from envd_cache.lsp.steps import Steps
    from envd_cache.lsp.symbols import Site

MOST_FOUND = 200


class Entry(Record):
    """One symbol of an outline: its whole span, that of its name, and what is in it."""

    name: str
    kind: str
    detail: str
    start: int
    end: int
    name_start: int
    name_end: int
    children: tuple[Entry, ...] = ()


class Found(Record):
    """One symbol of the workspace."""

    name: str
    kind: str
    site: Site
    container: str


class Fold(Record):
    """Lines that can be folded, by the offsets of their ends; `kind` is "comment", "imports" or ""."""

    start: int
    end: int
    kind: str = ""


def outline(document: Document) -> list[Entry]:
    """Return the functions, the values and the loads of a file, with the declarations in functions."""
    made: list[Entry] = []
    for number, unit in enumerate(document.units):
        if unit.line.word == "load" and unit.indent == 0:
            names = [one for one in unit.line.occurrences if one.role in (LOADED, BIND)]
            for one in names:
                span = unit.start + one.start, unit.start + one.end
                made.append(Entry(one.name, "module", one.of, *span, *span))
        elif document.scopes[number] == FILE and unit.indent == 0 and unit.line.word != "def":
            for one in unit.line.occurrences:
                if one.role == BIND and one.scope < 0:
                    made.append(
                        Entry(
                            one.name,
                            "variable",
                            "",
                            unit.start,
                            unit.end,
                            unit.start + one.start,
                            unit.start + one.end,
                        )
                    )
            made += _declarations(document, number, number + 1)
    made += [_function(document, function) for function in document.functions if function.outer == FILE]
    return sorted(made, key=lambda entry: entry.start)


def _function(document: Document, function: Function) -> Entry:
    children = _declarations(document, function.first + 1, function.behind)
    detail = ", ".join([one.name for one in function.definition.parameters if one.name])
    end = function.name_start + len(function.name)
    return Entry(
        function.name,
        "function",
        f"({detail})",
        function.start,
        max(function.end, end),
        function.name_start,
        end,
        tuple(children),
    )


def _declarations(document: Document, first: int, behind: int) -> list[Entry]:
    """Return the calls that declare caches in some lines."""
    found: list[Entry] = []
    for unit in document.units[first:behind]:
        if "cache." not in unit.line.text:
            continue
        for statement in unit.line.statements:
            for node in walk(statement):
                if isinstance(node, nodes.Call):
                    known = KNOWN.get(dotted(node.callee))
                    if known is not None and (
                        known.kind == "backend" or (known.returns == "None" and known.kind == "fact")
                    ):
                        start = unit.start + node.span.start
                        end = unit.start + node.span.end
                        name_end = unit.start + node.callee.span.end
                        found.append(
                            Entry(known.name, "object", _first_text(node), start, end, start, name_end)
                        )
    return found


def _first_text(call: nodes.Call) -> str:
    for argument in call.arguments:
        if isinstance(argument.value, nodes.String) and not argument.name.endswith(
            ("token", "key", "secret", "id")
        ):
            return argument.value.value[:80]
    return ""


def workspace_symbols(project: Project, query: str) -> Steps[list[Found]]:
    """Return the functions and values of all known files whose name has the letters of a query in order."""
    from envd_cache.lsp.project import indexed  # noqa: PLC0415 - a circle otherwise
    from envd_cache.lsp.symbols import Site  # noqa: PLC0415 - a circle otherwise

    found: list[tuple[int, str, str, int, str]] = []
    wanted = query.lower()
    for path in project.files():
        yield
        document = project.open.get(path)
        entry = indexed(path, document.text) if document else project.index.get(path)
        if entry is None:
            continue
        for kind, pairs in (("function", entry.functions), ("variable", entry.values)):
            for name, start in pairs:
                if rank := _rank(wanted, name.lower()):
                    found.append((rank, name, path, start, kind))
    found.sort()
    return [
        Found(name, kind, Site(path, start, start + len(name)), project.label(path))
        for _, name, path, start, kind in found[:MOST_FOUND]
    ]


def _rank(query: str, name: str) -> int:
    """Return how well a name fits: 1 the same, 2 begins so, 3 holds it, 4 its letters in order, 0 not."""
    if name == query:
        return 1
    if name.startswith(query):
        return 2
    if query in name:
        return 3
    at = -1
    for letter in query:
        at = name.find(letter, at + 1)
        if at < 0:
            return 0
    return 4


def folding(document: Document) -> list[Fold]:
    """Return blocks, statements over several lines, runs of comments and of loads."""
    found: list[Fold] = []
    units = document.units
    run: list[int] = []
    kind = ""
    for number, unit in enumerate(units):
        text = unit.line.text
        if unit.line.is_header:
            behind = document.block_end(number)
            if behind > number + 1:
                found.append(Fold(unit.start, units[behind - 1].end))
        elif "\n" in text:
            found.append(Fold(unit.start, unit.end))
        own = "comment" if unit.line.is_comment else "imports" if unit.line.word == "load" else ""
        joined = run and document.text.count("\n", units[run[-1]].end, unit.head) <= 1
        if own != kind or (own == "comment" and not joined):
            _close(units, run, kind, found)
            run, kind = [], own
        if own:
            run.append(number)
    _close(units, run, kind, found)
    return found


def _close(units: list, run: list[int], kind: str, found: list[Fold]) -> None:  # type: ignore[type-arg]
    if len(run) > 1:
        found.append(Fold(units[run[0]].start, units[run[-1]].end, kind))


def selections(document: Document, offset: int) -> list[tuple[int, int]]:
    """Return spans around an offset, from the smallest outward, each really larger than the one before."""
    spans: list[tuple[int, int]] = []
    place = document.place_at(offset)
    if place is not None and place.occurrence.role != "module":
        spans.append((place.start, place.end))
    for node, base in reversed(document.path_to(offset)):
        if isinstance(node, nodes.String) and node.span.end - node.span.start > 2:
            quote = len(node.prefix) + (
                3 if document.text[base + node.span.start + len(node.prefix) :][:3] in ('"""', "'''") else 1
            )
            inner = base + node.span.start + quote, base + node.span.end - (quote - len(node.prefix))
            if inner[0] <= offset <= inner[1]:
                spans.append(inner)
        spans.append((base + node.span.start, base + node.span.end))
        if isinstance(node, nodes.Call) and offset >= base + node.callee.span.end:
            spans.insert(-1, (base + node.callee.span.end + 1, base + node.span.end - 1))
    number = document.lines.before(offset)
    if number >= 0:
        unit = document.units[number]
        spans.append((unit.start, unit.end))
        indent = unit.indent
        for outer in range(number, -1, -1):
            header = document.units[outer]
            if header.line.is_header and (header.indent < indent or outer == number):
                indent = header.indent
                behind = document.block_end(outer)
                if behind > number:
                    spans.append((header.start, document.units[behind - 1].end))
            if indent == 0:
                break
    spans.append((0, len(document.text)))
    grown: list[tuple[int, int]] = []
    for start, behind in spans:
        last = grown[-1] if grown else (offset, offset)
        end = min(behind, len(document.text))
        if start <= last[0] and end >= last[1] and (start, end) != last and start <= offset <= end:
            grown.append((start, end))
    return grown or [(offset, offset)]
