"""Diagnostics as text: file, 1-based line and column, code, message, the line with a marker, the hint."""

from __future__ import annotations

from envd_cache.record import Record
from envd_cache.report.redact import Redactor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from envd_cache.diagnostics import Diagnostic
    from envd_cache.source import Location


class Style(Record):
    """Terminal escapes around parts of a report; all empty when there is no terminal."""

    error: str = ""
    warning: str = ""
    note: str = ""
    bold: str = ""
    faint: str = ""
    end: str = ""

    def severity(self, severity: str) -> str:
        """Return the escape for a severity."""
        return {"error": self.error, "warning": self.warning}.get(severity, self.note)


PLAIN = Style()
COLOUR = Style("\x1b[1;31m", "\x1b[1;33m", "\x1b[1;36m", "\x1b[1m", "\x1b[2m", "\x1b[0m")

# A line of a generated file can have a megabyte; what matters is around the marker.
MAX_WIDTH = 120

# A message can quote a text of megabytes, of which the start says enough.
MAX_LENGTH = 2_000


def render(diagnostics: Sequence[Diagnostic], style: Style = PLAIN) -> str:
    """Return all problems as text, in the order given; nothing of a credential is in it."""
    redactor = Redactor(diagnostics)
    return "".join([_one(diagnostic, style, redactor) for diagnostic in diagnostics])


def summary(diagnostics: Sequence[Diagnostic]) -> str:
    """Return "2 errors, 1 warning", or "" when there is nothing to say."""
    parts = []
    for severity in ("error", "warning", "note"):
        number = sum(diagnostic.severity == severity for diagnostic in diagnostics)
        if number:
            parts.append(f"{number} {severity}{'s' if number > 1 else ''}")
    return ", ".join(parts)


def more(diagnostics: Sequence[Diagnostic]) -> str:
    """Return how to read on about the first of the worst problems, "" when there is none."""
    order = {"error": 0, "warning": 1, "note": 2}
    worst = min(diagnostics, key=lambda diagnostic: order[diagnostic.severity], default=None)
    return f"`{worst.help}` tells more" if worst else ""


def _one(diagnostic: Diagnostic, style: Style, redactor: Redactor) -> str:
    severity = f"{style.severity(diagnostic.severity)}{diagnostic.severity}[{diagnostic.code}]{style.end}"
    where = _on_one_line(place(diagnostic))
    head = f"{style.bold}{where}:{style.end} " if where else ""
    lines = [f"{head}{severity}: {printable(cut(redactor.text(diagnostic.message)))}"]
    number = 0
    if diagnostic.location is not None:
        number = diagnostic.location.source.position(diagnostic.location.span.start).line + 1
        lines += _excerpt(diagnostic.location, style.severity(diagnostic.severity), style, redactor)
    gutter = " " * (len(str(number)) + 1)
    for label in diagnostic.labels:
        where = _on_one_line(position(label.location))
        text = printable(cut(redactor.text(label.text)))
        lines.append(f"{gutter}{style.faint}={style.end} {where}: {text}")
    if diagnostic.hint:
        hint = printable(cut(redactor.text(diagnostic.hint)))
        lines.append(f"{gutter}{style.faint}={style.end} hint: {hint}")
    return "\n".join(lines) + "\n"


def place(diagnostic: Diagnostic) -> str:
    """Return `file:line:column` of a problem, the file alone, or ""."""
    return diagnostic.path if diagnostic.location is None else position(diagnostic.location)


def position(location: Location) -> str:
    """Return `file:line:column`, 1-based, columns in characters."""
    start = location.source.position(location.span.start)
    return f"{location.source.path}:{start.line + 1}:{start.column + 1}"


def _excerpt(location: Location, mark: str, style: Style, redactor: Redactor) -> list[str]:
    source, span = location.source, location.span
    start = source.position(span.start)
    text = redactor.line(source, start.line)
    width = max(min(span.end, source.line_starts[start.line] + len(text)) - span.start, 1)
    first = 0
    if len(text) > MAX_WIDTH:
        first = max(0, min(start.column - MAX_WIDTH // 3, len(text) - MAX_WIDTH))
        text = text[first : first + MAX_WIDTH]
    number = str(start.line + 1)
    # A tab stays a tab below, so that the marker stands where the terminal draws the text.
    lead = "".join(
        "\t" if letter == "\t" else " " * _cells(letter) for letter in text[: start.column - first]
    )
    marked = text[start.column - first :][:width]
    marks = "^" * max(sum(map(_cells, marked)), 1)
    bar = f"{style.faint}|{style.end}"
    return [
        f"{style.faint}{number}{style.end} {bar} {printable(text)}",
        f"{' ' * len(number)} {bar} {lead}{mark}{marks}{style.end}",
    ]


def _cells(letter: str) -> int:
    """Return how many cells of a terminal a character takes: two for Chinese, Japanese, Korean, emoji."""
    if letter < "\u0300":
        return 1
    from unicodedata import combining, east_asian_width  # noqa: PLC0415 - hardly a line needs it

    if combining(letter):
        return 0
    return 2 if east_asian_width(letter) in ("W", "F") else 1


def cut(text: str) -> str:
    """Return a message as long as a person reads it. Credentials go first: a part of one is not known."""
    return text if len(text) <= MAX_LENGTH else f"{text[: MAX_LENGTH - 1]}…"


def printable(text: str) -> str:
    """Return a text that no terminal takes for commands; tabs and line ends stay."""
    return "".join(letter if letter in "\t\n" or letter.isprintable() else "\ufffd" for letter in text)


def _on_one_line(path: str) -> str:
    """Return a path, which may hold any character, so that it cannot look like a problem of its own."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in path)
