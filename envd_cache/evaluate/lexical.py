"""Rewrites what the interpreter cannot read into what it can, and keeps track of the offsets.

Loaded only for files with a tab outside strings, a name outside ASCII, an escaped quote in a raw string,
or an empty line before an `else`.
"""

from __future__ import annotations

import re

from envd_cache.evaluate.literals import raw_differs
from envd_cache.evaluate.names import ascii_name
from envd_cache.syntax.scan import indent_width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.syntax.scan import Literal, Skeleton

_HIDDEN_COMMA = re.compile(r",(?=\s*+(?:in\b|:|=(?!=)))")
_WORD = re.compile(r'[\w]++|"++|[():,.;]|[=!<>]=|=')
_ESCAPED = re.compile(r"\\(\r?\n|.)", re.DOTALL)


def hidden_commas(code: str) -> list[int]:
    """Return the offsets of commas right before the `in` of a loop, the colon of a lambda, or `=`."""
    return [found.start() for found in _HIDDEN_COMMA.finditer(code)]


def rewrite(
    text: str, seen: Skeleton, lines: list[tuple[int, int]], gaps: list[tuple[int, int]], *, foreign: bool
) -> tuple[str, tuple[tuple[int, int], ...], list[tuple[int, int, str]]]:
    """Return the new text, its shifts (see `Prepared`) and the spans that cannot be, with reasons."""
    edits = [
        _cooked(text, literal)
        for literal in seen.literals
        if literal.prefix == "r" and raw_differs(text, literal)
    ]
    edits += ((start, end, "") for start, end in gaps)
    faults: list[tuple[int, int, str]] = []
    if "\t" in seen.code:
        edits += _tabs(text, seen.code, lines)
    if foreign:
        edits += _names(text, seen.code, faults)
    edits.sort()
    return *_apply(text, edits), faults


def _apply(text: str, edits: list[tuple[int, int, str]]) -> tuple[str, tuple[tuple[int, int], ...]]:
    pieces: list[str] = []
    shifts: list[tuple[int, int]] = []
    done = size = 0
    for start, end, new in edits:
        pieces += (text[done:start], new)
        size += start - done + len(new)
        if len(new) != end - start:
            shifts += ((size - len(new), start), (size, end))
        done = end
    pieces.append(text[done:])
    return "".join(pieces), tuple(shifts)


def _cooked(text: str, literal: Literal) -> tuple[int, int, str]:
    """Return the edit that makes an ordinary string of a raw one."""

    def keep(found: re.Match[str]) -> str:
        escaped = found[1]
        if escaped in ("\n", "\r\n"):
            return "\\\\\\n"
        return "\\\\\\" + escaped if escaped in "\\\"'" else "\\\\" + escaped

    body = _ESCAPED.sub(keep, text[literal.body : literal.close])
    return (
        literal.start,
        literal.end,
        text[literal.start + 1 : literal.body] + body + text[literal.close : literal.end],
    )


def _tabs(text: str, code: str, lines: list[tuple[int, int]]) -> list[tuple[int, int, str]]:
    """Return edits that replace every tab outside strings by spaces: by many where it indents."""
    edits: list[tuple[int, int, str]] = []
    for start, end in lines:
        begin = start
        while begin < end and text[begin] in " \t":
            begin += 1
        if "\t" in text[start:begin]:
            edits.append((start, begin, " " * indent_width(text[start:begin])))
        at = code.find("\t", begin, end)
        while at >= 0:
            edits.append((at, at + 1, " "))
            at = code.find("\t", at + 1, end)
    return edits


def _names(text: str, code: str, faults: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Return edits that spell names in ASCII; keywords of calls and attributes are faults.

    A keyword can become a key of `**kwargs`, and so be seen by the program: its name has to stay.
    """
    edits: list[tuple[int, int, str]] = []
    # One entry an open bracket: what opened it, and how many lambda headers are open in it.
    brackets: list[str] = []
    headers = [0]
    before = ["", ""]  # the last two tokens
    operands = 0
    tokens = list(_WORD.finditer(code))
    for number, found in enumerate(tokens):
        word, (start, end) = found[0], found.span()
        if word == "(":
            kind = "def" if before[0] == "def" else "load" if before[1] == "load" else "call"
            brackets.append(kind)
            headers.append(0)
            operands = 0
        elif word == ")":
            if brackets:
                brackets.pop()
                headers.pop()
        elif word == ",":
            operands += 1
        elif word == "lambda":
            headers[-1] += 1
        elif word == ":":
            headers[-1] -= headers[-1] > 0
        elif word[0] == '"':
            literal = text[start:end]
            if brackets and brackets[-1] == "load" and operands and not literal.isascii():
                edits.append((start, end, ascii_name(literal)))
        elif not word.isascii() and all(char.isascii() or char.isalpha() for char in word):
            edits.append((start, end, ascii_name(word)))
            keyword = bool(brackets) and brackets[-1] == "call" and not headers[-1]
            behind = tokens[number + 1][0] if number + 1 < len(tokens) else ""
            if before[1] == ".":
                faults.append(
                    (start, end, f"envd-cache does not support `{word}` as a field: it is not ASCII")
                )
            elif keyword and behind == "=":
                faults.append(
                    (start, end, f"envd-cache does not support `{word}` as a keyword: it is not ASCII")
                )
        before = [before[1], word]
    return edits
