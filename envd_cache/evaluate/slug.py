"""`cache.slug`: a valid image tag from any text."""

from __future__ import annotations

# The tag grammar of distribution/reference: [A-Za-z0-9_][A-Za-z0-9_.-]{0,127}
MAX_TAG = 128
TAG_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")


def slug(text: str) -> str:
    """Return a valid tag for a text; a valid tag is returned as it is.

    Each run of other characters becomes one `-`, and leading `.` and `-` go. What is longer than 128
    characters is cut and ends with 8 digits of the text's SHA-256; so does what lost letters outside ASCII,
    or `feature/登录` and `feature/登出` would share a cache. A text without one usable character is those 8
    digits alone.
    """
    made: list[str] = []
    replaced = False
    for character in text:
        if character in TAG_CHARACTERS:
            made.append(character)
            replaced = False
        elif not replaced:
            made.append("-")
            replaced = True
    tag = "".join(made).lstrip(".-")
    if not tag:
        return digits(text)
    if len(tag) > MAX_TAG or not text.isascii():
        return f"{tag[: MAX_TAG - 9]}-{digits(text)}"
    return tag


def digits(text: str) -> str:
    """Return the first 8 hexadecimal digits of a text's SHA-256."""
    from hashlib import sha256  # noqa: PLC0415 - 3 ms, and hardly a branch needs it

    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]
