"""What a look at a text tells without its tree: where a statement may begin, what words are in the code."""

from __future__ import annotations


def begins_statement(text: str, at: int) -> bool:
    """Say whether a line begins at a place, blanks aside, or something behind a `;` or `:`."""
    before = text[text.rfind("\n", 0, at) + 1 : at].rstrip(" \t")
    return not before or before[-1] in ";:"


def has_word(code: str, word: str, times: int = 1) -> bool:
    """Say whether a word stands so often in the code of a skeleton, not behind a `.`."""
    at = code.find(word)
    while at >= 0:
        end = at + len(word)
        before, behind = code[at - 1 : at], code[end : end + 1]
        if before != "." and not (_is_letter(before) or _is_letter(behind)):
            times -= 1
            if not times:
                return True
        at = code.find(word, end)
    return False


def _is_letter(char: str) -> bool:
    return char == "_" or char.isalnum()
