"""Where strings, comments and statements lie in a text, found with string methods alone.

Evaluation needs this for every file, so nothing here imports anything heavy: a build file of 40 lines
costs about 60 microseconds. Offsets are code points of the given text.
"""

from __future__ import annotations

from envd_cache.record import Record


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


def skeleton(text: str) -> Skeleton:
    """Return the skeleton of a text whose newlines are unified."""
    size = len(text)
    find = text.find
    escapes = "\\" in text
    pieces: list[str] = []
    literals: list[Literal] = []
    open_at: int | None = None
    done = 0
    double, single, comment = -1, -1, -1
    while True:
        # The next mark of each kind is kept until it is passed, so that each is looked for once.
        if double < done and (double := find('"', done)) < 0:
            double = size
        if single < done and (single := find("'", done)) < 0:
            single = size
        if comment < done and (comment := find("#", done)) < 0:
            comment = size
        at = min(double, single, comment)
        if at == size:
            break
        if at == comment:
            end = find("\n", at)
            end = size if end < 0 else end
            pieces += (text[done:at], " " * (end - at))
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
    if text.startswith(mark * 3, at):
        mark *= 3
        limit = len(text)
    else:
        limit = _line_end(text, at + 1, escapes=escapes)
    body = here = at + len(mark)
    find = text.find
    close = find(mark, here, limit)
    while escapes and close >= 0 and (escape := find("\\", here, close)) >= 0:
        here = escape + 2
        if here > close:  # that quote was escaped
            close = find(mark, here, limit)
    return (start, body, close, close + len(mark)) if close >= 0 else (start, body, -1, limit)


def _line_end(text: str, body: int, *, escapes: bool) -> int:
    """Return the first line end that no backslash hides, or the end of the text."""
    at = text.find("\n", body)
    while escapes and at >= 0:
        here = at - 1 if text[at - 1] == "\r" else at
        first = here
        while here > body and text[here - 1] == "\\":
            here -= 1
        if (first - here) % 2 == 0:
            break
        at = text.find("\n", at + 1)
    return at if at >= 0 else len(text)


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


def indent_width(blank: str) -> int:
    """Return the column that leading spaces and tabs lead to, exactly as go-starlark counts it.

    A tab goes to a multiple of 8 of the *characters* before it, so two tabs are 15 columns, not 16.
    """
    if "\t" not in blank:
        return len(blank)
    return sum(8 - number % 8 if char == "\t" else 1 for number, char in enumerate(blank))
