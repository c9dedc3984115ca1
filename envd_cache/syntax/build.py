"""Makes nodes of what lark found: one method a rule of the grammar. Called while lark is parsing.

What the grammar cannot say is checked here: targets of assignments, the order of parameters and of
arguments. Children are lark's tokens and our nodes; every token is kept, so that spans are exact.
"""

# ruff: noqa: D102 - each method is named after its rule, and the grammar says what the rule is

from __future__ import annotations

from envd_cache.source import Span
from envd_cache.syntax import nodes
from envd_cache.syntax.escapes import bad_escape, unescape
from envd_cache.syntax.nodes import Argument, Node, Parameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    # lark gives lists of its tokens and of the nodes made before.
    Children = list[Any]

_UNASSIGNABLE = {
    nodes.Binary: "an operation",
    nodes.Call: "a call",
    nodes.Comprehension: "a comprehension",
    nodes.Conditional: "a conditional",
    nodes.Dict: "a dict",
    nodes.Lambda: "a lambda",
    nodes.Number: "a literal",
    nodes.Slice: "a slice",
    nodes.String: "a literal",
    nodes.Unary: "an operation",
}


class RefusedError(Exception):
    """A fault of a node that the grammar lets through."""

    def __init__(self, span: Span, message: str, code: str = "EC005", hint: str = "") -> None:
        super().__init__(message)
        self.span = span
        self.message = message
        self.code = code
        self.hint = hint


