"""Diagnostics of every shape for the tests of the reports."""

from __future__ import annotations

from envd_cache.codes import CODES
from envd_cache.diagnostics import ERROR, NOTE, WARNING, Diagnostic, Edit, Fix, Label
from envd_cache.report.sarif import Described
from envd_cache.source import Location, SourceFile, Span

TEXT = '# 😀\ndef build():\n    cache.s3(bucket="é😀", regoin="eu")\n    cache.gha(token="hunter2hunter2")\n'
SOURCE = SourceFile("team/build.envd", TEXT, "//team/build.envd")
OTHER = SourceFile("caches & co.envd", "a = 1\nb = (\n  2)\n")
RULES = tuple(
    Described(code.code, code.name, code.why, code.instead, ERROR, f"https://example.org/{code.code}")
    for code in reversed(CODES)
)


def at(source: SourceFile, text: str) -> Location:
    start = source.text.index(text)
    return Location(source, Span(start, start + len(text)))


MISSPELT = Diagnostic(
    "EC102",
    ERROR,
    "`cache.s3` has no argument `regoin`",
    at(SOURCE, "regoin"),
    hint="did you mean `region`?",
    fix=Fix("write `region`", (Edit(at(SOURCE, "regoin"), "region"),)),
)
LONG = Diagnostic(
    "EC202",
    WARNING,
    "two exports: 100%, really",
    at(OTHER, "(\n  2)"),
    (Label(at(SOURCE, "cache.s3"), "the other export"), Label(at(OTHER, "a"), "and this")),
    fix=Fix("remove it", (Edit(at(OTHER, "a = 1\n"), ""),), safe=False),
)
WHOLE_FILE = Diagnostic("EC001", NOTE, "`x.envd` does not exist", path="x.envd", hint="first\nsecond")
NOWHERE = Diagnostic("EC406", ERROR, "`A` is not set")
SECRET = Diagnostic(
    "EC111",
    ERROR,
    "`token` holds `hunter2hunter2`",
    at(SOURCE, '"hunter2hunter2"'),
    (Label(at(SOURCE, "cache.gha"), "hunter2hunter2 is here"),),
    "not hunter2hunter2",
    fix=Fix("move hunter2hunter2", (Edit(at(SOURCE, '"hunter2hunter2"'), "hunter2hunter2"),)),
    redact=("hunter2hunter2",),
)
ALL = (MISSPELT, LONG, WHOLE_FILE, NOWHERE, SECRET)
