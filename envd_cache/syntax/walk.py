"""Ways through a tree. None of them recurses: a tree may be a thousand nodes deep."""

from __future__ import annotations

from envd_cache.syntax import nodes
from envd_cache.syntax.nodes import Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.source import Span


def children(node: Node) -> list[Node]:
    """Return the nodes right under a node, in the order of their fields."""
    found: list[Node] = []
    for field in node._fields:
        value = getattr(node, field)
        if isinstance(value, Node):
            found.append(value)
        elif isinstance(value, tuple):
            found += (item for item in value if isinstance(item, Node))
    return found


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and everything under it, each node before its children."""
    rest = [node]
    while rest:
        current = rest.pop()
        yield current
        rest += reversed(children(current))


def statements_of(node: Node) -> tuple[Node, ...]:
    """Return the statements in the blocks of a statement."""
    if isinstance(node, nodes.If):
        return tuple(statement for branch in node.branches for statement in branch.body)
    return node.body if isinstance(node, (nodes.For, nodes.FunctionDef)) else ()


def find_call(node: Node, span: Span) -> nodes.Call | None:
    """Return the call under a node that has exactly this span, or None."""
    rest = [node]
    while rest:
        current = rest.pop()
        if isinstance(current, nodes.Call) and current.span == span:
            return current
        rest += (
            child
            for child in children(current)
            if child.span.start <= span.start and span.end <= child.span.end
        )
    return None