class Builder:
    """Lark's `transformer`. `base` is what lark's offsets are ahead of the file's: one text at a time."""

    def __init__(self) -> None:
        self.base = 0

    # ---- offsets ----

    def _start(self, child: Any) -> int:
        return child.span.start if isinstance(child, Node) else child.start_pos - self.base

    def _end(self, child: Any) -> int:
        return child.span.end if isinstance(child, Node) else child.end_pos - self.base

    def _span(self, children: Children) -> Span:
        return Span(self._start(children[0]), self._end(children[-1]))

    def _of(self, token: Any) -> Span:
        return Span(token.start_pos - self.base, token.end_pos - self.base)

    # ---- statements ----

    def file(self, children: Children) -> tuple[Node, ...]:
        return _nodes(children)

    def expression(self, children: Children) -> Node:
        return nodes.Expression(self._span(children), children[0])

    def assignment(self, children: Children) -> Node:
        target, operator, value = children
        if operator != "=" and isinstance(_ungrouped(target), (nodes.Tuple, nodes.List)):
            raise RefusedError(target.span, f"cannot use several targets with `{operator}`")
        _check_target(target)
        return nodes.Assign(self._span(children), target, str(operator), value)

    def load(self, children: Children) -> Node:
        module = self.string([children[2]])
        names = tuple(child for child in children if isinstance(child, nodes.LoadedName))
        return nodes.Load(self._span(children), module.value, module.span, names)

    def loaded(self, children: Children) -> Node:
        name = self.string([children[-1]])
        width = len(children[-1]) - len(name.prefix)
        quotes = 3 if width >= 6 and children[-1][len(name.prefix) :][1:3] in ('""', "''") else 1
        inside = Span(name.span.start + len(name.prefix) + quotes, name.span.end - quotes)
        if len(children) == 1:
            return nodes.LoadedName(name.span, name.value, inside, name.value, inside)
        alias = children[0]
        return nodes.LoadedName(self._span(children), name.value, inside, str(alias), self._of(alias))

    def return_(self, children: Children) -> Node:
        return nodes.Return(self._span(children), children[1] if len(children) > 1 else None)

    def word(self, children: Children) -> Node:
        return nodes.Word(self._span(children), str(children[0]))

    def suite(self, children: Children) -> tuple[Node, ...]:
        return _nodes(children)

    def branch(self, children: Children) -> Node:
        branches: list[nodes.Branch] = []
        keyword, test = children[0], None
        for child in children:
            if isinstance(child, Node):
                test = child
            elif isinstance(child, tuple):
                span = Span(self._start(keyword), child[-1].span.end)
                branches.append(nodes.Branch(span, test, child))
                test = None
            elif child.type != "COLON":
                keyword = child
        return nodes.If(Span(branches[0].span.start, branches[-1].span.end), tuple(branches))

    def loop(self, children: Children) -> Node:
        _, targets, _, iterable, _, body = children
        _check_target(targets)
        return nodes.For(Span(self._start(children[0]), body[-1].span.end), targets, iterable, body)

    def function(self, children: Children) -> Node:
        _, name, _, parameters, _, _, body = children
        span = Span(self._start(children[0]), body[-1].span.end)
        return nodes.FunctionDef(span, str(name), self._of(name), parameters, body)

    # ---- parameters ----

    def parameters(self, children: Children) -> tuple[Parameter, ...]:
        found = [child for child in children if isinstance(child, Parameter)]
        seen: set[str] = set()
        star = optional = False
        for number, parameter in enumerate(found):
            kind, name = parameter.kind, parameter.name
            if name in seen:
                raise RefusedError(parameter.span, f"duplicate parameter `{name}`")
            seen |= {name} if name else set()
            if number and found[number - 1].kind == "**":
                raise RefusedError(parameter.span, "no parameter may follow `**`")
            if kind in ("*", "bare *"):
                if star:
                    raise RefusedError(parameter.span, "multiple `*` parameters")
                star = True
                following = found[number + 1].kind if number + 1 < len(found) else ""
                if kind == "bare *" and following != "positional":
                    raise RefusedError(
                        parameter.span, "a bare `*` must be followed by keyword-only parameters"
                    )
            elif kind == "positional" and star:
                found[number] = parameter.replace(kind="keyword-only")
            elif kind == "positional":
                if optional and parameter.default is None:
                    raise RefusedError(parameter.span, "a required parameter may not follow an optional one")
                optional = parameter.default is not None
        return tuple(found)

    bare_parameters = parameters

    def parameter(self, children: Children) -> Node:
        span = self._span(children)
        first = str(children[0])
        if first in ("*", "**"):
            if len(children) == 1:
                return Parameter(span, "bare *", "", None, None)
            name = children[1]
            return Parameter(span, "*" if first == "*" else "**", str(name), self._of(name), None)
        default = children[2] if len(children) > 1 else None
        return Parameter(span, "positional", first, self._of(children[0]), default)

    # ---- expressions ----

    def values(self, children: Children) -> Node:
        if len(children) == 1:
            value: Node = children[0]
            return value
        return nodes.Tuple(self._span(children), _nodes(children))

    targets = values

    def conditional(self, children: Children) -> Node:
        return nodes.Conditional(self._span(children), children[0], children[2], children[4])

    def lambda_(self, children: Children) -> Node:
        return nodes.Lambda(self._span(children), children[1], children[3])

    def binary(self, children: Children) -> Node:
        operator = " ".join(children[1:-1])
        return nodes.Binary(self._span(children), children[0], operator, children[-1])

    def unary(self, children: Children) -> Node:
        return nodes.Unary(self._span(children), str(children[0]), children[1])

    def attribute(self, children: Children) -> Node:
        value, _, name = children
        if not name.isascii():
            message = f"envd-cache does not support `{name}` as a field: it is not ASCII"
            raise RefusedError(self._of(name), message, "EC018", "give it an ASCII name")
        return nodes.Attribute(self._span(children), value, str(name), self._of(name))

    def index(self, children: Children) -> Node:
        return nodes.Index(self._span(children), children[0], children[2])

    def slice(self, children: Children) -> Node:
        return nodes.Slice(self._span(children), children[0], _nodes(children[1:]))

    def call(self, children: Children) -> Node:
        arguments = tuple(child for child in children if isinstance(child, Argument))
        _check_order(arguments)
        return nodes.Call(self._span(children), children[0], arguments)

    def argument(self, children: Children) -> Node:
        span = self._span(children)
        if len(children) == 1:
            return Argument(span, "positional", "", None, children[0])
        if len(children) == 2:
            return Argument(span, "*" if children[0] == "*" else "**", "", None, children[1])
        name = children[0]
        if not name.isascii():
            message = f"envd-cache does not support `{name}` as a keyword: it is not ASCII"
            raise RefusedError(self._of(name), message, "EC018", "give it an ASCII name")
        return Argument(span, "keyword", str(name), self._of(name), children[2])

    def group(self, children: Children) -> Node:
        return nodes.Group(self._span(children), children[1])

    def tuple(self, children: Children) -> Node:
        return nodes.Tuple(self._span(children), _nodes(children))

    def list(self, children: Children) -> Node:
        return nodes.List(self._span(children), _nodes(children))

    def dict(self, children: Children) -> Node:
        entries = [child for child in children if isinstance(child, nodes.Entry)]
        return nodes.Dict(self._span(children), (*entries,))

    def entry(self, children: Children) -> Node:
        return nodes.Entry(self._span(children), children[0], children[2])

    def comprehension(self, children: Children) -> Node:
        clauses = [child for child in children if isinstance(child, nodes.Clause)]
        return nodes.Comprehension(self._span(children), children[1], (*clauses,))

    def clause(self, children: Children) -> Node:
        if len(children) == 2:
            return nodes.Clause(self._span(children), None, children[1])
        _check_target(children[1])
        return nodes.Clause(self._span(children), children[1], children[3])

    def name(self, children: Children) -> Node:
        return nodes.Name(self._span(children), str(children[0]))

    def number(self, children: Children) -> Node:
        return nodes.Number(self._span(children), str(children[0]))

    def string(self, children: Children) -> nodes.String:
        literal = str(children[0])
        span = self._of(children[0])
        prefix = literal[: literal.find(literal[-1])]
        if "b" in prefix:
            message = "envd-cache does not support bytes literals"
            marks = Span(span.start, span.start + len(prefix))
            raise RefusedError(marks, message, "EC018", "write a string: remove the b")
        quotes = 3 if len(literal) - len(prefix) >= 6 and literal[len(prefix) :][1:3] in ('""', "''") else 1
        body = len(prefix) + quotes
        close = len(literal) - quotes
        if not prefix and (bad := bad_escape(literal, body, close)):
            start, end, fault = bad
            hint = f'write `\\{literal[start:end]}`, or a raw string r"..."'
            raise RefusedError(Span(span.start + start, span.start + end), fault, "EC017", hint)
        value = literal[body:close]
        return nodes.String(span, value.replace("\r\n", "\n") if prefix else unescape(value), prefix)


