"""What stands left of a cursor: the call it is in, what that was given, the word that is being typed.

Only tokens are read, so it works in text that nobody could parse: in a call that is not finished, in a
string that is not closed.
"""

from __future__ import annotations

import re

from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r\n\f]++|\\\r?\n)
      | (?P<comment>\#[^\n]*+)
      | (?P<string>(?:rb|[rb])?+(?:\"{3}(?:[^"\\]++|\\[\s\S]|"(?!""))*+(?:\"{3})?+
                 |'{3}(?:[^'\\]++|\\[\s\S]|'(?!''))*+(?:'{3})?+
                 |"(?:[^"\\\n]++|\\(?:\r\n|[\s\S]))*+"?+
                 |'(?:[^'\\\n]++|\\(?:\r\n|[\s\S]))*+'?+))
      | (?P<name>[^\W\d]\w*+)
      | (?P<number>\d[\w.]*+)
      | (?P<mark>[=!<>]=|\*\*|//|[\s\S])""",
    re.VERBOSE,
)
_NO_CALLEES = frozenset(("and", "elif", "else", "for", "if", "in", "lambda", "not", "or", "return"))
_PREFIXED = re.compile(r"(?:rb|[rb])?+(\"{3}|'{3}|\"|')")


class Open(Record):
    """A bracket that is open at the cursor.

    `callee` is the dotted name in front of a round one, "" when there is none. `start` is the offset of the
    bracket, `name_start` that of the callee. `position` counts the commas before the cursor in it.
    `keyword` is the name before the `=` that the cursor is behind; `given` are the keywords left of the
    cursor, `positional` the arguments without a name before the one at the cursor. `key` is the text of
    the string before a colon, in a dict.
    """

    mark: str
    start: int
    callee: str = ""
    name_start: int = 0
    position: int = 0
    positional: int = 0
    keyword: str = ""
    given: tuple[str, ...] = ()
    splat: bool = False


class Cursor(Record):
    """What a cursor is in.

    `word` is the part of a name left of it, `space` the dotted name before its last point (`cache` in
    `cache.re`). `string` is the text of the string it is in so far, None outside of strings, and
    `string_start` where that text begins; `quote` is how the string began. `open` are the open brackets, the
    innermost last. `first` is the first word of the line, `after` the last piece before the word.
    """

    word: str
    word_start: int
    space: str
    string: str | None
    string_start: int
    quote: str
    open: tuple[Open, ...]
    first: str
    after: str
    comment: bool = False

    @property
    def call(self) -> Open | None:
        """The innermost call, whatever lists and dicts are between it and the cursor."""
        for bracket in reversed(self.open):
            if bracket.callee:
                return bracket
        return None


class _Level:
    """An open bracket while tokens are read."""

    def __init__(self, mark: str, start: int, callee: str, name_start: int) -> None:
        self.mark = mark
        self.start = start
        self.callee = callee
        self.name_start = name_start
        self.position = 0
        self.keyword = ""
        self.given: list[str] = []
        self.positional = 0
        self.splat = False
        self.started = False

    def next(self) -> None:
        """Take note of a comma."""
        self.position += 1
        if self.started and not self.keyword:
            self.positional += 1
        self.keyword = ""
        self.started = False

    def frozen(self) -> Open:
        """Return what is known of it."""
        return Open(
            self.mark,
            self.start,
            self.callee,
            self.name_start,
            self.position,
            self.positional,
            self.keyword,
            tuple(self.given),
            self.splat,
        )


def cursor(text: str, start: int, offset: int) -> Cursor:
    """Return what stands between `start`, where a logical line begins, and a cursor."""
    levels: list[_Level] = []
    dotted, dotted_start = "", 0  # the dotted name that ends at the last piece
    space = first = after = word = quote = ""
    word_start = string_start = offset
    string: str | None = None
    comment = False
    at = start
    while at < offset:
        found = _TOKEN.match(text, at, offset)
        if found is None:
            break
        kind, piece = found.lastgroup, found[0]
        begin, at = at, found.end()
        first = first or (piece if kind == "name" else "")
        if kind == "blank":
            continue
        if kind == "comment":
            comment = at == offset
            continue
        if kind == "string":
            opening = _PREFIXED.match(piece)
            mark = opening[1] if opening else '"'
            body = opening.end() if opening else 1
            closed = len(piece) >= body + len(mark) and piece.endswith(mark) and _is_closed(piece, body, mark)
            if at == offset and not closed:
                string, string_start, quote = piece[body:], begin + body, piece[:body]
                break
            after = piece
            dotted = ""
            _begin(levels)
        elif kind == "name":
            if at == offset:
                word, word_start = piece, begin
                space = dotted[:-1] if dotted.endswith(".") else ""
                break
            dotted, dotted_start = (dotted + piece, dotted_start) if dotted.endswith(".") else (piece, begin)
            after = piece
            _begin(levels)
        elif piece == ".":
            dotted = f"{dotted}." if dotted else "?."
            after = piece
        else:
            _mark(levels, piece, begin, dotted, dotted_start)
            dotted = "?" if piece in ")]}" else ""
            after = piece
    if not word and string is None and dotted.endswith("."):
        space = dotted[:-1]
    return Cursor(
        word,
        word_start,
        space,
        string,
        string_start,
        quote,
        tuple([level.frozen() for level in levels]),
        first,
        after,
        comment,
    )


def _is_closed(piece: str, body: int, mark: str) -> bool:
    """Say whether the quotes at the end of a piece close it and are not escaped."""
    inner = piece[body : len(piece) - len(mark)]
    return (len(inner) - len(inner.rstrip("\\"))) % 2 == 0


def _begin(levels: list[_Level]) -> None:
    if levels:
        levels[-1].started = True


def _mark(levels: list[_Level], piece: str, begin: int, dotted: str, dotted_start: int) -> None:
    if piece in "([{":
        _begin(levels)
        named = piece == "(" and "?" not in dotted and dotted not in _NO_CALLEES
        callee = dotted if named else ""
        levels.append(_Level(piece, begin, callee, dotted_start if callee else begin))
    elif not levels:
        return
    elif piece in ")]}":
        levels.pop()
    elif piece == ",":
        levels[-1].next()
    elif piece == "=":
        level = levels[-1]
        if dotted and not level.keyword and level.mark == "(":
            level.keyword = dotted
            level.given.append(dotted)
    elif piece in ("*", "**") and not levels[-1].started:
        levels[-1].splat = True
        levels[-1].started = True
    else:
        levels[-1].started = True


def tokens_of(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield the tokens of a text without blanks and comments: kind, text, offset.

    The kinds are "string", "name", "number" and "mark".
    """
    for found in _TOKEN.finditer(text):
        if found.lastgroup is not None and found.lastgroup not in ("blank", "comment"):
            yield found.lastgroup, found[0], found.start()


def given_right(text: str, offset: int, end: int) -> tuple[str, ...]:
    """Return the keywords that a call is given right of a cursor in it, up to its closing bracket."""
    depth = 0
    found: list[str] = []
    name = ""
    at = offset
    while at < end:
        match = _TOKEN.match(text, at, end)
        if match is None:
            break
        kind, piece, at = match.lastgroup, match[0], match.end()
        if kind == "blank":
            continue
        if piece in ("(", "[", "{"):
            depth += 1
        elif piece in (")", "]", "}"):
            depth -= 1
            if depth < 0:
                break
        elif piece == "=" and depth == 0 and name:
            found.append(name)
        name = piece if kind == "name" else ""
    return tuple(found)


__all__ = ("Cursor", "Open", "cursor", "given_right", "tokens_of")
