"""Logical lines: a broken one costs only itself, and an edit leads where a fresh start does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envd_cache.lsp.lines import Lines

WHOLE = """\
load("//caches.envd", "shared")

KEYS = [cache.branch(), "main"]  # comment


def build(x, y=1):
    base(image="ubuntu:22.04", dev=True)
    if x:
        cache.registry(
            ref="ghcr.io/acme/app",
            key=KEYS,
        )
    elif y:
        shared()
    else:
        run(commands=[\"\"\"
a
  b\"\"\"])
"""


def shape(lines: Lines) -> list[tuple[int, int, str, bool]]:
    return [(unit.head, unit.start, unit.line.text, unit.unclosed) for unit in lines.units]


def test_each_statement_is_a_line() -> None:
    lines = Lines(WHOLE)
    assert [unit.line.word for unit in lines.units] == [
        *("load", "KEYS", "def", "base", "if", "cache", "elif", "shared", "else", "run")
    ]
    assert not any(unit.line.is_broken for unit in lines.units)
    assert all(unit.line.statements for unit in lines.units)


@pytest.mark.parametrize(
    "broken",
    [
        'cache.registry(ref="x",',
        'cache.registry(ref="x", key=[cache.branch(',
        'cache.registry(ref="x',
        "cache.",
        "x = = 1",
        "def (",
        'cache.registry(ref="""x',
        "if :",
        "base(]",
    ],
)
def test_a_broken_line_costs_only_itself(broken: str) -> None:
    before = 'def build():\n    base(image="a")\n'
    after = '    cache.gha(scope="b")\n\n\ndef other():\n    base()\n'
    lines = Lines(f"{before}    {broken}\n{after}")
    bad = [unit.line.text for unit in lines.units if unit.line.is_broken]
    good = [unit.line.text for unit in lines.units if not unit.line.is_broken]
    assert len(bad) == 1
    assert bad[0].rstrip() == broken
    expected = [unit.line.text for unit in Lines(before + after).units]
    assert good == expected


def test_a_closing_bracket_of_its_own_line_stays_with_its_call() -> None:
    lines = Lines("def f():\n    cache.registry(\n        key=[cache.branch(, 'a'],\n    )\n    base()\n")
    assert [unit.line.text.split("(")[0] for unit in lines.units] == ["def f", "cache.registry", "base"]


PIECES = st.sampled_from(
    [
        *"()[]{}\"'#\\,=:. \n",
        "\n    ",
        "\n\n",
        "\r\n",
        '"""',
        "def f():\n",
        "x",
        "é",
        "😀",
        "cache.gha(",
        "if x:\n",
        "\\\n",
    ]
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.lists(PIECES, max_size=25).map("".join) | st.just(WHOLE),
    st.lists(
        st.tuples(st.integers(0, 400), st.integers(0, 30), st.lists(PIECES, max_size=4).map("".join)),
        max_size=6,
    ),
)
def test_edits_lead_where_a_fresh_start_does(text: str, edits: list[tuple[int, int, str]]) -> None:
    lines = Lines(text)
    for at, size, new in edits:
        start = min(at, len(text))
        end = min(start + size, len(text))
        lines.edit(start, end, new)
        text = text[:start] + new + text[end:]
        assert lines.text == text
        assert shape(lines) == shape(Lines(text))


def test_an_edit_reads_one_line_only() -> None:
    lines = Lines(WHOLE)
    before = {unit.line.text: unit.line for unit in lines.units}
    at = WHOLE.index("dev=True")
    lines.edit(at, at + 3, "deb")
    kept = [unit for unit in lines.units if unit.line.text in before]
    assert len(kept) == len(lines.units) - 1
    assert all(unit.line is before[unit.line.text] for unit in kept)
