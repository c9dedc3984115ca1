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

_LETTERS = r"\[[!^]?\]?(?:\\.|[^\]\\])*\]"
_PIECE = re.compile(rf"\\(.)|(\*\*/|\*\*$|\*+)|(\?)|({_LETTERS})|(.)", re.DOTALL)

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
        if self._any is None or not any(self._any.fullmatch(path) for path, _ in paths):
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
    for found in _PIECE.finditer(bare):
        if found[5] == "[":
            return "has a `[` without its `]`", "close it, or write `\\[`"
        try:
            re.compile(_piece(*found.groups(default="")))
        except re.error:
            return f"has no letters in `{found[0]}`", "a range goes from a lower letter to a higher one"
    return "", ""


def _ends_escaping(text: str) -> bool:
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1


def _compiled(line: str) -> tuple[str, bool, bool] | None:
    """Return a regular expression, whether `!` stood in front, and whether only folders are meant."""
    line = line.rstrip("\r")
    while line.endswith(" ") and not line.endswith("\\ "):
        line = line[:-1]
    if not line or line.startswith("#"):
        return None
    negated = line.startswith("!")
    line = line[negated:]
    folders_only = line.endswith("/")
    line = line.rstrip("/") if folders_only else line
    anchored = "/" in line
    line = line.removeprefix("/")
    if not line:
        return None
    text = "".join([_piece(*found.groups(default="")) for found in _PIECE.finditer(line)])
    try:
        re.compile(text)
    except re.error:
        return None  # such as `[z-a]`, which fits nothing
    return (text if anchored else f"(?:.*/)?{text}"), negated, folders_only


def _piece(escaped: str, stars: str, question: str, letters: str, other: str) -> str:
    if stars == "**/":
        return "(?:.*/)?"
    if stars == "**":
        return ".*"
    if stars:
        return "[^/]*"
    if question:
        return "[^/]"
    if letters:
        body = letters[1:-1]
        inverted = body[:1] in ("!", "^")
        body = body[inverted:].replace("[", "\\[")
        return f"(?!/)[{'^' if inverted else ''}{body}]"
    return re.escape(escaped or other)
