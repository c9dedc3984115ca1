"""The three readers of comma-separated text; where they agree and where they do not."""

from __future__ import annotations

import pytest

from tests.support.csv_forms import Dialect, csv_fields, node_records
from tests.support.refused import refused

BOTH: tuple[Dialect, ...] = ("go-csvvalue", "encoding-csv")


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("type=local,dest=/x", ["type=local", "dest=/x"]),
        ('type=local,"dest=/a,b"', ["type=local", "dest=/a,b"]),
        ('"a""b",c', ['a"b', "c"]),
        ("a, b ", ["a", " b "]),
        ("a,", ["a", ""]),
        ('"a",', ["a", ""]),
        (",", ["", ""]),
        ("a\n", ["a"]),
        ("a\r\n", ["a"]),
        ('"a\nb",c', ["a\nb", "c"]),
        ('"a\n"', ["a\n"]),
        ("é=ü", ["é=ü"]),
    ],
)
def test_fields_that_both_dialects_read_alike(text: str, dialect: Dialect, fields: list[str]) -> None:
    assert csv_fields(text, dialect) == fields


@pytest.mark.parametrize(
    ("text", "csvvalue", "encoding"),
    [
        ("a\nb", ["a\nb"], ["a"]),
        ("a,k=1\nmode=max", ["a", "k=1\nmode=max"], ["a", "k=1"]),
        ("\n\na", ["\n\na"], ["a"]),
        ('"a\r\nb"', ["a\r\nb"], ["a\nb"]),
        ("a\r", ["a\r"], ["a"]),
        ("a\n\n", ["a\n"], ["a"]),
        ('"a"\n', ["a"], ["a"]),
    ],
)
def test_fields_that_differ(text: str, csvvalue: list[str], encoding: list[str]) -> None:
    assert csv_fields(text, "go-csvvalue") == csvvalue
    assert csv_fields(text, "encoding-csv") == encoding


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('type=local,dest="/x"', 'parse error on line 1, column 17: bare " in non-quoted-field'),
        ('é,dest="/x"', 'parse error on line 1, column 9: bare " in non-quoted-field'),
        ('"g"i', 'parse error on line 1, column 3: extraneous or missing " in quoted-field'),
        ('a,"', 'parse error on line 1, column 4: extraneous or missing " in quoted-field'),
        ("", "EOF"),
        ("\n", "EOF"),
    ],
)
def test_fields_refused_by_both(text: str, dialect: Dialect, message: str) -> None:
    with refused(message):
        csv_fields(text, dialect)


def test_an_open_quote_is_reported_where_each_dialect_gave_up() -> None:
    with refused('parse error on line 1, column 2: extraneous or missing " in quoted-field'):
        csv_fields('"abc', "go-csvvalue")
    with refused('parse error on line 1, column 5: extraneous or missing " in quoted-field'):
        csv_fields('"abc', "encoding-csv")
    with refused(
        'record on line 2; parse error on line 3, column 2: extraneous or missing " in quoted-field'
    ):
        csv_fields('\n"a\nb"c', "encoding-csv")


@pytest.mark.parametrize(
    ("text", "records"),
    [
        ("a,b\nc", [["a", "b"], ["c"]]),
        ('"a,""b"\n\n"c\nd",e', [['a,"b'], ["c\nd", "e"]]),
        ('a"b"c', [['a"b"c']]),
        ('"a"b', [['"a"b']]),
        ('""', [[""]]),
        ("a\r\nb\nc", [["a"], ["b\nc"]]),
        ("a\rb\nc", [["a"], ["b\nc"]]),
        ('"a"\nb', [["a"], ["b"]]),
        ('"a"\0"', [['a\0"']]),
        ("# a\nb # c", [["# a"], ["b # c"]]),
        ("", []),
    ],
)
def test_records_of_the_action(text: str, records: list[list[str]]) -> None:
    assert node_records(text) == records


def test_an_open_quote_is_refused_by_the_action() -> None:
    with refused("Quote Not Closed"):
        node_records('"a\nb')
