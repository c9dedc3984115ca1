"""Positions in the three units that the protocol knows."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envd_cache.lsp.convert import Index, Mapping

TEXT = 'a = "é😀"  # ü\r\nb = 1\rc = "語"\nd'


@pytest.mark.parametrize(("encoding", "character"), [("utf-8", 12), ("utf-16", 9), ("utf-32", 8)])
def test_letters_before_a_position_count_in_their_unit(encoding: str, character: int) -> None:
    index = Index(TEXT, encoding)
    offset = TEXT.index("  #")
    assert index.position(offset) == (0, character)
    assert index.offset(0, character) == offset


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_all_line_ends_of_the_protocol_end_lines(encoding: str) -> None:
    index = Index(TEXT, encoding)
    assert [index.position(TEXT.index(word))[0] for word in ("a =", "b =", "c =", "d")] == [0, 1, 2, 3]
    assert index.offset(0, 9999) == TEXT.index("\r\n")
    assert index.offset(99, 0) == len(TEXT)


def test_no_other_separator_ends_a_line() -> None:
    assert Index("a\u2028b\x0bc\x85d").starts == [0]


def test_a_position_inside_a_letter_is_the_one_before_it() -> None:
    assert Index("😀b", "utf-16").offset(0, 1) == 0
    assert Index("😀b", "utf-8").offset(0, 3) == 0


@settings(deadline=None, derandomize=True)
@given(st.text(alphabet="ab\n\ré😀語 ", max_size=40), st.sampled_from(["utf-8", "utf-16", "utf-32"]))
def test_positions_lead_back(text: str, encoding: str) -> None:
    index = Index(text, encoding)
    for offset in range(len(text) + 1):
        inside = 0 < offset < len(text) and text[offset - 1 : offset + 1] == "\r\n"
        if not inside:
            assert index.offset(*index.position(offset)) == offset


@settings(deadline=None, derandomize=True)
@given(st.text("abc", max_size=20), st.integers(0, 20), st.integers(0, 5), st.text("abc", max_size=5))
def test_a_mapping_leads_to_the_same_text(old: str, at: int, size: int, new: str) -> None:
    at = min(at, len(old))
    changed = old[:at] + new + old[at + size :]
    mapping = Mapping(old, changed)
    for start in range(len(old) + 1):
        for end in range(start, len(old) + 1):
            span = mapping.span(start, end)
            if span is not None:
                assert changed[span[0] : span[1]] == old[start:end]
            elif old == changed:
                raise AssertionError("nothing changed")
