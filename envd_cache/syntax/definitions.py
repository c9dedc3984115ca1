"""Which functions of a text may be targets, found without a parser."""

from __future__ import annotations

import re

from envd_cache.syntax.scan import skeleton, unify_newlines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.source import SourceFile

# `def`, a name, and brackets with nothing in them, at the start of a line of a skeleton.
_FUNCTION = re.compile(r"^def[ \t]+([^\W\d]\w*)[ \t]*\(\s*\)", re.MULTILINE)

# A definition of which the first line tells whether it has parameters.
_PLAIN = re.compile(r"def[ \t]+\w+\([ \t]*[\w)*]")
# What can make a line start inside a string.
_JOINS = ('"""', "'''", "\\\n", "\\\r", "\r")


def candidates(source: SourceFile) -> tuple[str, ...]:
    """Return the names of the public functions without parameters that a text defines, in order.

    Those of them that call `base()` are its targets. Nothing is parsed, so a broken text has them too.
    """
    text = source.text
    # Where a line that starts with `def` cannot be a part of a string or end in a comment, the text itself
    # will do.
    if not all(_PLAIN.match(text, at) for at in _starts(text)) or any(mark in text for mark in _JOINS):
        text = skeleton(unify_newlines(text)).code
    found = _FUNCTION.findall(text)
    return tuple(dict.fromkeys([name for name in found if not name.startswith("_")]))


def _starts(text: str) -> list[int]:
    """Return the offsets of the lines that start with `def`."""
    found = [0] if text.startswith("def") else []
    at = -1
    while (at := text.find("\ndef", at + 1)) >= 0:
        found.append(at + 1)
    return found
