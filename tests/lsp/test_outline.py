"""Outline, workspace symbols, folding, selections, tokens, links, hints and lenses."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from envd_cache.lsp import hints, outline
from envd_cache.lsp.findings import Declaration, Target
from envd_cache.lsp.steps import at_once
from tests.lsp.marked import Desk

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """\
# One
# Two
load("//lib.envd", "shared")
load("//more.envd", b="a")

KEYS = ["main"]


def build():
    base()
    cache.registry(
        ref="ghcr.io/acme/app",
        key=KEYS,
    )
    if KEYS:
        shared()


def _own(x):
    return x
"""


def test_the_outline_of_a_file(desk: Desk) -> None:
    entries = outline.outline(desk.open(TEXT))
    assert [(entry.name, entry.kind, entry.detail) for entry in entries] == [
        ("shared", "module", "//lib.envd"),
        ("b", "module", "//more.envd"),
        ("KEYS", "variable", ""),
        ("build", "function", "()"),
        ("_own", "function", "(x)"),
    ]
    assert [(child.name, child.detail) for child in entries[3].children] == [
        ("cache.registry", "ghcr.io/acme/app")
    ]
    for entry in entries:
        assert entry.start <= entry.name_start <= entry.name_end <= entry.end


def test_symbols_of_the_workspace(tmp_path: Path) -> None:
    desk = Desk(
        tmp_path,
        {"a/build.envd": "def build():\n    base()\n", "b/build.envd": "def build_gpu():\n    base()\n"},
    )
    project = desk.session.project
    desk.open("def built():\n    pass\n", "c/build.envd")

    def found(query: str) -> list[tuple[str, str]]:
        return [(one.name, one.container) for one in at_once(outline.workspace_symbols(project, query))]

    assert found("build") == [("build", "//a/build.envd"), ("build_gpu", "//b/build.envd")]
    assert found("BGPU") == [("build_gpu", "//b/build.envd")]
    assert found("built") == [("built", "//c/build.envd")]
    assert found("zzz") == []


def test_folding(desk: Desk) -> None:
    document = desk.open(TEXT)
    folds = [
        (document.index.position(one.start)[0], document.index.position(one.end)[0], one.kind)
        for one in outline.folding(document)
    ]
    assert sorted(folds) == [
        *((0, 1, "comment"), (2, 3, "imports"), (8, 15, ""), (10, 13, ""), (14, 15, ""), (18, 19, "")),
    ]


def test_selections_grow_and_hold_the_cursor(desk: Desk) -> None:
    document, offset = desk.at(TEXT.replace("acme/app", "acme<|>/app"))
    spans = outline.selections(document, offset)
    texts = [document.text[start:end] for start, end in spans]
    assert texts[:3] == ["ghcr.io/acme/app", '"ghcr.io/acme/app"', 'ref="ghcr.io/acme/app"']
    assert texts[-1] == document.text
    assert any(text.startswith("cache.registry(") and text.endswith(")") for text in texts)
    for small, large in pairwise(spans):
        assert large[0] <= small[0] <= offset <= small[1] <= large[1]
        assert large != small


def test_tokens_tell_builtins_from_the_files_own(desk: Desk) -> None:
    document = desk.open(TEXT)
    kinds = {
        (document.text[one.start : one.end], hints.TYPES[one.type], one.modifiers)
        for one in hints.tokens(document)
    }
    assert {
        ("cache", "namespace", 2),
        ("registry", "function", 2),
        ("base", "function", 2),
        ("ref", "property", 0),
        ("build", "function", 1),
        ("x", "parameter", 1),
        ("x", "variable", 0),
        ("shared", "function", 0),
        ("KEYS", "variable", 1),
    } <= kinds


def test_tokens_of_a_range_are_a_part_of_all(desk: Desk) -> None:
    document = desk.open(TEXT)
    start, end = TEXT.index("def build"), TEXT.index("def _own")
    some = hints.tokens(document, start, end - 3)
    assert some
    assert some == [one for one in hints.tokens(document) if start <= one.start < end]


def test_links(tmp_path: Path) -> None:
    desk = Desk(tmp_path, {"lib.envd": "def shared():\n    pass\n"})
    document = desk.open(TEXT)
    found = [
        (document.text[one.start : one.end], one.path or one.address)
        for one in hints.links(document, desk.session.project)
    ]
    assert found == [
        ("//lib.envd", str(tmp_path / "lib.envd")),
        ("ghcr.io/acme/app", "https://github.com/acme/packages/container/app"),
    ]


def test_an_effective_place_is_shown_unless_the_text_has_it(desk: Desk) -> None:
    document = desk.open(TEXT)
    start, end = TEXT.index("cache.registry"), TEXT.index("    if KEYS") - 1
    exports = "build", "export", "registry `ghcr.io/acme/app:main`", "type=registry,ref=ghcr.io/acme/app:main"
    declared = Declaration(document.path, start, end, (exports,))
    (hint,) = hints.inlay_hints(document, [declared], 0, len(TEXT))
    assert (hint.offset, hint.text) == (end, "→ ghcr.io/acme/app:main")
    plain = declared.replace(uses=(("build", "export", "registry `ghcr.io/acme/app`", "x"),))
    assert hints.inlay_hints(document, [plain], 0, len(TEXT)) == []
    assert hints.inlay_hints(document, [declared], 0, 5) == []


def test_lenses(desk: Desk) -> None:
    document = desk.open(TEXT)
    target = Target("build", "//:build", 1, 2, none=False, by_default="")
    (lens,) = hints.code_lenses(document, [target])
    assert (document.text[lens.start : lens.end], lens.text) == ("build", "//:build: exports 1, imports 2")
