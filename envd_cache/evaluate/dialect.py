"""Makes envd's Starlark out of the interpreter's: what one accepts and the other does not.

envd runs go-starlark, we run starlark-rust. `prepare` refuses what only ours would accept (a global
bound twice, a wrong escape) and rewrites what only envd accepts (tabs, lone carriage returns, names
outside ASCII). It also refuses what would overflow the interpreter's stack.
"""

from __future__ import annotations

from envd_cache.diagnostics import ERROR, Diagnostic, Label, Result
from envd_cache.evaluate.bindings import LOADED, bindings, reassigned
from envd_cache.record import Record
from envd_cache.source import Location, SourceFile, Span
from envd_cache.syntax.limits import too_deep
from envd_cache.syntax.scan import logical_lines, skeleton, unify_newlines

MOST = 50  # problems of one kind in one file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol, TypeVar

    from envd_cache.evaluate.bindings import Binding
    from envd_cache.syntax.scan import Literal, Skeleton

    class Switches(Protocol):
        """The part of `starlark.Dialect` that envd's options need."""

        enable_keyword_only_arguments: bool
        enable_load_reexport: bool

    AnyDialect = TypeVar("AnyDialect", bound=Switches)


class Prepared(Record):
    """A text ready for the interpreter, and the way from its offsets back to the file.

    `view` is the file itself wherever nothing had to be rewritten. `shifts` are pairs (offset in `text`,
    offset in the file) in code points, one wherever the two run apart. `renamed` says that names were
    made ASCII: the interpreter's messages then need `original_names`.
    """

    source: SourceFile
    view: SourceFile
    shifts: tuple[tuple[int, int], ...] = ()
    renamed: bool = False

    @property
    def text(self) -> str:
        """What the interpreter is given."""
        return self.view.text

    def offset_of_byte(self, byte: int) -> int:
        """Return the code point offset in the file of a UTF-8 byte offset in `text`."""
        offset = self.view.offset_of_byte(byte)
        size = len(self.source.text)
        if not self.shifts:
            return min(offset, size)
        from bisect import bisect_right  # noqa: PLC0415 - hardly a file needs it

        number = bisect_right(self.shifts, (offset, size)) - 1
        if number < 0:
            return min(offset, size)
        here, there = self.shifts[number]
        last = self.shifts[number + 1][1] if number + 1 < len(self.shifts) else size
        return min(there + offset - here, last)

    def original_names(self, message: str) -> str:
        """Return a message of the interpreter with the names as the file spells them."""
        if not self.renamed:
            return message
        from envd_cache.evaluate.lexical import original_names  # noqa: PLC0415 - such names are rare

        return original_names(message)


def dialect(standard: Callable[[], AnyDialect]) -> AnyDialect:
    """Return envd's options, given `starlark.Dialect.standard` (only `interpreter` imports starlark)."""
    made = standard()
    made.enable_keyword_only_arguments = True
    made.enable_load_reexport = False
    return made


def ascii_name(name: str) -> str:
    """Return the name under which the interpreter knows a name of a file: itself when it is ASCII.

    A leading underscore stays in front, so that what is private stays private.
    """
    if name.isascii():
        return name
    return "".join(char if char.isascii() else f"Ux{ord(char):x}_" for char in name)


def prepare(source: SourceFile) -> Result[Prepared]:
    """Return the text for the interpreter, with what envd would refuse in it and the interpreter not.

    Plain syntax errors are left to the interpreter. A text with EC007 must not be given to it at all.
    """
    text = unify_newlines(source.text)
    seen = skeleton(text)
    code = seen.code
    lines = logical_lines(code)
    if deep := too_deep(code, lines):
        problem = _problem(source, "EC007", deep, "nested too deeply", "split it into several statements")
        return Result(Prepared(source, source), (problem,))
    found: list[Diagnostic] = []
    bound: list[Binding] = []
    if seen.open_at is None and code.count("(") == code.count(")"):
        bound = bindings(text, code, lines)
        found += _trailing_commas(source, code, lines)
        found += _reassignments(source, bound)
    raw = _check_literals(source, text, seen, found)
    foreign = not code.isascii() or any(b.kind == LOADED and not b.name.isascii() for b in bound)
    gaps = _gaps_before_else(code, lines) if "el" in code else []
    if not (raw or foreign or gaps or "\t" in code):
        view = source if text == source.text else SourceFile(source.path, text, source.label)
        return Result(Prepared(source, view), tuple(found))
    from envd_cache.evaluate.lexical import rewrite  # noqa: PLC0415 - needs `re`, and few files come here

    made, shifts, faults = rewrite(text, seen, lines, gaps, foreign=foreign)
    found += (
        _problem(source, "EC018", (start, end), message, "give it an ASCII name")
        for start, end, message in faults
    )
    return Result(
        Prepared(source, SourceFile(source.path, made, source.label), shifts, foreign), tuple(found)
    )


