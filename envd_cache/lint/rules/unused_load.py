"""EC301: a name is loaded and not used."""

from __future__ import annotations

import re

from envd_cache.diagnostics import Fix
from envd_cache.lint.edits import replaced
from envd_cache.lint.glance import has_word
from envd_cache.lint.rule import SYNTAX, Finding, Rule
from envd_cache.source import Span
from envd_cache.syntax import nodes
from envd_cache.syntax.scan import lines_with, skeleton, unify_newlines
from envd_cache.syntax.walk import walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import SyntaxContext

_LOAD = re.compile(r"load\s*\(([^)]*)\)")
_NAME = re.compile(r"(?:(\w+)\s*=\s*)?[\"'](\w+)[\"']")


def suspects(text: str) -> bool:
    """Say whether a loaded name is perhaps nowhere in the code."""
    loads = [_LOAD.match(text, at) for at in lines_with(text, "load")]
    loaded = [names for load in loads if load for names in _NAME.findall(load[1].partition(",")[2])]
    if not loaded:
        return False
    code = skeleton(unify_newlines(text)).code
    # The `load` itself has an alias in its code, and other names in texts.
    return any(not has_word(code, alias or name, 2 if alias else 1) for alias, name in loaded)


def check(context: SyntaxContext) -> Iterator[Finding]:
    """Yield each loaded name that no expression of the file has."""
    used = {node.name for node in walk(context.tree) if isinstance(node, nodes.Name)}
    for load in context.tree.statements:
        if not isinstance(load, nodes.Load):
            continue
        unused = [loaded for loaded in load.names if loaded.alias not in used]
        for loaded in unused:
            message = f"`{loaded.alias}` is loaded and not used"
            fix = _fix(context, load, loaded, whole=len(unused) == len(load.names))
            yield Finding(message, context.at(loaded.alias_span), "remove it", fix=fix)


def _fix(context: SyntaxContext, load: nodes.Load, gone: nodes.LoadedName, *, whole: bool) -> Fix | None:
    source, text = context.source, context.source.text
    if whole:
        if _has_comment(context, load.span):
            return None
        # The file runs when it is loaded, and may declare a cache.
        end = text.find("\n", load.span.end) + 1 or len(text)
        span = Span(load.span.start, end if not text[load.span.end : end].strip() else load.span.end)
        return Fix("remove the load", (replaced(source, span, ""),), safe=False)
    at = load.names.index(gone)
    if at:
        span = Span(load.names[at - 1].span.end, gone.span.end)
    else:
        span = Span(gone.span.start, load.names[1].span.start)
    if _has_comment(context, span):
        return None
    return Fix(f"remove `{gone.alias}`", (replaced(source, span, ""),))


def _has_comment(context: SyntaxContext, span: Span) -> bool:
    return any(span.start <= comment.span.start < span.end for comment in context.tree.comments)


RULE = Rule(
    code="EC301",
    name="unused-load",
    why="Nobody calls what was loaded: the caches that it would declare are not declared, or the line"
    " is left over.",
    instead="Call it, or remove the name. With its last name the whole `load` goes; the other file no "
    "longer runs then.",
    bad="""\
load("//caches.envd", "team_cache")


def build():
    base(image="ubuntu:22.04", dev=True)
# file: caches.envd
def team_cache():
    cache.registry(ref="ghcr.io/acme/app:cache")
""",
    good="""\
load("//caches.envd", "team_cache")


def build():
    base(image="ubuntu:22.04", dev=True)
    team_cache()
# file: caches.envd
def team_cache():
    cache.registry(ref="ghcr.io/acme/app:cache")
""",
    scope=SYNTAX,
    check=check,
    suspects=suspects,
)
