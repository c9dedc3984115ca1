"""EC304: a private function declares caches, and nobody calls it."""

from __future__ import annotations

import re

from envd_cache.catalog import BACKENDS
from envd_cache.lint.rule import SYNTAX, Finding, Rule
from envd_cache.syntax import nodes
from envd_cache.syntax.names import dotted
from envd_cache.syntax.scan import skeleton, unify_newlines
from envd_cache.syntax.walk import walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import SyntaxContext

_PRIVATE = re.compile(r"^def\s+(_\w+)", re.MULTILINE)
_WORD = re.compile(r"\w+")
_DECLARING = frozenset(f"cache.{backend.name}" for backend in BACKENDS)


def suspects(text: str) -> bool:
    """Say whether a private function is named once only."""
    if "def _" not in text or "cache." not in text:
        return False
    words = _WORD.findall(skeleton(unify_newlines(text)).code)
    return any(words.count(name) == 1 for name in _PRIVATE.findall(text))


def check(context: SyntaxContext) -> Iterator[Finding]:
    """Yield each private function of the top level that is used nowhere and declares a cache."""
    used = {node.name for node in walk(context.tree) if isinstance(node, nodes.Name)}
    for node in context.tree.statements:
        if not isinstance(node, nodes.FunctionDef) or not node.name.startswith("_") or node.name in used:
            continue
        if any(
            isinstance(inner, nodes.Call) and dotted(inner.callee) in _DECLARING
            for statement in node.body
            for inner in walk(statement)
        ):
            message = f"`{node.name}` declares caches and is never called"
            yield Finding(message, context.at(node.name_span), "call it, or remove it")


RULE = Rule(
    code="EC304",
    name="uncalled-helper",
    why="A name that begins with `_` is private to its file. Nothing in the file uses it, so its "
    "caches are never declared.",
    instead="Call the function from a target, or remove it.",
    bad="""\
def _caches():
    cache.registry(ref="ghcr.io/acme/app:cache")


def build():
    base(image="ubuntu:22.04", dev=True)
""",
    good="""\
def _caches():
    cache.registry(ref="ghcr.io/acme/app:cache")


def build():
    base(image="ubuntu:22.04", dev=True)
    _caches()
""",
    scope=SYNTAX,
    check=check,
    suspects=suspects,
)
