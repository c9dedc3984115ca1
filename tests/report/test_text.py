"""The text report: what stands in it is never a command for a terminal, and no path looks like a problem."""

from __future__ import annotations

from envd_cache.diagnostics import ERROR, Diagnostic, Label
from envd_cache.report.text import MAX_LENGTH, render
from envd_cache.source import Location, SourceFile, Span

PATH = "team\x1b[2J\nother.envd:1:1: error[EC001]: x"
SHOWN = "team\ufffd[2J\ufffdother.envd:1:1: error[EC001]: x"


def test_the_path_of_a_file() -> None:
    problem = Diagnostic("EC001", ERROR, "it does not exist", path=PATH)
    assert render([problem]) == f"{SHOWN}: error[EC001]: it does not exist\n"


def test_the_path_of_a_place() -> None:
    place = Location(SourceFile(PATH, "a = 1\n"), Span(0, 1))
    problem = Diagnostic("EC016", ERROR, "cannot", place)
    assert render([problem]) == f"{SHOWN}:1:1: error[EC016]: cannot\n1 | a = 1\n  | ^\n"


def test_another_place() -> None:
    place = Location(SourceFile(PATH, "a = 1\n"), Span(0, 1))
    problem = Diagnostic("EC202", ERROR, "two", path="f", labels=(Label(place, "the \x1b[1mother"),))
    assert render([problem]) == f"f: error[EC202]: two\n  = {SHOWN}:1:1: the \ufffd[1mother\n"


def test_a_message_may_have_several_lines() -> None:
    problem = Diagnostic("EC011", ERROR, "one\n\ttwo\x1b[2J", path="f", hint="three\x07")
    assert render([problem]) == "f: error[EC011]: one\n\ttwo\ufffd[2J\n  = hint: three\ufffd\n"


def test_a_label_that_quotes_a_credential() -> None:
    place = Location(SourceFile("g", "a = 1\n"), Span(0, 1))
    labels = (Label(place, "here it was `hunter2hunter2`"),)
    problem = Diagnostic("EC111", ERROR, "a credential", path="f", labels=labels, redact=("hunter2hunter2",))
    assert render([problem]) == "f: error[EC111]: a credential\n  = g:1:1: here it was `***`\n"


LONG_TEXT = "x" * (MAX_LENGTH + 1)
LONG_CUT = "x" * (MAX_LENGTH - 1) + "…"


def test_a_text_that_nobody_reads_to_its_end() -> None:
    place = Location(SourceFile("g", "a = 1\n"), Span(0, 1))
    problem = Diagnostic(
        "EC011", ERROR, LONG_TEXT, path="f", hint=LONG_TEXT, labels=(Label(place, LONG_TEXT),)
    )
    assert render([problem]) == (
        f"f: error[EC011]: {LONG_CUT}\n  = g:1:1: {LONG_CUT}\n  = hint: {LONG_CUT}\n"
    )
    whole = LONG_TEXT[1:]
    assert render([problem.replace(message=whole, hint="", labels=())]) == f"f: error[EC011]: {whole}\n"


def test_no_part_of_a_credential_is_left_where_a_text_is_cut() -> None:
    message = "x" * (MAX_LENGTH - 6) + "hunter2hunter2"
    problem = Diagnostic("EC111", ERROR, message, path="f", redact=("hunter2hunter2",))
    assert "hunt" not in render([problem])
