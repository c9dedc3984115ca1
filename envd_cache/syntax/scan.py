"""Where strings, comments and statements lie in a text, found with string methods alone.

Evaluation needs this for every file, so nothing here imports anything heavy: a build file of 40 lines
costs about 60 microseconds. Offsets are code points of the given text.
"""

from __future__ import annotations

from envd_cache.record import Record

# How deep a program may nest; see `limits`, which reads what is not plainly shallow.
MAX_CHAIN = 1000
MAX_BLOCKS = 100
MAX_DESCENT = 987  # envd's 1,000 less what every expression needs
GROUP = 13  # steps down for a bracket that starts an operand


class Literal(Record):
    """A string that needs a second look: it holds a backslash, or it is a bytes literal.

    `start` is at the prefix, `body` behind the opening quotes, `close` before the closing ones.
    """

    start: int
    body: int
    close: int
    end: int
    prefix: str


class Skeleton(Record):
    """A text without its words: same length, strings filled with `"`, comments with spaces.

    All brackets are round, so that one `count` finds them; a backslash before a line end is a space and
    so is that line end. `open_at` is where a string begins that never ends, or None.
    """

    code: str
    literals: tuple[Literal, ...] = ()
    open_at: int | None = None


def unify_newlines(text: str) -> str:
    """Return the text with every lone carriage return as `\\n`, which envd takes it for; same length."""
    if "\r" not in text or text.count("\r") == text.count("\r\n"):
        return text
    return "\r\n".join(part.replace("\r", "\n") for part in text.split("\r\n"))


# What was made last: one file after the other is looked at from several sides.
_latest = "", Skeleton("")


def skeleton(text: str) -> Skeleton:
    """Return the skeleton of a text whose newlines are unified."""
    global _latest  # noqa: PLW0603 - one pair, replaced whole
    known, made = _latest
    if known != text:
        made = _skeleton(text)
        _latest = text, made
    return made


def _skeleton(text: str) -> Skeleton:
    size = len(text)
    find = text.find
    escapes = "\\" in text
    pieces: list[str] = []
    literals: list[Literal] = []
    open_at: int | None = None
    done = 0
    double, single, comment, line_end = -1, -1, -1, -1
    while True:
        # The next mark of each kind is kept until it is passed, so that each is looked for once.
        if double < done and (double := find('"', done)) < 0:
            double = size
        if single < done and (single := find("'", done)) < 0:
            single = size
        if comment < done and (comment := find("#", done)) < 0:
            comment = size
        at = double if double < single else single  # noqa: FURB136 - a call takes longer
        if comment < at:
            at = comment
            end = find("\n", at)
            end = size if end < 0 else end
            pieces += (text[done:at], " " * (end - at))
            done = end
            continue
        if at == size:
            break
        if not escapes:
            # An ordinary string on one line, as nearly all are; two quotes may be the start of three.
            end = find(text[at], at + 1) + 1
            if line_end < at and (line_end := find("\n", at)) < 0:
                line_end = size
            if at + 2 < end <= line_end and text[at - 1] not in "rb":
                pieces += (text[done:at], '"' * (end - at))
                done = end
                continue
        start, body, close, end = _string(text, at, escapes=escapes)
        if open_at is None and close < 0:
            open_at = start
        if close >= 0 and (start < at or (escapes and find("\\", body, close) >= 0)):
            prefix = text[start:at]
            if "b" in prefix or find("\\", body, close) >= 0:
                literals.append(Literal(start, body, close, end, prefix))
        pieces += (text[done:start], '"' * (end - start))
        done = end
    pieces.append(text[done:])
    code = "".join(pieces)
    if escapes and "\\" in code:
        code = code.replace("\\\r\n", "   ").replace("\\\n", "  ")
    code = code.replace("[", "(").replace("]", ")").replace("{", "(").replace("}", ")")
    return Skeleton(code, tuple(literals), open_at)


def _string(text: str, at: int, *, escapes: bool) -> tuple[int, int, int, int]:
    """Return start, body, close and end of the string whose first quote is at `at`.

    `close` is -1 when the string does not end; `end` is then where reading can go on.
    """
    start = at
    if at and text[at - 1] in "rb":
        start = at - 2 if text[at - 2 : at] == "rb" else at - 1
        if start and (text[start - 1].isalnum() or text[start - 1] == "_"):
            start = at  # the end of a name, not a prefix
    mark = text[at]
    many = text.startswith(mark * 3, at)
    if many:
        mark *= 3
    size = len(text)
    find = text.find
    body = here = at + len(mark)
    # What was found ahead is kept until it is passed: a hostile file must not make this quadratic.
    close = find(mark, here)
    line_end = -1 if many else find("\n", here, close if close >= 0 else size)
    while escapes:
        stop = line_end if line_end >= 0 else close if close >= 0 else size
        escape = find("\\", here, stop)
        if escape < 0:
            break
        here = escape + (3 if text.startswith("\r\n", escape + 1) else 2)
        moved = 0 <= close < here  # that quote was escaped
        if moved:
            close = find(mark, here)
        if not many and (0 <= line_end < here or (moved and line_end < 0)):
            line_end = find("\n", here, close if close >= 0 else size)
    if line_end >= 0 or close < 0:
        return start, body, -1, line_end if line_end >= 0 else size
    return start, body, close, close + len(mark)


def lines_with(text: str, start: str) -> list[int]:
    """Return the offsets of the lines that start with some letters."""
    found = [0] if text.startswith(start) else []
    mark, at = "\n" + start, -1
    while (at := text.find(mark, at + 1)) >= 0:
        found.append(at + 1)
    return found


def logical_lines(code: str) -> list[tuple[int, int]]:
    """Return start and end of the logical lines of a skeleton's code, without blank ones and line ends.

    A logical line goes on while a bracket is open. A bracket that never closes takes the rest.
    """
    lines: list[tuple[int, int]] = []
    at = start = depth = 0
    for line in code.split("\n"):
        end = at + len(line)
        if "(" in line or ")" in line:
            depth += line.count("(") - line.count(")")
        if depth <= 0:
            depth = 0
            if start < at or (line and not line.isspace()):
                lines.append((start, end))
            start = end + 1
        at = end + 1
    if start < len(code):
        lines.append((start, len(code)))
    return lines


def is_plainly_shallow(code: str, lines: list[tuple[int, int]]) -> bool:
    """Say whether counts alone rule out that a program nests too deeply, as they nearly always do.

    `code` is the text of a skeleton, `lines` are its logical lines.
    """
    for start, end in lines:
        if not line_is_plainly_shallow(code, start, end):
            return False
    return blocks_are_plainly_shallow(code)


def blocks_are_plainly_shallow(code: str) -> bool:
    """Say it of blocks inside blocks."""
    return not ("\n" + " " * MAX_BLOCKS in code or "\t" in code or code.count("elif") > MAX_CHAIN)


def line_is_plainly_shallow(code: str, start: int, end: int) -> bool:
    """Say it of one logical line."""
    size = end - start
    return size < MAX_DESCENT // GROUP or GROUP * code.count("(", start, end) + size <= MAX_DESCENT


def indent_width(blank: str) -> int:
    """Return the column that leading spaces and tabs lead to, exactly as go-starlark counts it.

    A tab goes to a multiple of 8 of the *characters* before it, so two tabs are 15 columns, not 16.
    """
    if "\t" not in blank:
        return len(blank)
    return sum(8 - number % 8 if char == "\t" else 1 for number, char in enumerate(blank))
