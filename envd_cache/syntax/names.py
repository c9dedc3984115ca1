"""Which names of a file are bound nowhere. Starlark resolves names before it runs, and stops at the first
that it does not know; people want to hear of all of them.
"""

from __future__ import annotations

from envd_cache.syntax import nodes
from envd_cache.syntax.walk import children, statements_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from envd_cache.syntax.nodes import Attribute, File, Name, Node


def unbound(
    file: File, known: Collection[str], members: Mapping[str, Collection[str]]
) -> tuple[Name | Attribute, ...]:
    """Return the names that neither the file nor `known` binds, and unknown members of namespaces.

    `members` maps a namespace such as `install` or `data.path` to what it has. A namespace that the file
    binds itself is the file's own affair. The order is that of the text.
    """
    own = frozenset(bound(file.statements))
    top = own.union(known)
    found: list[Name | Attribute] = []
    rest: list[tuple[Node, frozenset[str], frozenset[str]]] = [
        (statement, top, own) for statement in file.statements
    ]
    while rest:
        node, names, shadowed = rest.pop()
        if isinstance(node, nodes.Name):
            if node.name not in names:
                found.append(node)
        elif isinstance(node, nodes.FunctionDef | nodes.Lambda):
            body = node.body if isinstance(node, nodes.FunctionDef) else (node.body,)
            local = {parameter.name for parameter in node.parameters}.union(bound(body))
            rest += [(one.default, names, shadowed) for one in node.parameters if one.default is not None]
            rest += [(inner, names | local, shadowed | local) for inner in body]
        elif isinstance(node, nodes.Comprehension):
            rest += _comprehension(node, names, shadowed)
        elif not isinstance(node, nodes.Load):
            if isinstance(node, nodes.Attribute) and _is_unknown(node, members, shadowed):
                found.append(node)
            else:
                rest += [(child, names, shadowed) for child in children(node)]
    return tuple(sorted(found, key=lambda node: node.span.start))


def _is_unknown(node: Attribute, members: Mapping[str, Collection[str]], shadowed: frozenset[str]) -> bool:
    space = dotted(node.value)
    return space in members and space.partition(".")[0] not in shadowed and node.name not in members[space]


def dotted(node: Node) -> str:
    """Return `a.b.c` for an expression that is such a name, else ""."""
    parts: list[str] = []
    while isinstance(node, nodes.Attribute):
        parts.append(node.name)
        node = node.value
    if not isinstance(node, nodes.Name):
        return ""
    return ".".join([node.name, *reversed(parts)])


def _comprehension(
    node: nodes.Comprehension, names: frozenset[str], shadowed: frozenset[str]
) -> list[tuple[Node, frozenset[str], frozenset[str]]]:
    """Return the parts of a comprehension, each with the names that it sees: a clause those before it."""
    made: list[tuple[Node, frozenset[str], frozenset[str]]] = []
    for clause in node.clauses:
        if clause.targets is None:
            made.append((clause.value, names, shadowed))
            continue
        made.append((clause.value, names, shadowed))
        local = frozenset(_targets(clause.targets))
        names, shadowed = names | local, shadowed | local
    made.append((node.element, names, shadowed))
    return made


def bound(statements: Iterable[Node]) -> Iterator[str]:
    """Yield the names that statements bind in their own scope, blocks included, inner functions not."""
    rest = list(statements)
    while rest:
        node = rest.pop()
        if isinstance(node, nodes.FunctionDef):
            yield node.name
            continue
        if isinstance(node, nodes.Assign):
            yield from _targets(node.target)
        elif isinstance(node, nodes.For):
            yield from _targets(node.targets)
        elif isinstance(node, nodes.Load):
            yield from (loaded.alias for loaded in node.names)
        rest += statements_of(node)


def _targets(node: Node) -> Iterator[str]:
    """Yield the names that an assignment to an expression binds; `a.b` and `a[0]` bind none."""
    rest = [node]
    while rest:
        current = rest.pop()
        if isinstance(current, nodes.Name):
            yield current.name
        elif isinstance(current, nodes.Group):
            rest.append(current.value)
        elif isinstance(current, nodes.Tuple | nodes.List):
            rest += current.items
