"""The syntax tree: plain records. Every node has the span of its text, in code points of the file.

Spans take no part in equality. What lark saw of a file is all here, comments included; nothing is
evaluated but the escapes of strings.
"""

from __future__ import annotations

from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from envd_cache.source import Span

    ArgumentKind = Literal["positional", "keyword", "*", "**"]
    ParameterKind = Literal["positional", "keyword-only", "*", "bare *", "**"]


class Node(Record, apart=("span",)):
    """A piece of a file, and where it stands."""

    span: Span


class Comment(Node):
    """A comment with its `#`, without the line end."""

    text: str


# ---- expressions ----


class Name(Node):
    """A variable, a builtin, or one of None, True and False."""

    name: str


class Number(Node):
    """A number as it is written."""

    text: str


class String(Node):
    """A string; `value` is what it stands for."""

    value: str
    prefix: str


class Group(Node):
    """An expression in round brackets."""

    value: Node


class Tuple(Node):
    """A tuple, with or without brackets."""

    items: tuple[Node, ...]


class List(Node):
    """A list as a literal."""

    items: tuple[Node, ...]


class Entry(Node):
    """A key and a value of a dict."""

    key: Node
    value: Node


class Dict(Node):
    """A dict as a literal."""

    entries: tuple[Entry, ...]


class Clause(Node):
    """A part of a comprehension: `for targets in value`, or `if value` without targets."""

    targets: Node | None
    value: Node


class Comprehension(Node):
    """A list built by loops, or a dict when its element is an entry."""

    element: Node
    clauses: tuple[Clause, ...]


class Unary(Node):
    """A sign or `not` before an operand."""

    operator: str
    operand: Node


class Binary(Node):
    """Two operands and what joins them; `not in` is one operator."""

    left: Node
    operator: str
    right: Node


class Conditional(Node):
    """`value if test else otherwise`."""

    value: Node
    test: Node
    otherwise: Node


class Attribute(Node):
    """A field of a value."""

    value: Node
    name: str
    name_span: Span


class Index(Node):
    """An element of a value."""

    value: Node
    index: Node


class Slice(Node):
    """A part of a sequence; `parts` are the bounds and the step that are written."""

    value: Node
    parts: tuple[Node, ...]


class Argument(Node):
    """An argument of a call, with its name or its stars. `name` is "" unless the kind is keyword."""

    kind: ArgumentKind
    name: str
    name_span: Span | None
    value: Node


class Call(Node):
    """A call."""

    callee: Node
    arguments: tuple[Argument, ...]


class Parameter(Node):
    """A parameter of a function. `name` is "" for a bare `*`; `default` is None when it must be given."""

    kind: ParameterKind
    name: str
    name_span: Span | None
    default: Node | None

    @property
    def has_default(self) -> bool:
        """Whether it can be left out."""
        return self.default is not None


class Lambda(Node):
    """A function without a name."""

    parameters: tuple[Parameter, ...]
    body: Node


# ---- statements ----


class Expression(Node):
    """A value used as a statement."""

    value: Node


class Assign(Node):
    """An assignment; `operator` is `=`, or an augmented form such as `+=`."""

    target: Node
    operator: str
    value: Node


class LoadedName(Node):
    """A name taken from another file: `name` there, `alias` here. The spans are without quotes."""

    name: str
    name_span: Span
    alias: str
    alias_span: Span


class Load(Node):
    """A `load` statement. `module_span` is that of the string, with its quotes."""

    module: str
    module_span: Span
    names: tuple[LoadedName, ...]


class Return(Node):
    """The end of a function."""

    value: Node | None


class Word(Node):
    """`pass`, `break` or `continue`."""

    word: str


class Branch(Node):
    """One arm of a conditional; `test` is None for `else`."""

    test: Node | None
    body: tuple[Node, ...]


class If(Node):
    """A conditional: its arms in order."""

    branches: tuple[Branch, ...]


class For(Node):
    """A loop."""

    targets: Node
    iterable: Node
    body: tuple[Node, ...]


class FunctionDef(Node):
    """A function definition."""

    name: str
    name_span: Span
    parameters: tuple[Parameter, ...]
    body: tuple[Node, ...]

    @property
    def required(self) -> tuple[Parameter, ...]:
        """The parameters that a call has to give."""
        named = ("positional", "keyword-only")
        return tuple(one for one in self.parameters if one.kind in named and one.default is None)


class File(Node):
    """A whole file."""

    statements: tuple[Node, ...]
    comments: tuple[Comment, ...]