def _nodes(children: Children) -> tuple[Node, ...]:
    return (*(child for child in children if isinstance(child, Node)),)


def _ungrouped(node: Node) -> Node:
    while isinstance(node, nodes.Group):
        node = node.value
    return node


def _check_target(target: Node) -> None:
    """Refuse what cannot stand on the left of an assignment."""
    rest = [target]
    while rest:
        node = _ungrouped(rest.pop())
        if isinstance(node, (nodes.Tuple, nodes.List)):
            rest += node.items
        elif type(node) in _UNASSIGNABLE:
            raise RefusedError(node.span, f"cannot assign to {_UNASSIGNABLE[type(node)]}")


def _check_order(arguments: tuple[Argument, ...]) -> None:
    """Refuse arguments in the wrong order, and repeated ones: positional, keyword, `*`, `**`."""
    order = ("positional", "keyword", "*", "**")
    words = {"positional": "a positional argument", "keyword": "a keyword argument", "*": "`*`", "**": "`**`"}
    highest = ""
    seen: set[str] = set()
    for argument in arguments:
        kind = argument.kind
        if highest and order.index(kind) < order.index(highest):
            raise RefusedError(argument.span, f"{words[kind]} may not follow {words[highest]}")
        if kind == highest and kind in ("*", "**"):
            raise RefusedError(argument.span, f"multiple {words[kind]} arguments")
        if kind == "keyword" and argument.name in seen:
            raise RefusedError(argument.span, f"keyword argument `{argument.name}` is repeated")
        seen.add(argument.name)
        highest = kind
