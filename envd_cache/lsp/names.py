"""Which names a line binds and uses, and what each of them is called in full."""

from __future__ import annotations

from envd_cache.record import Record
from envd_cache.syntax import nodes
from envd_cache.syntax.cursor import tokens_of
from envd_cache.syntax.names import dotted
from envd_cache.syntax.walk import children

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from envd_cache.source import Span
    from envd_cache.syntax.nodes import Node

USE, BIND, DEF, PARAM, KEYWORD = "use", "bind", "def", "param", "keyword"
LOADED, ORIGIN, MODULE = "loaded", "origin", "module"
_NO_NAMES = frozenset(
    (*("and", "def", "elif", "else", "for", "if", "in"), *("lambda", "load", "not", "or", "return"))
)
BINDING = (BIND, DEF, PARAM, LOADED)


class Occurrence(Record):
    """One name in a line, from `start` up to `end`.

    `role` is what it does there: "use", "bind" (an assignment or a loop), "def" (a function's own name),
    "param", "loaded" (a name that `load` takes; `whole` is its name in the other file, `of` the file),
    "origin" (the same, where another name is bound to it), "module" (the string that names a file),
    "keyword" (of a call; `of` is what is called). For a use, `whole` is the dotted name that ends here:
    `cache.s3` at `s3`. `scope` tells apart names that live inside one expression (a comprehension, a
    lambda): where it starts; -1 for all others. `called`: brackets follow.
    """

    name: str
    start: int
    end: int
    role: str
    whole: str = ""
    of: str = ""
    scope: int = -1
    called: bool = False


def occurrences_in(statements: Iterable[Node], size: int) -> tuple[Occurrence, ...]:
    """Return the names in the statements of a line of some size, in its order."""
    found: list[Occurrence] = []
    rest: list[tuple[Node, dict[str, int]]] = [(node, {}) for node in statements]
    while rest:
        node, local = rest.pop()
        rest += _visit(node, local, found)
    # A header's block is not there.
    inside = [one for one in found if one.end <= size]
    inside.sort(key=lambda one: (one.start, one.role))
    return tuple(inside)


def occurrences_of_tokens(text: str) -> tuple[Occurrence, ...]:
    """Return the names in a line that cannot be read, as far as its tokens tell."""
    found: list[Occurrence] = []
    whole, callees = "", [""]
    last = ""
    tokens = list(tokens_of(text))
    for number, (kind, piece, start) in enumerate(tokens):
        following = tokens[number + 1][1] if number + 1 < len(tokens) else ""
        end = start + len(piece)
        if kind == "name":
            whole = f"{whole}{piece}" if whole.endswith(".") else piece
            if last == "def":
                found.append(Occurrence(piece, start, end, DEF))
            elif following == "=" and callees[-1]:
                found.append(Occurrence(piece, start, end, KEYWORD, of=callees[-1]))
            elif following == "=" and len(callees) == 1 and whole == piece:
                found.append(Occurrence(piece, start, end, BIND))
            elif piece not in _NO_NAMES:
                found.append(Occurrence(piece, start, end, USE, whole, called=following == "("))
        elif piece == ".":
            whole += "."
        else:
            if piece in "([{":
                callees.append(whole if piece == "(" else "")
            elif piece in ")]}" and len(callees) > 1:
                callees.pop()
            whole = ""
        last = piece
    return tuple(found)


