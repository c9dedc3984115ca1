"""How deep a program may nest before the interpreter's own stack would be at risk.

The numbers for nesting are those of envd's parser, which refuses a program ("excessive nesting") when
its descent is 1,000 steps deep. Chains of operators do not nest there, but they do in our interpreter.
Nearly every statement is let through by a few counts (here and in `scan`); only the rest is read token by
token.
"""

from __future__ import annotations

from envd_cache.syntax.scan import (
    GROUP,
    MAX_BLOCKS,
    MAX_CHAIN,
    MAX_DESCENT,
    blocks_are_plainly_shallow,
    indent_width,
    line_is_plainly_shallow,
)

SUFFIX = 12  # steps down for a bracket behind an operand
_OPERATORS = (".", "+", "-", "*", "/", "%", "|", "&", "^", "<", ">", "=", "~")
_WORDS = ("and", "or", "not", "if", "for", "lambda")
_PREFIX = frozenset(("+", "-", "~", "not"))
_CHAINING = frozenset((*_WORDS, "."))


def too_deep(code: str, lines: list[tuple[int, int]]) -> tuple[int, int] | None:
    """Return start and end of the first token that goes over a limit, or None.

    `code` is the text of a skeleton, `lines` are its logical lines.
    """
    for start, end in lines:
        if _may_be_deep(code, start, end) and (found := _deep_token(code, start, end)):
            return found
    return None if blocks_are_plainly_shallow(code) else _deep_block(code, lines)


def _may_be_deep(code: str, start: int, end: int) -> bool:
    """Say whether counts alone cannot rule out that a logical line is too deep."""
    if line_is_plainly_shallow(code, start, end):
        return False
    part = code[start:end]
    brackets = part.count("(")
    chain = brackets + sum(map(part.count, _OPERATORS)) + sum(map(part.count, _WORDS))
    if chain > MAX_CHAIN:
        return True
    depth = deepest = 0
    for piece in part.replace(")", "()").split("(")[1:]:
        depth += -1 if piece.startswith(")") else 1
        deepest = max(deepest, depth)
    return GROUP * deepest + 2 * (chain - brackets) > MAX_DESCENT


def _deep_token(code: str, start: int, end: int) -> tuple[int, int] | None:
    """Read one logical line and return its first token that goes over a limit.

    `chain` is how deep the tree of the interpreter gets, `descent` how deep envd's parser does. Both are
    counted from the enclosing bracket and begin anew at each comma.
    """
    import re  # noqa: PLC0415 - 4 ms, and ordinary files never come here

    token = re.compile(r'"++|\d[\w.]*+|\w++|[()]|[-+~,:.;]|[^\s\w"(),:.;+~-]++')
    outer: list[tuple[tuple[int, int], int, int, int]] = []
    chain = descent = prefixes = headers = 0
    base = (0, 0)
    operand = False  # does the last token end an operand?
    for found in token.finditer(code, start, end):
        word = found[0]
        if word == "(":
            outer.append((base, chain + 1, descent, headers))
            base = (chain + 1, descent + prefixes + (SUFFIX if operand else GROUP))
            chain, descent = base
            prefixes = headers = 0
            operand = False
        elif word == ")":
            if outer:
                base, chain, descent, headers = outer.pop()
            prefixes = 0
            operand = True
        elif word == ";" or (word == "," and not headers):
            chain, descent = base
            prefixes = 0
            operand = False
        elif word in (",", ":"):
            headers -= word == ":" and headers > 0  # the end of a lambda's parameters
            operand = False
        elif word in _PREFIX and not operand:
            chain += 1
            prefixes += 1
        elif word in _CHAINING or not (word[0].isalnum() or word[0] in '_"'):
            chain += 1
            descent += 2 if word == "lambda" else 1 if word == "if" else 0
            headers += word == "lambda"
            prefixes = 0
            operand = False
        else:
            operand = True
        if chain > MAX_CHAIN or descent + prefixes > MAX_DESCENT:
            return found.span()
    return None


def _deep_block(code: str, lines: list[tuple[int, int]]) -> tuple[int, int] | None:
    """Return the first line nested in too many blocks, or the `elif` that makes a chain too long."""
    blocks: list[tuple[int, int]] = []  # indentation, and how many `elif` so far
    for start, end in lines:
        stripped = code[start:end].lstrip()
        first = end - len(stripped)
        indent = indent_width(code[code.rfind("\n", 0, first) + 1 : first])
        while blocks and blocks[-1][0] > indent:
            blocks.pop()
        branch = stripped.startswith("elif")
        if not blocks or blocks[-1][0] < indent:
            blocks.append((indent, 0))
        elif branch:
            blocks[-1] = (indent, blocks[-1][1] + 1)
        elif not stripped.startswith("else"):
            blocks[-1] = (indent, 0)
        if len(blocks) > MAX_BLOCKS or sum(count for _, count in blocks) > MAX_CHAIN:
            return first, first + (4 if branch else 1)
    return None
