"""Patterns of paths as gitignore(5) has them, for the globs of a configuration and for `.gitignore` files.

A path is relative to the folder of the patterns and has `/`. A pattern with a `/` in it, but not only at
its end, starts at that folder; another one fits a name at any depth. `*` and `?` stop at `/`, `**` is any
number of folders, a `/` at the end means folders only. `!` in front takes out what an earlier pattern took
in: the last one that fits decides.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_PIECE = re.compile(r"\\(.)|(\*+)|(\?)|(\[)|(.)", re.DOTALL)

# What stands in `[:` and `:]`, for the bytes of ASCII.
_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "space": " \\t-\\r",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}
_NOTHING = "(?!)"

# What a glob of a configuration may be, for a JSON Schema too; `refusal` says the rest.
FORM = r"^!?(?!//|#|!)(?!(.*/)?\.\.?(/|$))(?=/*[^/])\S([^\n]*\S)?$"


class Patterns:
    """Patterns of one file, which speak of what lies below its folder. The last one that fits decides."""

    def __init__(self, lines: Iterable[str]) -> None:
        made = [compiled for line in lines if (compiled := _compiled(line))]
        self._patterns = made[::-1]
        # Hardly a path fits any of them, so all are asked at once.
        self._any = re.compile("|".join([f"(?:{text})" for text, _, _ in made]), re.DOTALL) if made else None
        self._each: list[re.Pattern[str]] = []

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def decide(self, path: str, *, folder: bool) -> bool | None:
        """Return True for a path that is matched, False for one that `!` takes out, None for neither."""
        return self._decide(((path, folder),))

    def covers(self, path: str) -> bool:
        """Say whether a file is matched, by itself or by a folder that it lies in."""
        parts = path.split("/")
        folders = [("/".join(parts[:count]), True) for count in range(1, len(parts))]
        return bool(self._decide(((path, False), *folders)))

    def _decide(self, paths: tuple[tuple[str, bool], ...]) -> bool | None:
        if self._any is None:
            return None
        paths = tuple([(path if path.isascii() else _bytewise(path), folder) for path, folder in paths])
        if not any(self._any.fullmatch(path) for path, _ in paths):
            return None
        if not self._each:
            self._each = [re.compile(text, re.DOTALL) for text, _, _ in self._patterns]
        for pattern, (_, negated, folders_only) in zip(self._each, self._patterns, strict=True):
            for path, folder in paths:
                if (folder or not folders_only) and pattern.fullmatch(path):
                    return not negated
        return None


def refusal(glob: str) -> tuple[str, str]:
    """Return what is wrong with a glob of a configuration, and a hint; ("", "") for a right one.

    A file of patterns passes over a line that means nothing. In a configuration it is a mistake.
    """
    bare = glob.removeprefix("!")
    if not bare.strip("/ \t"):
        return "is empty", "name a folder or a file, from the root of the repository"
    if bare != bare.strip() or "\n" in bare:
        return "has space around it, or a line end in it", "remove it"
    if bare.startswith("//"):
        return "starts with `//`, as a label does", f"write `/{bare.lstrip('/')}`, which starts at the root"
    if bare.startswith(("#", "!")):
        return f"starts with `{bare[0]}`", f"write `\\{bare}`"
    if any(part in (".", "..") for part in bare.split("/")):
        return "has `.` or `..` in it", "globs start at the root of the repository and stay in it"
    if _ends_escaping(bare):
        return "ends with a backslash", "remove it"
    at = 0
    while at < len(bare):
        hints: list[str] = []
        _, end = _piece(bare, at, hints)
        if not end:
            return "has a `[` without its `]`", "close it, or write `\\[`"
        if hints:
            return f"has no letters in `{bare[at:end]}`", hints[0]
        at = end
    return "", ""


def _ends_escaping(text: str) -> bool:
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1


def _bytewise(text: str) -> str:
    """Return a text with a character for each byte: to git a `?` is one byte."""
    return text.encode(errors="surrogateescape").decode("latin-1")


def _compiled(line: str) -> tuple[str, bool, bool] | None:
    """Return a regular expression, whether `!` stood in front, and whether only folders are meant."""
    line = _trimmed(line.removesuffix("\r"))
    if not line or line.startswith("#"):
        return None
    negated = line.startswith("!")
    line = line[negated:]
    folders_only = line.endswith("/")
    line = line.removesuffix("/")
    anchored = "/" in line
    line = line.removeprefix("/")
    if not line:
        return None
    if not line.isascii():
        line = _bytewise(line)
    text, at = "", 0
    while at < len(line):
        piece, at = _piece(line, at)
        if not at:
            return None  # a `[` without its `]` fits nothing
        text += piece
    return (text if anchored else f"(?:.*/)?{text}"), negated, folders_only


def _trimmed(line: str) -> str:
    """Return a line without the spaces at its end, but for those behind a backslash."""
    bare = line.rstrip(" ")
    return f"{bare} " if bare != line and _ends_escaping(bare) else bare


def _piece(line: str, at: int, hints: list[str] | None = None) -> tuple[str, int]:
    """Return what a piece of a pattern fits, and where it ends; 0 for a `[` without its `]`.

    As `wildmatch.c` of git 2.39 has it. What git passes over in silence is added to `hints`.
    """
    found = _PIECE.match(line, at)
    if found is None or found[0] == "\\":
        return _NOTHING, at + 1
    escaped, stars, question, letters, other = found.groups(default="")
    end = found.end()
    if letters:
        return _letters(line, at + 1, [] if hints is None else hints)
    if question:
        return "[^/]", end
    if not stars:
        return re.escape(escaped or other), end
    # Two of them are more than one only as a name of their own.
    if len(stars) > 1 and line[at - 1 : at] in ("", "/"):
        if end == len(line):
            return ".*", end
        if line[end] == "/":
            return "(?:.*/)?", end + 1
    return "[^/]*", end


def _letters(line: str, at: int, hints: list[str]) -> tuple[str, int]:
    """Return what letters in `[` and `]` fit, and where they end; `at` is behind the `[`."""
    inverted = line[at : at + 1] in ("!", "^") and at < len(line)
    at += inverted
    body, before, first, unknown = "", "", True, False
    while first or line[at : at + 1] != "]":
        first = False
        letter = line[at : at + 1]
        if not letter:
            return "", 0
        if letter == "-" and before and line[at + 1 : at + 2] not in ("", "]"):
            at += 1 + (line[at + 1] == "\\")
            if at >= len(line):
                return "", 0
            if before <= line[at]:
                body += f"{re.escape(before)}-{re.escape(line[at])}"
            else:
                hints.append("a range goes from a lower letter to a higher one")
            before = ""
        elif letter == "[" and line[at + 1 : at + 2] == ":" and "]" in line[at + 2 :]:
            end = line.index("]", at + 2)
            if line[end - 1] == ":" and end > at + 2:
                name = line[at + 2 : end - 1]
                if name not in _CLASSES:
                    hints.append(f"there are {', '.join(f'`[:{known}:]`' for known in _CLASSES)}")
                    unknown = True
                body, before, at = body + _CLASSES.get(name, ""), "", end
            else:
                body, before = body + "\\[", letter
        else:
            if letter == "\\":
                at += 1
                letter = line[at : at + 1]
                if not letter:
                    return "", 0
            body, before = body + re.escape(letter), letter
        at += 1
    if unknown:
        return _NOTHING, at + 1
    return f"(?!/)[{'^' if inverted else ''}{body}]", at + 1
