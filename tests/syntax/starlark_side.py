"""The interpreter's side of the comparisons: what it accepts, and where it says a call stands."""

from __future__ import annotations

import re
from pathlib import Path

import starlark

from envd_cache.diagnostics import has_errors
from envd_cache.evaluate.dialect import dialect, prepare
from envd_cache.source import SourceFile, Span

CASES = Path(__file__).parent / "cases"
ENVD_LIKE = dialect(starlark.Dialect.standard)
_SPAN = re.compile(r'CodeMap\("(.*?)"\), span: Span \{ begin: Pos\((\d+)\), end: Pos\((\d+)\)')
_EXTENSIONS = [
    starlark.LibraryExtension.StructType,
    starlark.LibraryExtension.Debug,
    starlark.LibraryExtension.CallStack,
    starlark.LibraryExtension.Map,
]
_GLOBALS = starlark.Globals.extended_by(_EXTENSIONS)


def snippets(name: str) -> list[str]:
    """Return the chunks of a case file; ␉, ␍, ␌ and ␋ stand for the control characters."""
    text = (CASES / name).read_text(encoding="utf-8").removesuffix("\n")
    for shown, meant in ("␉\t", "␍\r", "␌\f", "␋\v"):
        text = text.replace(shown, meant)
    return text.split("\n---\n")


def accepts(text: str) -> bool:
    """Say whether the interpreter reads a text, once it is prepared."""
    prepared = prepare(SourceFile("build.envd", text))
    if has_errors(prepared.diagnostics):
        return False
    try:
        starlark.parse("build.envd", prepared.value.text, ENVD_LIKE)
    except starlark.StarlarkError:
        return False
    return True


def value_of(text: str, name: str) -> object:
    """Return a global of a text after evaluation."""
    prepared = prepare(SourceFile("build.envd", text))
    assert not prepared.diagnostics
    module = starlark.Module()
    tree = starlark.parse("build.envd", prepared.value.text + "\nNone\n", ENVD_LIKE)
    starlark.eval(module, tree, starlark.Globals.standard())
    return module[name]


def call_spans(text: str) -> list[Span]:
    """Return the spans of all calls of `note` and `cache.note` in a text, in the order they run."""
    seen: list[str] = []
    source = SourceFile("build.envd", text)
    prepared = prepare(source)
    assert not prepared.diagnostics
    prelude = starlark.Module()
    prelude.add_callable("_seen", seen.append)
    hook = "def note(*args, **kwargs):\n    _seen(debug(call_stack_frame(1)))\n    return note\n"
    hook += "cache = struct(note = note)\n"
    starlark.eval(prelude, starlark.parse("@prelude", hook, ENVD_LIKE), _GLOBALS)
    frozen = prelude.freeze()
    module = starlark.Module()
    inject = starlark.parse("@inject", 'load("@prelude", "note", "cache")', ENVD_LIKE)
    starlark.eval(module, inject, _GLOBALS, starlark.FileLoader({"@prelude": frozen}.__getitem__))
    # The value of the last statement would be handed to Python, and a function cannot be.
    tree = starlark.parse("build.envd", prepared.value.text + "\nNone\n", ENVD_LIKE)
    starlark.eval(module, tree, _GLOBALS)
    spans: list[Span] = []
    for shown in seen:
        found = _SPAN.search(shown)
        assert found is not None
        assert found[1] == "build.envd"
        begin, end = (prepared.value.offset_of_byte(int(byte)) for byte in (found[2], found[3]))
        spans.append(Span(begin, end))
    return spans
