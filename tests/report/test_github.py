"""Annotations of GitHub Actions: read as the runner reads them, they say what was found."""

from __future__ import annotations

from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from envd_cache.codes import CODES
from envd_cache.diagnostics import ERROR, Diagnostic, Label
from envd_cache.report.github import github
from envd_cache.report.places import Paths
from envd_cache.report.text import MAX_LENGTH
from envd_cache.source import Location, SourceFile, Span
from tests.report.findings import ALL, LONG, MISSPELT, NOWHERE, WHOLE_FILE

NAMES = {code.code: code.name for code in CODES}


def read(line: str) -> tuple[str, dict[str, str], str]:
    """Read one command as `ActionCommand.TryParseV2` of the runner does: command, properties, message."""
    assert line.startswith("::")
    head, _, message = line[2:].partition("::")
    command, _, rest = head.partition(" ")
    properties = dict(part.split("=", 1) for part in rest.split(",")) if rest else {}
    return command, {name: unquote(value) for name, value in properties.items()}, unquote(message)


def test_every_shape() -> None:
    assert [read(line) for line in github(ALL[:4], NAMES).splitlines()] == [
        (
            "error",
            {
                "file": "team/build.envd",
                "line": "3",
                "endLine": "3",
                "col": "27",
                "endColumn": "32",
                "title": "EC102 unknown-argument",
            },
            (
                "`cache.s3` has no argument `regoin`\nhint: did you mean `region`?\n"
                "more: envd-cache explain EC102"
            ),
        ),
        (
            "warning",
            {"file": "caches & co.envd", "line": "2", "endLine": "3", "title": "EC202 two-writers"},
            (
                "two exports: 100%, really\nteam/build.envd:3:5: the other export\n"
                "caches & co.envd:1:1: and this\nmore: envd-cache explain EC202"
            ),
        ),
        (
            "notice",
            {"file": "x.envd", "title": "EC001 unreadable-file"},
            "`x.envd` does not exist\nhint: first\nsecond\nmore: envd-cache explain EC001",
        ),
        ("error", {"title": "EC406 secret-not-set"}, "`A` is not set\nmore: envd-cache explain EC406"),
    ]


def test_the_letters_that_are_escaped() -> None:
    problem = WHOLE_FILE.replace(path="a,b:c%\n.envd", message="100%: a,\r\nb", hint="")
    line = (
        "::notice file=a%2Cb%3Ac%25%0A.envd,title=EC001::100%25: a,%0D%0Ab%0Amore: envd-cache explain EC001\n"
    )
    assert github([problem], {}) == line


def test_paths_from_the_root() -> None:
    shown = github([MISSPELT, LONG], NAMES, Paths("/repo/sub", "/repo"))
    assert "file=sub/team/build.envd," in shown
    assert "%0Asub/team/build.envd:3:5: the other export" in shown
    outside = github([WHOLE_FILE.replace(path="../../x.envd")], NAMES, Paths("/repo/sub", "/repo"))
    assert "file=/x.envd," in outside


def test_nothing_of_a_credential() -> None:
    shown = github(ALL, NAMES)
    assert "hunter2" not in shown
    assert shown.splitlines()[-1].endswith(
        "::`token` holds `***`%0Ateam/build.envd:4:5: *** is here%0Ahint: not ***"
        "%0Amore: envd-cache explain EC111"
    )


def test_a_text_that_nobody_reads_to_its_end() -> None:
    long, short = "x" * (MAX_LENGTH + 1), "x" * (MAX_LENGTH - 1) + "…"
    label = Label(Location(SourceFile("g", "a"), Span(0, 1)), long)
    problem = Diagnostic("EC011", ERROR, long, path="f", hint=long, labels=(label,))
    _, _, message = read(github([problem], NAMES).rstrip())
    assert message == f"{short}\ng:1:1: {short}\nhint: {short}\nmore: envd-cache explain EC011"


def test_nothing_found() -> None:
    assert github([], NAMES) == ""


TEXTS = st.lists(
    st.sampled_from(["a", "%", "%25", ":", "::", ",", "=", "\n", "\r", "é", " ", "`"]), min_size=1, max_size=6
)


@given(TEXTS.map("".join), TEXTS.map("".join), TEXTS.map("".join), st.integers(0, 5))
def test_any_text_comes_back(message: str, hint: str, path: str, start: int) -> None:
    source = SourceFile(path, "ab\ncd\n")
    problem = Diagnostic("EC001", ERROR, message, Location(source, Span(start, start)), hint=hint)
    (line, end) = github([problem, NOWHERE], NAMES).split("\n", 1)
    command, properties, text = read(line)
    assert (command, properties["file"], text) == (
        "error",
        path,
        f"{message}\nhint: {hint}\nmore: {problem.help}",
    )
    assert end == "::error title=EC406 secret-not-set::`A` is not set%0Amore: envd-cache explain EC406\n"
    assert int(properties["line"]) == source.text[:start].count("\n") + 1
