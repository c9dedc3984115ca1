"""The strings of a file that need a second look: escapes that envd refuses, bytes, raw strings."""

from __future__ import annotations

from envd_cache.evaluate.dialect import MOST, problem
from envd_cache.syntax.escapes import bad_escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from envd_cache.diagnostics import Diagnostic
    from envd_cache.source import SourceFile
    from envd_cache.syntax.scan import Literal


def check_literals(
    source: SourceFile, text: str, literals: Iterable[Literal], found: list[Diagnostic]
) -> bool:
    """Check escapes and bytes literals; return whether a raw string has to be rewritten."""
    rewrite = False
    for literal in literals:
        if "b" in literal.prefix:
            message = "envd-cache does not support bytes literals"
            place = (literal.start, literal.start + len(literal.prefix))
            found.append(problem(source, "EC018", place, message, "write a string: remove the b"))
        elif literal.prefix:
            rewrite = rewrite or raw_differs(text, literal)
        elif len(found) < MOST and (bad := _bad_escape(text, literal)):
            start, end, fault = bad
            hint = f'write `\\{text[start:end]}`, or a raw string r"..."'
            found.append(problem(source, "EC017", (start, end), fault, hint))
    return rewrite


def _bad_escape(text: str, literal: Literal) -> tuple[int, int, str] | None:
    if text.find("\\", literal.body, literal.close) < 0:
        return None
    return bad_escape(text, literal.body, literal.close)


def raw_differs(text: str, literal: Literal) -> bool:
    """Say whether a raw string escapes a quote or a CRLF: our interpreter drops that backslash."""
    body = text[literal.body : literal.close]
    return "\\" in body and ('\\"' in body or "\\'" in body or "\\\r" in body)
