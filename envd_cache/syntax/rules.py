"""What a tree must not have, though the grammar lets it through: statements in the wrong place."""

from __future__ import annotations

from envd_cache.diagnostics import ERROR, Diagnostic, Label
from envd_cache.source import Location
from envd_cache.syntax import nodes
from envd_cache.syntax.walk import statements_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.source import SourceFile, Span
    from envd_cache.syntax.nodes import Node


def problems(source: SourceFile, tree: nodes.File) -> tuple[Diagnostic, ...]:
    """Return what envd's resolver refuses: misplaced statements, and globals bound twice."""
    found = [
        Diagnostic("EC005", ERROR, message, Location(source, span))
        for span, message in _misplaced(tree.statements)
    ]
    return (*found, *_rebound(source, tree.statements))


def _misplaced(statements: tuple[Node, ...]) -> Iterator[tuple[Span, str]]:
    rest = [(node, False, False) for node in reversed(statements)]
    while rest:
        node, in_function, in_loop = rest.pop()
        if isinstance(node, nodes.If) and not in_function:
            yield node.span, "if statement not within a function"
        elif isinstance(node, nodes.For) and not in_function:
            yield node.span, "for loop not within a function"
        elif isinstance(node, nodes.Return) and not in_function:
            yield node.span, "return statement not within a function"
        elif isinstance(node, nodes.Word) and node.word != "pass" and not in_loop:
            yield node.span, f"{node.word} not in a loop"
        elif isinstance(node, nodes.Load) and in_function:
            yield node.span, "load statement within a function"
        function = isinstance(node, nodes.FunctionDef)
        loop = isinstance(node, nodes.For) or (in_loop and not function)
        rest += [(inner, in_function or function, loop) for inner in reversed(statements_of(node))]


def _rebound(source: SourceFile, statements: tuple[Node, ...]) -> Iterator[Diagnostic]:
    """Find globals that are bound again. Whatever `load` binds may not be bound by anything after it."""
    globals_: dict[str, Span] = {}
    loaded: dict[str, Span] = {}
    for node in statements:
        for name, span in _bound(node):
            if isinstance(node, nodes.Load):
                first, what = loaded.setdefault(name, span), "top-level"
            elif name in loaded:
                first, what = loaded[name], "local"
            else:
                first, what = globals_.setdefault(name, span), "global"
            if first is not span:
                position = source.position(first.start)
                place = f"{source.path}:{position.line + 1}:{position.column + 1}"
                message = f"cannot reassign {what} `{name}` declared at {place}"
                label = Label(Location(source, first), "first declared here")
                yield Diagnostic(
                    "EC016", ERROR, message, Location(source, span), (label,), "use another name"
                )


def _bound(node: Node) -> Iterator[tuple[str, Span]]:
    if isinstance(node, nodes.FunctionDef):
        yield node.name, node.name_span
    elif isinstance(node, nodes.Load):
        for loaded in node.names:
            yield loaded.alias, loaded.alias_span
    elif isinstance(node, nodes.Assign):
        rest = [node.target]
        while rest:
            target = rest.pop()
            if isinstance(target, nodes.Name):
                yield target.name, target.span
            elif isinstance(target, nodes.Group):
                rest.append(target.value)
            elif isinstance(target, (nodes.Tuple, nodes.List)):
                rest += reversed(target.items)
