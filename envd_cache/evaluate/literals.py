"""The strings of a file that need a second look: escapes that envd refuses, bytes, raw strings."""

from __future__ import annotations

from envd_cache.syntax.escapes import bad_escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envd_cache.syntax.scan import Literal


def faults(text: str, literals: Iterable[Literal]) -> Iterator[tuple[str, tuple[int, int], str, str]]:
    """Yield what envd refuses in some literals, or we do: code, range of code points, message, hint."""
    for literal in literals:
        if "b" in literal.prefix:
            message = "envd-cache does not support bytes literals"
            place = (literal.start, literal.start + len(literal.prefix))
            yield "EC018", place, message, "write a string: remove the b"
        elif not literal.prefix and (bad := _bad_escape(text, literal)):
            start, end, fault = bad
            yield "EC017", (start, end), fault, f'write `\\{text[start:end]}`, or a raw string r"..."'


def _bad_escape(text: str, literal: Literal) -> tuple[int, int, str] | None:
    if text.find("\\", literal.body, literal.close) < 0:
        return None
    return bad_escape(text, literal.body, literal.close)


def raw_differs(text: str, literal: Literal) -> bool:
    """Say whether a raw string escapes a quote or a CRLF: our interpreter drops that backslash."""
    body = text[literal.body : literal.close]
    return "\\" in body and ('\\"' in body or "\\'" in body or "\\\r" in body)
