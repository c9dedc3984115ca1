"""What may follow a backslash in a string, as go-starlark (the Starlark of envd) has it."""

from __future__ import annotations

SIMPLE = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "'": "'",
    '"': '"',
    "\n": "",
}
_OCTAL = "01234567"
_HEX = "0123456789abcdefABCDEF"
_DIGITS = {"x": 2, "u": 4, "U": 8}


def bad_escape(text: str, start: int, end: int) -> tuple[int, int, str] | None:
    """Return start, end and fault of the first escape that envd refuses between two offsets.

    The range is the body of a string that is neither raw nor bytes. None when all escapes are right.
    """
    at = text.find("\\", start, end)
    while at >= 0:
        stop, _, fault = read_escape(text, at, end)
        if fault:
            return at, stop, fault
        at = text.find("\\", stop, end)
    return None


def read_escape(text: str, at: int, end: int) -> tuple[int, str, str]:
    """Return where the escape at `at` ends, the text it stands for, and what is wrong with it or ""."""
    letter = text[at + 1 : at + 2]
    if letter in SIMPLE:
        return at + 2, SIMPLE[letter], ""
    if letter == "\r":  # of a CRLF: a lone one has become \n before
        return at + 3, "", ""
    if letter and letter in _OCTAL:
        stop = at + 2
        while stop < min(at + 4, end) and text[stop] in _OCTAL:
            stop += 1
        number = int(text[at + 1 : stop], 8)
        shown = text[at:stop]
        return stop, chr(number), f"non-ASCII octal escape {shown}" if number > 127 else ""
    if letter not in _DIGITS:
        return min(at + 2, end), "", f"invalid escape sequence \\{letter}"
    stop = at + 2 + _DIGITS[letter]
    shown = text[at : min(stop, end)]
    if stop > end:
        return end, "", f"truncated escape sequence {shown}"
    if any(digit not in _HEX for digit in text[at + 2 : stop]):
        return stop, "", f"invalid escape sequence {shown}"
    number = int(text[at + 2 : stop], 16)
    if letter == "x" and number > 127:
        return stop, "", f"non-ASCII hex escape {shown}"
    if number > 0x10FFFF:
        return stop, "", f"code point out of range: {shown}"
    if 0xD800 <= number < 0xE000:
        return stop, "", f"invalid Unicode code point U+{number:04X}"
    return stop, chr(number), ""


def unescape(body: str) -> str:
    """Return the text that the body of a string stands for; a wrong escape stands for nothing."""
    body = body.replace("\r\n", "\n")
    parts: list[str] = []
    done = 0
    at = body.find("\\")
    while at >= 0:
        parts.append(body[done:at])
        done, meant, _ = read_escape(body, at, len(body))
        parts.append(meant)
        at = body.find("\\", done)
    parts.append(body[done:])
    return "".join(parts)
