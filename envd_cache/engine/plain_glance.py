"""Where a file says `cache` and what it loads, found without a tree, for the files that most people have.

Making the parser and reading a tree takes 0.2 s of processor time, more than all else that is done before
a build. Nearly every file says `cache` in calls such as `cache.registry(…)` alone; whether it does can be
seen in its skeleton. Of a file that says it in any other way nothing is known here.
"""

from __future__ import annotations

import re

from envd_cache.engine.plain_values import members
from envd_cache.evaluate.prelude import NAMESPACE
from envd_cache.record import Record
from envd_cache.source import Span
from envd_cache.syntax.scan import logical_lines, skeleton, unify_newlines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.source import SourceFile

_LOAD = "load"
_SAID = re.compile(rf"\b(?:{NAMESPACE}|{_LOAD})\b")
# What stands behind the name. The bracket makes it a call: nobody can set that, or hand it on.
_CALLED = re.compile(r"\.([A-Za-z_]\w*)(?=[ \t]*\()")
# A load as everybody writes it; the quotes of a skeleton are its strings.
_LOADED = re.compile(r'\s*\(\s*("+)')
# What is written for each name needs these of envd's own.
_NEEDED = {name: found.uses for name, found in members(()).items()}


class Glance(Record):
    """What a file says: `calls` are the spans of `cache.X` and X, `loads` those of paths and the paths."""

    calls: tuple[tuple[Span, str], ...]
    loads: tuple[tuple[Span, str], ...]


def glance(source: SourceFile) -> Glance | None:
    """Return where a file says `cache` and `load`; None when it takes a tree to know.

    The file is one that the interpreter has run.
    """
    text = source.text
    if NAMESPACE not in text and _LOAD not in text:
        return Glance((), ())
    text = unify_newlines(text)
    seen = skeleton(text)
    code = seen.code
    calls: list[tuple[Span, str]] = []
    loads: list[tuple[Span, str]] = []
    lines: dict[int, int] | None = None
    for found in _SAID.finditer(code):
        start, end = found.span()
        if found[0] == NAMESPACE:
            # In a skeleton all brackets are alike.
            called = _CALLED.match(text, end)
            needed = _NEEDED.get(called[1]) if called else None
            if not called or needed is None or code[:start].rstrip().endswith("."):
                return None
            if any(name in text for name in needed):
                # The file may give that name another meaning.
                return None
            calls.append((Span(start, called.end()), called[1]))
            continue
        if lines is None:
            lines = dict(logical_lines(code))
        loaded = _LOADED.match(code, end)
        if start not in lines or not loaded:
            return None
        span = Span(*loaded.span(1))
        literal, names = text[span.start : span.end], text[span.end : lines[start]]
        # Neither a prefix, nor three quotes, nor an escape; and `cache` is not what is loaded.
        plain = literal[0] in "\"'" and literal[1] != literal[0] and "\\" not in literal + names
        if not plain or NAMESPACE in names:
            return None
        loads.append((span, literal[1:-1]))
    return Glance(tuple(calls), tuple(loads))
