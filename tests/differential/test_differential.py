"""The same build files, shown to the real envd and to us: both must accept, or both refuse.

For envd's own functions the words must agree too, but for the repairs that `envd_cache.ir.envd_arguments`
lists. What differs on purpose stands in the tables here, with a reason; an entry that is no longer true
fails its test.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from envd_cache.catalog.envd import BUILTINS
from tests.differential import odd, oracle, snippets
from tests.differential.ours import our_verdict

if TYPE_CHECKING:
    from pathlib import Path

    from tests.differential.snippets import Snippet

pytestmark = pytest.mark.skipif(oracle.envd() is None, reason="envd is not installed")

EVERY = [*snippets.every(), *odd.every()]
BY_NAME = {builtin.name: builtin for builtin in BUILTINS}

_LACKS = "the interpreter that we use lacks it"
_LAXER = "the interpreter that we use takes it, and only this run is affected"
# Snippets on which the verdicts differ, and why.
KNOWN = {
    "details_accepted/a list in a dict": _LACKS,
    "details_accepted/a loop over a bare tuple": _LACKS,
    "details_accepted/a zero with zeros": _LACKS,
    "details_accepted/an index of two": _LACKS,
    "details_accepted/startswith from a place": _LACKS,
    "odd_accepted/a bytes literal": _LACKS,
    "odd_accepted/codepoint_ords": _LACKS,
    "odd_accepted/elem_ords": _LACKS,
    "odd_accepted/percent c": _LACKS,
    "odd_accepted/percent i": _LACKS,
    "odd_accepted/percent with a name": _LACKS,
    "odd_accepted/the function bytes": _LACKS,
    "odd_accepted/a long sum": "so deep a tree could overflow the interpreter's stack",
    "details_refused/a global that hides a builtin after its use": "we take the builtin that it meant",
    "details_refused/comparing what is nested deep": _LAXER,
    "details_refused/int of a text with underscores": _LAXER,
    "details_refused/shifting far": _LAXER,
    "details_refused/shifting too far": _LAXER,
    "details_refused/split by nothing": _LAXER,
    "language_refused/enumerate by keyword": _LAXER,
    "odd_refused/300 arguments": _LAXER,
}

# Names that envd gets wrong in its messages, or that only a Go programmer knows.
REPAIRS = {
    "starlark.IterableMapping": "dict",
    "listening_addr": "listen_addr",
    "URL field is required": "git is required",
}
_NO_TEXT = "the interpreter tells us only the type of such a value"
# Snippets on which both refuse and only the words differ, and why.
OTHER_WORDS = {
    "builtins_refused/run: a float in the list": _NO_TEXT,
    "builtins_refused/run: a range in the list": _NO_TEXT,
    "builtins_refused/run: a function in the list": _NO_TEXT,
    "builtins_refused/run: one of envd's functions": "here envd's functions are functions like any other",
}
_DID_YOU_MEAN = re.compile(r" \(did you mean \w+\?\)$")


def test_the_snippets_have_names_of_their_own() -> None:
    names = [str(snippet) for snippet in EVERY]
    assert len(names) == len(set(names))
    assert len(names) >= 200
    assert KNOWN.keys() <= set(names)
    assert OTHER_WORDS.keys() <= set(names)


def test_every_builtin_is_shown_right_and_wrong() -> None:
    shown = {(snippet.topic, snippet.name.partition(":")[0]) for snippet in EVERY}
    for builtin in BUILTINS:
        # `include` needs a repository to be right.
        assert builtin.name == "include" or ("builtins_accepted", builtin.name) in shown
        assert builtin.any_arguments or ("builtins_refused", builtin.name) in shown


@pytest.mark.parametrize("snippet", EVERY, ids=str)
def test_the_verdicts_agree(snippet: Snippet, tmp_path: Path) -> None:
    folder = snippet.write(tmp_path)
    envd = oracle.verdict(folder)
    accepted, message = our_verdict(folder)

    expected = snippet.topic.endswith("_accepted")
    assert envd.accepted is expected, f"envd does not do what the snippet's file says: {envd.message}"
    if str(snippet) in KNOWN:
        assert accepted is not envd.accepted, "the verdicts agree now: take the snippet out of KNOWN"
        return
    assert accepted is envd.accepted, f"envd: {envd.message or 'accepted'}\nours: {message or 'accepted'}"
    if snippet.topic == "builtins_refused":
        same = _same_words(snippet, envd.message, message.split("\n"))
        if envd.crashed:  # and says nothing that helps
            assert not same
        elif str(snippet) in OTHER_WORDS:
            assert not same, "the words agree now: take the snippet out of OTHER_WORDS"
        else:
            assert same, f"envd: {envd.message}\nours: {message}"


def _same_words(snippet: Snippet, envd: str, ours: list[str]) -> bool:
    """Say whether one of our messages is envd's. We may suggest a name where envd has no idea."""
    builtin = BY_NAME.get(snippet.name.partition(":")[0])
    if builtin and builtin.error_name:
        envd = envd.replace(f"{builtin.error_name}: ", f"{builtin.name}: ")
    for wrong, right in REPAIRS.items():
        envd = envd.replace(wrong, right)
    return envd in ours or envd in [_DID_YOU_MEAN.sub("", message) for message in ours]