def _problem(source: SourceFile, code: str, place: tuple[int, int], message: str, hint: str) -> Diagnostic:
    return Diagnostic(code, ERROR, message, Location(source, Span(*place)), hint=hint)


def _trailing_commas(source: SourceFile, code: str, lines: list[tuple[int, int]]) -> list[Diagnostic]:
    """Find the commas that end a list without brackets: envd takes them in brackets only."""
    at: list[int] = []
    for start, end in lines:
        part = code[start:end].rstrip()
        if part.endswith(","):
            at.append(start + len(part) - 1)
        if ";" in part:
            here = start
            for piece in part.split(";")[:-1]:
                if piece.rstrip().endswith(","):
                    at.append(here + len(piece.rstrip()) - 1)
                here += len(piece) + 1
    packed = code.replace(" ", "").replace("\n", "").replace("\t", "").replace("\r", "")
    if ",=" in packed or (",:" in packed and "lambda" in code) or (",in" in packed and "for" in code):
        from envd_cache.evaluate.lexical import hidden_commas  # noqa: PLC0415 - rarely suspected

        at += hidden_commas(code)
    message, hint = "trailing comma without brackets", "put brackets around it or remove the comma"
    return [_problem(source, "EC005", (here, here + 1), message, hint) for here in sorted(set(at))[:MOST]]


def _reassignments(source: SourceFile, bound: list[Binding]) -> list[Diagnostic]:
    """Tell of every name that the top level binds twice."""
    found: list[Diagnostic] = []
    for again, before in reassigned(bound)[:MOST]:
        position = source.position(before.start)
        place = f"{source.path}:{position.line + 1}:{position.column + 1}"
        what = "top-level" if again.kind == LOADED else before.kind
        message = f"cannot reassign {what} `{again.name}` declared at {place}"
        label = Label(Location(source, Span(before.start, before.end)), "first declared here")
        location = Location(source, Span(again.start, again.end))
        found.append(Diagnostic("EC016", ERROR, message, location, (label,), "use another name"))
    return found


def _gaps_before_else(code: str, lines: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the empty lines between a branch on one line and its `else`: only envd takes them."""
    gaps: list[tuple[int, int]] = []
    before = 0, 0
    for start, end in lines:
        empty = start > before[1] + 1
        if empty and code[start:end].lstrip().startswith(("else", "elif")):
            branch = code[before[0] : before[1]].lstrip()
            gaps += [(before[1] + 1, start)] if branch.startswith(("if", "elif")) else []
        before = start, end
    return gaps


def _check_literals(source: SourceFile, text: str, seen: Skeleton, found: list[Diagnostic]) -> bool:
    """Check escapes and bytes literals; return whether a raw string has to be rewritten."""
    rewrite = False
    for literal in seen.literals:
        if "b" in literal.prefix:
            message = "envd-cache does not support bytes literals"
            place = (literal.start, literal.start + len(literal.prefix))
            found.append(_problem(source, "EC018", place, message, "write a string: remove the b"))
        elif literal.prefix:
            rewrite = rewrite or raw_differs(text, literal)
        elif len(found) < MOST and (bad := _bad_escape(text, literal)):
            start, end, fault = bad
            hint = f'write `\\{text[start:end]}`, or a raw string r"..."'
            found.append(_problem(source, "EC017", (start, end), fault, hint))
    return rewrite


def _bad_escape(text: str, literal: Literal) -> tuple[int, int, str] | None:
    if text.find("\\", literal.body, literal.close) < 0:
        return None
    from envd_cache.syntax.escapes import bad_escape  # noqa: PLC0415 - hardly a string has an escape

    return bad_escape(text, literal.body, literal.close)


def raw_differs(text: str, literal: Literal) -> bool:
    """Say whether a raw string escapes a quote or a CRLF: our interpreter drops that backslash."""
    body = text[literal.body : literal.close]
    return "\\" in body and ('\\"' in body or "\\'" in body or "\\\r" in body)
