"""Makes envd's Starlark out of the interpreter's: what one accepts and the other does not.

envd runs go-starlark, we run starlark-rust. `prepare` refuses what only ours would accept (a global
bound twice, a wrong escape) and rewrites what only envd accepts (tabs, lone carriage returns, names
outside ASCII). It also refuses what would overflow the interpreter's stack.
"""

from __future__ import annotations

from envd_cache.diagnostics import ERROR, Diagnostic, Result
from envd_cache.record import Record
from envd_cache.source import Location, SourceFile, Span
from envd_cache.syntax.scan import is_plainly_shallow, logical_lines, skeleton, unify_newlines

MOST = 50  # problems of one kind in one file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol, TypeVar

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
        from envd_cache.evaluate.names import original_names  # noqa: PLC0415 - such names are rare

        return original_names(message)


def dialect(standard: Callable[[], AnyDialect]) -> AnyDialect:
    """Return envd's options, given `starlark.Dialect.standard` (only `engine` imports starlark)."""
    made = standard()
    made.enable_keyword_only_arguments = True
    made.enable_load_reexport = False
    return made


def prepare(source: SourceFile) -> Result[Prepared]:
    """Return the text for the interpreter, with what envd would refuse in it and the interpreter not.

    Plain syntax errors are left to the interpreter. A text with EC007 must not be given to it at all.
    """
    text = unify_newlines(source.text)
    seen = skeleton(text)
    code = seen.code
    lines = logical_lines(code)
    if not is_plainly_shallow(code, lines):
        from envd_cache.syntax.limits import too_deep  # noqa: PLC0415 - hardly a file is suspected

        if deep := too_deep(code, lines):
            refused = problem(source, "EC007", deep, "nested too deeply", "split it into several statements")
            return Result(Prepared(source, source), (refused,))
    found: list[Diagnostic] = []
    foreign = not code.isascii()
    if seen.open_at is None and code.count("(") == code.count(")"):
        found += _trailing_commas(source, code, lines)
        if not _binds_plainly(text, code, lines):
            from envd_cache.evaluate import bindings  # noqa: PLC0415 - many files bind plainly

            bound = bindings.bindings(text, code, lines)
            found += bindings.refusals(source, bound)
            foreign = foreign or any(b.kind == bindings.LOADED and not b.name.isascii() for b in bound)
    raw = False
    if seen.literals:
        from itertools import islice  # noqa: PLC0415 - many files have none

        from envd_cache.evaluate import literals  # noqa: PLC0415 - many files have none

        found += [problem(source, *fault) for fault in islice(literals.faults(text, seen.literals), MOST)]
        raw = any(one.prefix == "r" and literals.raw_differs(text, one) for one in seen.literals)
    gaps = _gaps_before_else(code, lines) if "else" in code or "elif" in code else []
    if not (raw or foreign or gaps or "\t" in code):
        view = source if text == source.text else SourceFile(source.path, text, source.label)
        return Result(Prepared(source, view), tuple(found))
    from envd_cache.evaluate.lexical import rewrite  # noqa: PLC0415 - needs `re`, and few files come here

    made, shifts, faults = rewrite(text, seen, lines, gaps, foreign=foreign)
    found += (
        problem(source, "EC018", (start, end), message, "give it an ASCII name")
        for start, end, message in faults
    )
    return Result(
        Prepared(source, SourceFile(source.path, made, source.label), shifts, foreign), tuple(found)
    )


def problem(source: SourceFile, code: str, place: tuple[int, int], message: str, hint: str) -> Diagnostic:
    """Return the diagnostic for a range of code points of a file."""
    return Diagnostic(code, ERROR, message, Location(source, Span(*place)), hint=hint)


def _trailing_commas(source: SourceFile, code: str, lines: list[tuple[int, int]]) -> list[Diagnostic]:
    """Find the commas that end a list without brackets: envd takes them in brackets only."""
    at: list[int] = []
    several = ";" in code
    for start, end in lines:
        last = code[end - 1]
        if last == "," or last.isspace():
            part = code[start:end].rstrip()
            if part.endswith(","):
                at.append(start + len(part) - 1)
        if several:
            part = code[start:end].rstrip()
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
    return [problem(source, "EC005", (here, here + 1), message, hint) for here in sorted(set(at))[:MOST]]


def _binds_plainly(text: str, code: str, lines: list[tuple[int, int]]) -> bool:
    """Say whether all that the top level does is to bind names, one a line and each once.

    What a `load` binds counts where its names are plain texts.
    """
    names: set[str] = set()
    for start, end in lines:
        if code[start] in " \t":
            continue  # inside a block
        line = code[start:end]
        if line.startswith("def "):
            name = line[4 : line.find("(")]
        elif line.startswith("load(") and line.endswith(")") and not line[5:-1].strip('", \n\r\t'):
            for operand in text[start + 5 : end - 1].split(",")[1:]:
                name = operand.strip()[1:-1]
                if not (name.isidentifier() and name.isascii()) or name in names:
                    return False
                names.add(name)
            continue
        elif "=" in line:
            name = line[: line.find("=")].rstrip()
        elif line.strip('"'):
            return False
        else:
            continue  # a text that describes the file
        if not name.isidentifier() or name in names or ";" in line:
            return False
        names.add(name)
    return True


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