def _visit(node: Node, local: dict[str, int], found: list[Occurrence]) -> list[tuple[Node, dict[str, int]]]:
    """Note the names right in a node, and return its parts with the names that live in them."""
    if isinstance(node, nodes.Name):
        _use(node, local, found)
        return []
    if isinstance(node, nodes.Attribute):
        whole = dotted(node)
        found.append(_at(node.name, node.name_span, USE, whole=whole or f".{node.name}"))
        return [(node.value, local)]
    if isinstance(node, nodes.FunctionDef):
        found.append(_at(node.name, node.name_span, DEF))
        for parameter in node.parameters:
            if parameter.name_span:
                found.append(_at(parameter.name, parameter.name_span, PARAM, of=node.name))
        rest = [(one.default, local) for one in node.parameters if one.default is not None]
        return rest + [(inner, local) for inner in node.body]
    if isinstance(node, nodes.Load):
        found.append(_at(node.module, node.module_span, MODULE))
        for name in node.names:
            renamed = name.alias_span != name.name_span
            role = ORIGIN if renamed else LOADED
            found.append(_at(name.name, name.name_span, role, whole=name.name, of=node.module))
            if renamed:
                found.append(_at(name.alias, name.alias_span, BIND, whole=name.name, of=node.module))
        return []
    if isinstance(node, nodes.Assign):
        _targets(node.target, {}, found)
        return [*_outside(node.target, local), (node.value, local)]
    if isinstance(node, nodes.For):
        _targets(node.targets, {}, found)
        return [(node.iterable, local), *[(inner, local) for inner in node.body]]
    if isinstance(node, nodes.Lambda):
        inner = {**local, **{one.name: node.span.start for one in node.parameters if one.name}}
        for parameter in node.parameters:
            if parameter.name_span:
                found.append(_at(parameter.name, parameter.name_span, PARAM, scope=node.span.start))
        rest = [(one.default, local) for one in node.parameters if one.default is not None]
        return [*rest, (node.body, inner)]
    if isinstance(node, nodes.Comprehension):
        return _comprehension(node, local, found)
    if isinstance(node, nodes.Call):
        callee = dotted(node.callee)
        for argument in node.arguments:
            if argument.name_span:
                found.append(_at(argument.name, argument.name_span, KEYWORD, of=callee))
        before = len(found)
        rest = _visit(node.callee, local, found)
        if len(found) > before and isinstance(node.callee, (nodes.Name, nodes.Attribute)):
            found[before] = found[before].replace(called=True)
        return rest + [(argument.value, local) for argument in node.arguments]
    return [(child, local) for child in children(node)]


def _use(node: nodes.Name, local: dict[str, int], found: list[Occurrence]) -> None:
    found.append(_at(node.name, node.span, USE, whole=node.name, scope=local.get(node.name, -1)))


def _comprehension(
    node: nodes.Comprehension, local: dict[str, int], found: list[Occurrence]
) -> list[tuple[Node, dict[str, int]]]:
    rest: list[tuple[Node, dict[str, int]]] = []
    for clause in node.clauses:
        rest.append((clause.value, local))
        if clause.targets is not None:
            made: dict[str, int] = {}
            _targets(clause.targets, made, found, node.span.start)
            # The value of a clause sees the clauses before it only.
            local = {**local, **made}
    return [*rest, (node.element, local)]


def _targets(target: Node, made: dict[str, int], found: list[Occurrence], scope: int = -1) -> None:
    rest = [target]
    while rest:
        node = rest.pop()
        if isinstance(node, nodes.Name):
            made[node.name] = scope
            found.append(_at(node.name, node.span, BIND, scope=scope))
        elif isinstance(node, nodes.Group):
            rest.append(node.value)
        elif isinstance(node, (nodes.Tuple, nodes.List)):
            rest += node.items


def _outside(target: Node, local: dict[str, int]) -> list[tuple[Node, dict[str, int]]]:
    """Return what an assignment's target uses: `a` and `b` in `a[b] = 1`."""
    if isinstance(target, nodes.Group):
        return _outside(target.value, local)
    if isinstance(target, (nodes.Tuple, nodes.List)):
        return [pair for item in target.items for pair in _outside(item, local)]
    return [] if isinstance(target, nodes.Name) else [(target, local)]


def _at(name: str, span: Span, role: str, *, whole: str = "", of: str = "", scope: int = -1) -> Occurrence:
    return Occurrence(name, span.start, span.end, role, whole, of, scope)
