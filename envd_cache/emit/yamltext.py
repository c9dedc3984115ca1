"""Writes YAML strings: double-quoted scalars, which say every character on one line."""

from __future__ import annotations

from envd_cache.emit.jsontext import quote

# What JSON leaves as it is and YAML reads as a line end, refuses, or takes for a byte order mark.
_ESCAPED = frozenset([*map(chr, range(0x7F, 0xA0)), "\u2028", "\u2029", "\ufeff"])


def scalar(text: str) -> str:
    """Return a text as a double-quoted YAML scalar."""
    quoted = quote(text)
    if _ESCAPED.isdisjoint(quoted):
        return quoted
    return "".join([f"\\u{ord(letter):04x}" if letter in _ESCAPED else letter for letter in quoted])


def is_plain(text: str) -> bool:
    """Say whether a text can stand as lines of a literal block: printable ASCII, no space at its ends."""
    return text.isascii() and text.isprintable() and text == text.strip()
