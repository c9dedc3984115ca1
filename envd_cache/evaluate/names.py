"""Names outside ASCII, which the interpreter cannot read: how they are spelt for it, and back."""

from __future__ import annotations


def ascii_name(name: str) -> str:
    """Return the name under which the interpreter knows a name of a file: itself when it is ASCII.

    A leading underscore stays in front, so that what is private stays private.
    """
    if name.isascii():
        return name
    return "".join(char if char.isascii() else f"Ux{ord(char):x}_" for char in name)


def original_names(message: str) -> str:
    """Undo `ascii_name` wherever it shows in a message."""
    import re  # noqa: PLC0415 - such names are rare

    return re.sub(r"Ux([0-9a-f]{2,6})_", lambda found: chr(int(found[1], 16)), message)
