"""Problems that differ only in where they were called from are told once."""

from __future__ import annotations

from envd_cache.diagnostics import ERROR, Diagnostic, Label, folded
from envd_cache.source import Location, SourceFile, Span

LIBRARY = SourceFile("lib.envd", "abcdef")
FILES = [SourceFile(f"{name}.envd", "x") for name in "abcd"]


def problem(file: SourceFile | None, at: int = 0, redact: tuple[str, ...] = ()) -> Diagnostic:
    labels = (Label(Location(file, Span(0, 1)), "called from here"),) if file else ()
    return Diagnostic("EC102", ERROR, "wrong", Location(LIBRARY, Span(at, 6)), labels, redact=redact)


def texts(found: Diagnostic) -> list[tuple[str, str]]:
    return [(label.location.source.path, label.text) for label in found.labels]


def test_the_first_two_calls_are_told_and_the_number_of_others() -> None:
    (one,) = folded([problem(file) for file in FILES])
    assert texts(one) == [("a.envd", "called from here"), ("b.envd", "called from here too, and 2 more")]
    (two,) = folded([problem(file) for file in FILES[:2]])
    assert texts(two) == [("a.envd", "called from here"), ("b.envd", "called from here too")]


def test_others_stay_as_they_are_and_in_their_order() -> None:
    alone = Diagnostic("EC001", ERROR, "no place")
    given = [problem(FILES[0], 1), alone, problem(None), problem(None), alone, problem(FILES[0])]
    assert folded(given) == tuple(given)
    assert folded([problem(FILES[0], 1), problem(FILES[1]), problem(FILES[2], 1)])[1:] == (problem(FILES[1]),)


def test_folding_again_changes_nothing() -> None:
    once = folded([problem(file, at) for file in FILES for at in (0, 1)])
    assert len(once) == 2
    assert folded(once) == once


def test_what_must_not_be_shown_of_any_of_them_is_kept() -> None:
    (one,) = folded([problem(FILES[0], redact=("first",)), problem(FILES[1], redact=("second",))])
    assert set(one.redact) == {"first", "second"}
