"""What one logical line says, whatever stands around it. All offsets count from its first letter."""

from __future__ import annotations

import re

from envd_cache.lsp.names import BINDING, occurrences_in, occurrences_of_tokens
from envd_cache.record import Record
from envd_cache.source import SourceFile, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.diagnostics import Diagnostic
    from envd_cache.lsp.names import Occurrence
    from envd_cache.syntax.nodes import Node

_WORD = re.compile(r"[^\W\d]\w*+")
_HEADERS = ("def", "if", "elif", "else", "for")
_BODY = "\n pass"
# Stands in front of what cannot stand alone.
_BEFORE = {"elif": "if 0:\n pass\n", "else": "if 0:\n pass\n"}
MOST_KEPT = 60_000


class Fault(Record):
    """What is wrong with a line: a code, a message, the place in the line, a hint and labels.

    `redact` holds texts that must not be shown.
    """

    code: str
    message: str
    span: Span
    hint: str = ""
    severity: str = "error"
    redact: tuple[str, ...] = ()


class Line:
    """One logical line: its text, its tree, and what follows from the two. Shared by all equal texts."""

    __slots__ = ("_bindings", "_faults", "_occurrences", "_read", "_statements", "_syntax", "text", "word")

    def __init__(self, text: str) -> None:
        self.text = text
        found = _WORD.match(text)
        self.word = found[0] if found else ""
        self._read = False
        self._statements: tuple[Node, ...] = ()
        self._syntax: Fault | None = None
        self._occurrences: tuple[Occurrence, ...] | None = None
        self._bindings: tuple[Occurrence, ...] | None = None
        self._faults: tuple[Fault, ...] | None = None

    @property
    def is_comment(self) -> bool:
        """Whether it is a comment alone."""
        return self.text.startswith("#")

    @property
    def is_header(self) -> bool:
        """Whether a block belongs below it."""
        return self.word in _HEADERS and _code_end(self.text) == ":"

    @property
    def statements(self) -> tuple[Node, ...]:
        """Its statements, with spans that count from its first letter; none when it cannot be read.

        A header has an empty block: a `pass` behind its end.
        """
        if not self._read:
            self._parse()
        return self._statements

    @property
    def is_broken(self) -> bool:
        """Whether it cannot be read."""
        if not self._read:
            self._parse()
        return self._syntax is not None

    @property
    def syntax(self) -> Fault | None:
        """Why it cannot be read, None when it can."""
        if not self._read:
            self._parse()
        return self._syntax

    @property
    def occurrences(self) -> tuple[Occurrence, ...]:
        """The names in it."""
        if self._occurrences is None:
            if self.is_broken:
                self._occurrences = occurrences_of_tokens(self.text)
            else:
                self._occurrences = occurrences_in(self.statements, len(self.text))
        return self._occurrences

    @property
    def bindings(self) -> tuple[Occurrence, ...]:
        """The names that it binds in its function or its file."""
        if self._bindings is None:
            found = [one for one in self.occurrences if one.role in BINDING and one.scope < 0]
            self._bindings = tuple(found)
        return self._bindings

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What is wrong with it: its syntax, else the arguments of its calls that are written as literals."""
        if self._faults is None:
            if self.syntax:
                self._faults = (self.syntax,)
            elif "(" in self.text and not self.is_comment:
                from envd_cache.lsp.arguments import problems_in  # noqa: PLC0415 - loads lark

                self._faults = tuple(
                    [
                        Fault(one.code, one.message, span, one.hint, one.severity, one.redact)
                        for one, span in problems_in(self.statements)
                    ]
                )
            else:
                self._faults = ()
        return self._faults

    def _parse(self) -> None:
        from envd_cache.syntax.parse import parse  # noqa: PLC0415 - loads lark

        self._read = True
        text = self.text
        if self.is_comment:
            return
        before = _BEFORE.get(self.word, "")
        behind = _BODY if self.is_header else ""
        result = parse(SourceFile("", f"{before}{text}{behind}"))
        if result.value is None:
            self._syntax = _fault(result.diagnostics[0], len(before), len(text))
            return
        statements = result.value.statements
        if before:
            statements = tuple([_shifted(node, -len(before)) for node in _second_branch(statements)])
        self._statements = statements


def _second_branch(statements: tuple[Node, ...]) -> tuple[Node, ...]:
    from envd_cache.syntax import nodes  # noqa: PLC0415 - with the parser

    first = statements[0]
    if not isinstance(first, nodes.If):
        return statements[1:]
    branches = first.branches[1:]
    return (nodes.If(branches[0].span, branches), *statements[1:]) if branches else statements[1:]


def _shifted(node: Node, by: int) -> Node:
    """Return a node with all its spans moved. Only `elif` and `else` need it."""
    changes: dict[str, object] = {}
    for field in node._fields:
        value = getattr(node, field)
        if isinstance(value, Span):
            changes[field] = Span(value.start + by, value.end + by)
        elif isinstance(value, tuple):
            changes[field] = tuple([_shifted(item, by) if hasattr(item, "span") else item for item in value])
        elif hasattr(value, "span"):
            changes[field] = _shifted(value, by)
    return node.replace(**changes)


def _fault(found: Diagnostic, before: int, size: int) -> Fault:
    if found.location is None:
        return Fault(found.code, found.message, Span(0, size), found.hint)
    start = min(max(found.location.span.start - before, 0), size)
    end = min(max(found.location.span.end - before, start), size)
    message = found.message
    if start == size and "outdent" in message:
        message = "unexpected end of line"
    return Fault(found.code, message, Span(start, end), found.hint)


def _code_end(text: str) -> str:
    """Return the last letter of a line that is no comment and no blank."""
    if "#" not in text:
        return text.rstrip()[-1:]
    from envd_cache.syntax.scan import skeleton  # noqa: PLC0415 - hardly a header has a comment

    return skeleton(text).code.rstrip()[-1:]


_KEPT: dict[str, Line] = {}


def line_of(text: str) -> Line:
    """Return what a line says; equal texts share it."""
    found = _KEPT.get(text)
    if found is None:
        if len(_KEPT) > MOST_KEPT:
            _KEPT.clear()
        found = _KEPT[text] = Line(text)
    return found
