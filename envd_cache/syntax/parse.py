"""The only importer of lark: a text becomes a tree of nodes, or one diagnostic."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from threading import Lock

from lark import Lark
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from envd_cache.diagnostics import ERROR, Diagnostic, Label, Result
from envd_cache.source import Location, Span
from envd_cache.syntax.build import Builder, RefusedError
from envd_cache.syntax.layout import Layout, LayoutError
from envd_cache.syntax.limits import too_deep
from envd_cache.syntax.nodes import Comment, File
from envd_cache.syntax.rules import problems
from envd_cache.syntax.scan import logical_lines, skeleton, unify_newlines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from envd_cache.source import SourceFile
    from envd_cache.syntax.nodes import Node

_SHOWN = {
    "$END": "end of file",
    "INTEGER": "int literal",
    "FLOAT": "float literal",
    "STRING": "string literal",
    "NAME": "identifier",
    "_NL": "newline",
    "_INDENT": "indent",
    "_DEDENT": "outdent",
}
_MARKS = {"RPAR": ")", "RSQB": "]", "RBRACE": "}", "COLON": ":", "EQUAL": "=", "LPAR": "(", "COMMA": ","}


class _Parser:
    """Lark with the grammar, built when it is first needed (100 ms), and what it holds of one text.

    Lark keeps the layout and the builder, and they keep what belongs to a text: hence the lock.
    """

    def __init__(self) -> None:
        self.lock = Lock()
        self.layout = Layout()
        self.builder = Builder()
        self._lark: Lark | None = None

    def tree(self, text: str, base: int) -> Any:
        """Return what the builder makes of a whole text. Raises what lark, layout and builder raise."""
        if self._lark is None:
            grammar = _grammar()
            self._lark = Lark(
                grammar,
                parser="lalr",
                # Starlark can be cut into tokens without knowing the context. Lark's contextual lexer
                # would read `x.if` as a name, and be confused by the line ends that the layout holds back.
                lexer="basic",
                start="file",
                postlex=self.layout,
                transformer=self.builder,
                keep_all_tokens=True,
                maybe_placeholders=False,
            )
        self.builder.base = base
        return self._lark.parse(text)


def _grammar() -> str:
    try:
        folder = files("envd_cache.grammar")
    except ModuleNotFoundError:
        # Run in a checkout that is not installed: there the folder stands beside the package.
        folder = Path(__file__).resolve().parents[2] / "grammar"
    return folder.joinpath("starlark.lark").read_text("utf-8")


_PARSER = _Parser()


def parse(source: SourceFile) -> Result[File | None]:
    """Return the tree of a file; None with one EC005, EC007, EC017 or EC018 when it has none.

    A tree may come with EC016 (a global bound twice) and EC005 (`return` outside a function): accepted
    by the grammar, refused by envd. A file without errors here is one that the interpreter can read.
    """
    text = unify_newlines(source.text)
    code = skeleton(text).code
    if deep := too_deep(code, logical_lines(code)):
        return Result(None, (_diagnostic(source, Span(*deep), "nested too deeply", code="EC007"),))
    # The line end in front gives the first line an indentation like every other line.
    statements, comments, refused = _parsed(source, "\n" + text, 1)
    if refused is not None:
        return Result(None, (refused,))
    tree = File(Span(0, len(text)), statements, comments)
    return Result(tree, problems(source, tree))


def parse_expression(source: SourceFile, span: Span) -> Node | None:
    """Return the tree of an expression that stands at `span`, or None when there is none.

    Only this piece is read, whatever is wrong elsewhere. Line ends need no brackets around them.
    """
    text = unify_newlines(source.text[span.start : span.end])
    code = skeleton(text).code
    if too_deep(code, [(0, len(code))]):
        return None
    # In brackets, so that the expression may go over lines.
    statements, _, refused = _parsed(source, f"\n({text})", 2 - span.start)
    if refused is not None or len(statements) != 1:
        return None
    group: Any = getattr(statements[0], "value", None)
    value = getattr(group, "value", None)
    found: Node | None = value if getattr(value, "span", None) == span else None
    return found


def parse_piece(source: SourceFile, span: Span) -> tuple[Node, ...]:
    """Return the statements of whole lines of a file; none when they cannot be read."""
    text = unify_newlines(source.text[span.start : span.end])
    code = skeleton(text).code
    if too_deep(code, logical_lines(code)):
        return ()
    return _parsed(source, "\n" + text, 1 - span.start)[0]


def _parsed(
    source: SourceFile, text: str, base: int
) -> tuple[tuple[Node, ...], tuple[Comment, ...], Diagnostic | None]:
    """Return statements, comments and the first problem of a text that is `base` ahead of the file."""
    with _PARSER.lock:
        layout = _PARSER.layout
        try:
            statements = _PARSER.tree(text, base)
        except RefusedError as refused:
            return (
                (),
                (),
                _diagnostic(source, refused.span, refused.message, code=refused.code, hint=refused.hint),
            )
        except LayoutError as refused:
            span = Span(refused.start - base, refused.end - base)
            return (), (), _diagnostic(source, span, refused.message)
        except UnexpectedInput as refused:
            return (), (), _unexpected(source, refused, text, base, layout.open)
        comments = tuple(
            Comment(Span(token.start_pos - base, token.end_pos - base), str(token))
            for token in layout.comments
        )
        return statements, comments, None


def _diagnostic(
    source: SourceFile,
    span: Span,
    message: str,
    *,
    code: str = "EC005",
    hint: str = "",
    labels: tuple[Label, ...] = (),
) -> Diagnostic:
    return Diagnostic(code, ERROR, message, Location(source, span), labels, hint)


def _unexpected(
    source: SourceFile, refused: UnexpectedInput, text: str, base: int, opened: list[Any]
) -> Diagnostic:
    """Put lark's error into the words of go-starlark: `got ':', want ')'`."""
    if isinstance(refused, UnexpectedCharacters):
        at: Any = refused.pos_in_stream
        char = text[at]
        start = at - base
        if char in "\"'":
            line_end = text.find("\n", at)
            end = len(text) if line_end < 0 or text.startswith(char * 3, at) else line_end
            return _diagnostic(
                source, Span(start, min(end - base, len(source.text))), "the string does not end"
            )
        if char == "\\":
            return _diagnostic(source, Span(start, start + 1), "stray backslash")
        if char == "0":
            message, hint = "integer cannot have leading 0", "octal numbers are written 0o17"
            return _diagnostic(source, Span(start, start + 1), message, hint=hint)
        return _diagnostic(source, Span(start, start + 1), f"unexpected input character `{char}`")
    if not isinstance(refused, UnexpectedToken):
        size = len(source.text)
        return _diagnostic(source, Span(size, size), "unexpected end of file")
    token = refused.token
    size = len(source.text)
    if token.type == "$END":
        span = Span(size, size)
    else:
        start, end = token.start_pos - base, token.end_pos - base
        span = Span(min(start, size), min(max(end, start), size))
    if token.type in ("_NL", "_INDENT", "_DEDENT"):
        # The line end itself is what is wrong, not the blanks of the next line.
        span = Span(span.start, span.start)
    labels: tuple[Label, ...] = ()
    if opened and (token.type == "$END" or not _wanted(refused).startswith("primary")):
        bracket = opened[-1]
        at = bracket.start_pos - base
        labels = (Label(Location(source, Span(at, at + 1)), "opened here"),)
    if token.type == "RESERVED" and token.startswith("while"):
        return _diagnostic(source, span, "this Starlark dialect does not support while loops")
    if token.type == "RESERVED":
        return _diagnostic(source, span, f"`{token}` is a reserved word", labels=labels)
    shown = _SHOWN.get(token.type, f"`{token}`")
    wanted = _wanted(refused)
    return _diagnostic(source, span, f"got {shown}" + (f", want {wanted}" if wanted else ""), labels=labels)


def _wanted(refused: UnexpectedToken) -> str:
    """Return the most telling of the tokens that could have followed."""
    expected: set[str] = set(refused.expected)
    if {"NAME", "LPAR", "STRING"} <= expected:
        return "primary expression"
    for kind in ("RPAR", "RSQB", "RBRACE", "COLON", "_NL"):
        if kind in expected:
            return f"`{_MARKS[kind]}`" if kind in _MARKS else "newline"
    if len(expected) != 1:
        return ""
    kind = next(iter(expected))
    return f"`{_MARKS[kind]}`" if kind in _MARKS else _SHOWN.get(kind, f"`{kind.lower()}`")
