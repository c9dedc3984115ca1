"""Keeps credentials out of reports: a file that holds one is shown with `***` in its place."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from envd_cache.diagnostics import Diagnostic
    from envd_cache.source import SourceFile

MASK = "***"

# Shorter texts would blank out half of a report, and are no credentials.
SHORTEST = 4


class Redactor:
    """Masks what any of the given problems says must not be shown, wherever it stands.

    A problem about a credential masks the text itself, in all lines and messages, and also the strings
    of its own argument, which may hold only parts of it.
    """

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self._texts = sorted(
            {text for diagnostic in diagnostics for text in diagnostic.redact if len(text) >= SHORTEST},
            key=lambda text: (-len(text), text),
        )
        self._spans: dict[str, list[tuple[int, int]]] = {}
        for diagnostic in diagnostics:
            if diagnostic.redact and diagnostic.location:
                span = diagnostic.location.span
                self._spans.setdefault(diagnostic.location.source.path, []).append((span.start, span.end))

    def text(self, text: str) -> str:
        """Return a message without credentials."""
        for secret in self._texts:
            text = text.replace(secret, MASK)
        return text

    def line(self, source: SourceFile, number: int) -> str:
        """Return a line of a file without credentials, as long as it was, so that columns stay right."""
        line = source.line(number)
        start = source.line_starts[number]
        for secret in self._texts:
            line = line.replace(secret, "*" * len(secret))
        for first, last in self._spans.get(source.path, ()):
            low, high = max(first - start, 0), min(last - start, len(line))
            if low < high:
                line = line[:low] + _masked_strings(line[low:high]) + line[high:]
        return line


def _masked_strings(text: str) -> str:
    """Return code with the inside of its string literals masked; code without quotes stays."""
    made: list[str] = []
    quote = ""
    for letter in text:
        if quote:
            made.append(letter if letter == quote else "*")
            quote = "" if letter == quote else quote
        else:
            made.append(letter)
            quote = letter if letter in "\"'" else ""
    return "".join(made)
