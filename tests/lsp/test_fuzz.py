"""Random edits through the protocol: the texts stay equal, no request fails, a fresh start finds the same."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from envd_cache.lsp.client import Client
from envd_cache.lsp.convert import Index
from tests.lsp.launch import SERVER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START = """\
load("lib.envd", "shared")

KEYS = [cache.branch(default="é😀"), "main"]


def build():
    base(image="ubuntu:22.04", dev=True)
    if KEYS:
        cache.registry(ref="ghcr.io/acme/app", key=KEYS, mode="max")
    shared()


def other(name="x"):
    cache.gha(scope=name)
"""
LIB = 'def shared():\n    cache.gha(scope="shared")\n'
PIECES = st.sampled_from(
    [
        *(
            "x",
            "é",
            "😀",
            "语",
            " ",
            "\n",
            "\r\n",
            "\n    ",
            "(",
            ")",
            "[",
            "]",
            '"',
            "'",
            "=",
            ",",
            ".",
            "#",
            ":",
        ),
        *(
            "cache.",
            "cache.s3(",
            'mode="MAX"',
            "def f():\n",
            '"""',
            "return ",
            "load(",
            "\\",
            "\t",
            "\r",
            "\x0c",
        ),
        "\u2028",
    ]
)
EDITS = st.lists(
    st.tuples(st.integers(0, 500), st.integers(0, 12), st.lists(PIECES, max_size=3).map("".join)),
    min_size=1,
    max_size=6,
)
REQUESTS = (
    *(
        "completion",
        "hover",
        "signatureHelp",
        "definition",
        "references",
        "documentHighlight",
        "prepareRename",
    ),
    *("documentSymbol", "foldingRange", "selectionRange", "documentLink", "semanticTokens/full", "codeLens"),
    *("inlayHint", "codeAction", "prepareCallHierarchy"),
)


class Typist:
    """Edits one file of one server, again and again."""

    def __init__(self, folder: Path, encoding: str) -> None:
        (folder / ".git").mkdir()
        (folder / "lib.envd").write_text(LIB)
        self.encoding = encoding
        environ = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache-home")}
        self.client = Client(SERVER, folder=str(folder), environ=environ)
        self.client.start(str(folder), (encoding,))
        self.path = str(folder / "build.envd")
        self.text = START
        self.version = 1
        self.uri = self.client.open(self.path, START)

    def edit(self, at: int, size: int, new: str) -> None:
        """Replace a range as an editor does, whose positions are in the agreed unit."""
        start = min(at, len(self.text))
        end = min(start + size, len(self.text))
        index = Index(self.text, self.encoding)
        # No editor puts its cursor between the two letters of a line end.
        start -= 0 < start < len(self.text) and self.text[start - 1 : start + 1] == "\r\n"
        end += 0 < end < len(self.text) and self.text[end - 1 : end + 1] == "\r\n"
        first, last = index.range(start, end)
        self.version += 1
        change = {
            "range": {
                "start": {"line": first[0], "character": first[1]},
                "end": {"line": last[0], "character": last[1]},
            },
            "text": new,
        }
        document = {"uri": self.uri, "version": self.version}
        self.client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
        self.text = self.text[:start] + new + self.text[end:]

    def rewrite(self, text: str) -> None:
        self.version += 1
        document = {"uri": self.uri, "version": self.version}
        self.client.notify(
            "textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]}
        )
        self.text = text

    def ask_all(self, offset: int) -> None:
        """Make every request at an offset; an error raises."""
        line, character = Index(self.text, self.encoding).position(min(offset, len(self.text)))
        place = {"line": line, "character": character}
        everything = {"start": {"line": 0, "character": 0}, "end": {"line": 9999, "character": 0}}
        params: dict[str, Any] = {
            "textDocument": {"uri": self.uri},
            "position": place,
            "positions": [place],
            "range": everything,
        }
        contexts = {"references": {"includeDeclaration": True}, "codeAction": {"diagnostics": []}}
        numbers = [
            self.client.send(
                f"textDocument/{name}", params | ({"context": contexts[name]} if name in contexts else {})
            )
            for name in REQUESTS
        ]
        for number in numbers:
            self.client.result(number)

    def server_text(self) -> str:
        """Return the server's text."""
        return str(self.client.request("envd-cache/text", {"uri": self.uri}))

    def settled(self) -> list[Any]:
        """Return the findings of the present text after its evaluation."""
        assert self.client.request("envd-cache/settled", {"uri": self.uri}) is True
        return self.client.published(self.uri, self.version) or []


@pytest.fixture(scope="module", params=["utf-8", "utf-16", "utf-32"])
def typists(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Typist, Typist]]:
    """Return one who types, and one who only ever pastes the whole text."""
    made = [Typist(tmp_path_factory.mktemp(name), request.param) for name in ("typing", "fresh")]
    yield made[0], made[1]
    for one in made:
        assert one.client.close() == 0
        assert one.client.stray == b""
        assert one.client.errors == b""


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(EDITS, st.integers(0, 500))
def test_typing(typists: tuple[Typist, Typist], edits: list[tuple[int, int, str]], offset: int) -> None:
    typing, fresh = typists
    typing.rewrite(START)
    for at, size, new in edits:
        typing.edit(at, size, new)
        typing.ask_all(at)
    assert typing.server_text() == typing.text
    typing.ask_all(offset)
    # Closed and opened anew, so that nothing is left of the text before.
    fresh.client.notify("textDocument/didClose", {"textDocument": {"uri": fresh.uri}})
    fresh.text, fresh.version = typing.text, 1
    fresh.client.open(fresh.path, typing.text)
    assert bare(typing.settled()) == bare(fresh.settled())


def bare(findings: list[Any]) -> list[tuple[str, str, str]]:
    return [(one["code"], str(one["range"]), one["message"]) for one in findings]
