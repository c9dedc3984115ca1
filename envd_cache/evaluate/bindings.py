"""The names that the top level of a file binds. envd lets each be bound once; our interpreter does not care.

Works on the skeleton of a text, with string methods alone. A file that binds each name once, one a line,
does not come here.
"""

from __future__ import annotations

from envd_cache.diagnostics import ERROR, Diagnostic, Label
from envd_cache.record import Record
from envd_cache.source import Location, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.source import SourceFile

MOST = 50  # problems of one file

GLOBAL, LOADED = "global", "local"  # the words of envd's own message
_AUGMENTED = "+-*/%&|^<>"


class Binding(Record):
    """A name that the top level binds: where it stands, and whether a statement or `load` binds it."""

    name: str
    start: int
    end: int
    kind: str


def bindings(text: str, code: str, lines: list[tuple[int, int]]) -> list[Binding]:
    """Return every binding of the top level in the order of the text, repeats included."""
    found: list[Binding] = []
    for start, end in lines:
        if text[start] in " \t":
            continue  # inside a block
        part = code[start:end].lstrip()
        at = end - len(part)  # further right than `start` behind a backslash that joins lines
        if part.startswith("def") and part[3:4] in (" ", "\t"):
            head = part[3 : part.find("(")]
            at += 3 + len(head) - len(head.lstrip())
            found.append(Binding(head.strip(), at, at + len(head.strip()), GLOBAL))
            continue
        for piece in part.split(";") if ";" in part else (part,):
            if piece.lstrip().startswith("load") and piece.lstrip()[4:].lstrip().startswith("("):
                _loaded(text, piece, at, found)
            elif "=" in piece:
                _assigned(piece, at, found)
            at += len(piece) + 1
    return found


def _loaded(text: str, piece: str, at: int, found: list[Binding]) -> None:
    """Add what a `load` statement binds: its operands behind the first."""
    opening = piece.find("(") + 1
    operands = piece[opening : piece.rfind(")")].split(",")
    at += opening + len(operands[0]) + 1
    for operand in operands[1:]:
        start = at + len(operand) - len(operand.lstrip())
        at += len(operand) + 1
        shown = operand.strip()
        if shown.startswith('"'):
            literal = text[start : start + len(shown)]
            quote = literal[-1]
            name = literal[literal.find(quote) :].strip(quote)
            if "\\" in name and not literal.startswith("r"):
                from envd_cache.syntax.escapes import unescape  # noqa: PLC0415 - hardly a name has one

                name = unescape(name)
            found.append(Binding(name, start, start + len(shown), LOADED))
        elif shown:
            name = shown.partition("=")[0].rstrip()
            found.append(Binding(name, start, start + len(name), LOADED))


def _assigned(piece: str, at: int, found: list[Binding]) -> None:
    """Add what an assignment binds, if the statement is one."""
    sign = piece.find("=")
    if "(" in piece[:sign]:
        sign = _outside_brackets(piece)
    if sign < 0 or piece[sign + 1 : sign + 2] == "=" or piece[sign - 1 : sign] == "!":
        return
    target = piece[:sign]
    if target.endswith(("<", ">")) and not target.endswith(("<<", ">>")):
        return  # a comparison
    target = target.rstrip(_AUGMENTED)
    name = target.strip()
    if "lambda" in name:
        return  # the default of a parameter
    start = at + len(target) - len(target.lstrip())
    if name.isidentifier():
        found.append(Binding(name, start, start + len(name), GLOBAL))
    else:
        _unpacked(target, at, found)


def _outside_brackets(piece: str) -> int:
    """Return the offset of the first `=` that is in no bracket, or -1."""
    at = depth = 0
    for number, part in enumerate(piece.replace(")", "()").split("(")):
        if part.startswith(")"):
            depth -= 1
        else:
            depth += number > 0
            at += number > 0  # the bracket itself
        if depth == 0 and "=" in part:
            return at + part.find("=")
        at += len(part)
    return -1


def _unpacked(target: str, at: int, found: list[Binding]) -> None:
    """Add the names of a target such as `a, (b, c[0].d)`: here a and b."""
    here, last, inner = 0, "", 0
    while here < len(target):
        char = target[here]
        end = here + 1
        if char == "(":
            # A bracket behind an operand is an index or a call: it holds no targets.
            if inner or last in ("name", ")"):
                inner += 1
            last = char
        elif char == ")":
            inner -= inner > 0
            last = char
        elif char.isalnum() or char == "_":
            while end < len(target) and (target[end].isalnum() or target[end] == "_"):
                end += 1
            next_ = end
            while next_ < len(target) and target[next_].isspace():
                next_ += 1
            behind = target[next_ : next_ + 1]
            if not inner and last != "." and behind not in (".", "(") and char.isidentifier():
                found.append(Binding(target[here:end], at + here, at + end, GLOBAL))
            last = "name"
        elif not char.isspace():
            last = char
        here = end


def reassigned(found: list[Binding]) -> list[tuple[Binding, Binding]]:
    """Return each binding that envd refuses, with the one before it.

    A global may not be bound again, nor what `load` has bound; `load` itself may follow a global.
    """
    first: dict[str, Binding] = {}
    loaded: dict[str, Binding] = {}
    again: list[tuple[Binding, Binding]] = []
    for binding in found:
        if binding.kind == LOADED:
            before = loaded.setdefault(binding.name, binding)
        else:
            before = loaded.get(binding.name) or first.setdefault(binding.name, binding)
        if before is not binding:
            again.append((binding, before))
    return again


def refusals(source: SourceFile, bound: list[Binding]) -> list[Diagnostic]:
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
