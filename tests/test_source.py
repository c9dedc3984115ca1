from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envd_cache.source import Position, SourceFile, Target, parse_target, target_label

TEXTS = st.text(alphabet=st.sampled_from("ab\n\r\tü中😀\u2028\x0c"), max_size=40)


def source(text: str) -> SourceFile:
    return SourceFile("f", text)


@given(TEXTS, st.data())
def test_positions_and_offsets_are_one_thing(text: str, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(text)))
    made = source(text)
    position = made.position(offset)
    assert made.offset(position) == offset
    before = text[:offset]
    assert position == Position(before.count("\n"), len(before) - (before.rfind("\n") + 1))


@given(TEXTS, st.data())
def test_offsets_of_bytes(text: str, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(text)))
    assert source(text).offset_of_byte(len(text[:offset].encode())) == offset


@given(TEXTS)
def test_a_byte_inside_a_character_belongs_to_it(text: str) -> None:
    made = source(text)
    for byte in range(len(text.encode()) + 1):
        offset = made.offset_of_byte(byte)
        assert len(text[:offset].encode()) <= byte
        assert offset == len(text) or byte < len(text[: offset + 1].encode())


@given(TEXTS)
def test_lines_put_together_are_the_text(text: str) -> None:
    made = source(text)
    lines = [made.line(number) for number in range(len(made.line_starts))]
    assert lines == [line.rstrip("\r") for line in text.split("\n")]


def test_lines_end_at_newlines_only() -> None:
    made = source("a\r\nb\rc\u2028d\x0ce\n")
    assert [made.line(number) for number in range(3)] == ["a", "b\rc\u2028d\x0ce", ""]
    assert (made.line(-1), made.line(3)) == ("", "")


@pytest.mark.parametrize(
    ("position", "offset"),
    [(Position(0, 99), 5), (Position(9, 0), 5), (Position(1, -3), 3), (Position(0, 2), 2)],
)
def test_positions_outside_are_moved_into_the_text(position: Position, offset: int) -> None:
    assert source("ab\ncd").offset(position) == offset


def test_an_empty_text() -> None:
    made = source("")
    assert made.line_starts == [0]
    assert made.position(0) == Position(0, 0)
    assert (made.line(0), made.offset(Position(0, 0)), made.offset_of_byte(0)) == ("", 0, 0)


def test_labels_and_equality() -> None:
    assert SourceFile("f", "x").label == "f"
    assert SourceFile("f", "x", "//f").label == "//f"
    assert SourceFile("f", "x", "//f") == SourceFile("f", "x")
    assert SourceFile("f", "x") != SourceFile("g", "x")
    assert SourceFile("f", "x") != SourceFile("f", "y")
    assert SourceFile("f", "x") != "f"
    assert len({SourceFile("f", "x"), SourceFile("f", "x")}) == 1
    assert repr(SourceFile("f", "a secret text")) == "SourceFile('f')"


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("", Target("build.envd", "build")),
        ("build.envd", Target("build.envd", "build")),
        ("a/b.envd", Target("a/b.envd", "build")),
        ("a.envd:serve", Target("a.envd", "serve")),
        ("a.envd:", Target("a.envd", "build")),
        (":serve", Target("build.envd", "serve")),
        (":", Target("build.envd", "build")),
        ("a:b:c", None),
        ("::", None),
    ],
)
def test_targets(text: str, target: Target | None) -> None:
    assert parse_target(text) == target


@pytest.mark.parametrize(
    ("folder", "name", "function", "label"),
    [
        ("", "build.envd", "build", "//:build"),
        ("team/svc", "build.envd", "serve", "//team/svc:serve"),
        ("", "other.envd", "build", "//other.envd:build"),
        ("team", "other.envd", "build", "//team/other.envd:build"),
    ],
)
def test_target_labels(folder: str, name: str, function: str, label: str) -> None:
    assert target_label(folder, name, function) == label
