"""Keeps credentials out of reports: a file that holds one is shown with `***` in its place."""

from __future__ import annotations

import re

from envd_cache.problem import names_credential
from envd_cache.syntax.escapes import unescape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envd_cache.diagnostics import Diagnostic
    from envd_cache.source import SourceFile

MASK = "***"

# Shorter texts would blank out half of a report, and are no credentials.
SHORTEST = 4

# What only looks like a credential is masked in messages too when it is long enough to be one.
CERTAIN = 8

_TOKEN = re.compile(
    r'''(?P<quote>"""|\'\'\'|"|')|(?P<name>[A-Za-z_]\w*)|(?P<skip>\#[^\n]*|\\\r?\n|[^\S\n]+)|(?P<mark>\n|.)'''
)
_BODIES = {
    # Possessive: the plain form takes a hundred bytes of memory for each character of a long string.
    '"""': re.compile(r'(?:[^"\\]+|\\.|"(?!""))*+', re.DOTALL),
    "'''": re.compile(r"(?:[^'\\]+|\\.|'(?!''))*+", re.DOTALL),
    '"': re.compile(r'(?:[^"\\\n]+|\\.)*+', re.DOTALL),
    "'": re.compile(r"(?:[^'\\\n]+|\\.)*+", re.DOTALL),
}


class Redactor:
    """Masks what any of the given problems says must not be shown, wherever it stands.

    A problem about a credential masks the text itself, in all lines and messages, the strings of its own
    argument, and every string that is a part of the text. Beyond that, what is written after a name such
    as `token=` is masked, even if the file could not be run and nobody knows what it means.
    """

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        found = {text for diagnostic in diagnostics for text in diagnostic.redact if len(text) >= SHORTEST}
        for source in {diagnostic.location.source for diagnostic in diagnostics if diagnostic.location}:
            written = [source.text[start:end] for start, end, named in _strings(source.text) if named]
            # A message speaks of what a string stands for.
            found |= {text for one in written for text in (one, unescape(one)) if len(text) >= CERTAIN}
        self._texts = sorted(found, key=lambda text: (-len(text), text))
        self._pattern = re.compile("|".join(map(_spellings, self._texts)) or r"(?!)", re.IGNORECASE)
        self._spans: dict[str, list[tuple[int, int]]] = {}
        self._masked: dict[str, str] = {}
        for diagnostic in diagnostics:
            if diagnostic.redact and diagnostic.location:
                span = diagnostic.location.span
                self._spans.setdefault(diagnostic.location.source.path, []).append((span.start, span.end))

    def text(self, text: str) -> str:
        """Return a message without credentials; it can also quote a part of one between backticks."""
        text = self._pattern.sub(MASK, text)
        if not self._texts:
            return text
        # What stands between any two backticks: what is quoted can hold one itself.
        first, *quoted = text.split("`")
        last = [quoted.pop()] if quoted else []
        return "`".join([first, *[MASK if self._quotes(part) else part for part in quoted], *last])

    def _quotes(self, part: str) -> bool:
        part = part.lower()
        if len(part) < SHORTEST or (part.isidentifier() and names_credential(part)):
            return False
        return any(part in text.lower() for text in self._texts)

    def line(self, source: SourceFile, number: int) -> str:
        """Return a line of a file without credentials, as long as it was, so that columns stay right."""
        masked = self._masked.get(source.path)
        if masked is None:
            masked = self._masked[source.path] = self._mask(source)
        start = source.line_starts[number]
        return masked[start : start + len(source.line(number))]

    def hides(self, source: SourceFile) -> bool:
        """Say whether anything of a file is masked."""
        return self._mask(source) != source.text

    def _is_part(self, written: str) -> bool:
        value = unescape(written)
        return any(written in text or value in text for text in self._texts)

    def _mask(self, source: SourceFile) -> str:
        text = source.text
        spans = self._spans.get(source.path, ())
        hidden = [
            (start, end)
            for start, end, named in _strings(text)
            if named
            or any(first <= start and end <= last for first, last in spans)
            or (end - start >= SHORTEST and self._is_part(text[start:end]))
        ]
        hidden += (found.span() for found in self._pattern.finditer(text))
        for start, end in hidden:
            stars = re.sub(r"[^\r\n]", "*", text[start:end])
            text = text[:start] + stars + text[end:]
        return text


def _strings(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yield start and end of what is inside each string, and whether it is given to a credential's name.

    Such a name is a keyword, a variable or the key of a dict. What it is given ends at the next comma,
    bracket or line end of its own depth; the name of a variable in `cache.secret("NAME")` stays.
    """
    at = depth = 0
    last, word = "", ""  # the last token, and the last name or string
    named: int | None = None  # the depth of a credential's value
    while found := _TOKEN.match(text, at):
        piece, at = found[0], found.end()
        if quote := found["quote"]:
            body = _BODIES[quote].match(text, at)
            start, at = at, body.end() if body else at
            yield start, at, named is not None and not (last == "(" and word in ("secret", "env"))
            word = last = text[start:at]
            at += len(quote) if text.startswith(quote, at) else 0
        elif found["name"]:
            word = last = piece
        elif piece in ("=", ":") and last == word and names_credential(word):
            named, last = depth, piece
        elif found["mark"]:
            depth += (piece in "([{") - (piece in ")]}")
            ends = ",;" if depth else ",;\n"
            if named is not None and (depth < named or (depth == named and piece in ends)):
                named = None
            last = piece


def _spellings(text: str) -> str:
    """Return a pattern for a text, raw or with some of its characters escaped, as messages do it."""
    letters = []
    for letter in text:
        number = ord(letter)
        forms = {letter, repr(letter)[1:-1], f"\\x{number:02x}", f"\\u{number:04x}", f"\\U{number:08x}"}
        forms |= {f"\\{letter}"} if letter in "\"'\\" else set()
        letters.append(f"(?:{'|'.join(map(re.escape, sorted(forms, key=len, reverse=True)))})")
    return "".join(letters)
