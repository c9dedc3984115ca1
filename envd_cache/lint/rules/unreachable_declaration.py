"""EC305: a cache is declared behind a `return` or `fail`."""

from __future__ import annotations

import re

from envd_cache.catalog import BACKENDS
from envd_cache.lint.rule import SYNTAX, Finding, Rule
from envd_cache.syntax import nodes
from envd_cache.syntax.names import dotted
from envd_cache.syntax.walk import walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import SyntaxContext
    from envd_cache.syntax.nodes import Node

# A line that ends the block, and a line of the same indentation behind it.
_DEAD = re.compile(
    r"^([ \t]+)(?:return\b|fail\s*\(|break\b|continue\b)[^\n]*\n(?:[^\S\n]*(?:#[^\n]*)?\n)*\1[^\s#]",
    re.MULTILINE,
)
_ENDS = ("return", "fail", "break", "continue")
_DECLARING = frozenset(f"cache.{backend.name}" for backend in (*BACKENDS,)) | {"cache.none"}


def suspects(text: str) -> bool:
    """Say whether lines follow the end of a block."""
    return "cache." in text and any(word in text for word in _ENDS) and _DEAD.search(text) is not None


def check(context: SyntaxContext) -> Iterator[Finding]:
    """Yield each declaration that stands behind the end of its block."""
    for node in walk(context.tree):
        blocks: tuple[tuple[Node, ...], ...] = ()
        if isinstance(node, nodes.If):
            blocks = tuple(branch.body for branch in node.branches)
        elif isinstance(node, (nodes.For, nodes.FunctionDef)):
            blocks = (node.body,)
        for block in blocks:
            ended = next((at for at, statement in enumerate(block) if _ends(statement)), len(block))
            for statement in block[ended + 1 :]:
                for inner in walk(statement):
                    if isinstance(inner, nodes.Call) and dotted(inner.callee) in _DECLARING:
                        message = f"`{dotted(inner.callee)}` is never reached"
                        yield Finding(
                            message, context.at(inner.span), "put it in front of what ends the block"
                        )


def _ends(node: Node) -> bool:
    if isinstance(node, nodes.Expression) and isinstance(node.value, nodes.Call):
        return dotted(node.value.callee) == "fail"
    return isinstance(node, nodes.Return) or (isinstance(node, nodes.Word) and node.word != "pass")


RULE = Rule(
    code="EC305",
    name="unreachable-declaration",
    why="What stands behind a `return`, `fail`, `break` or `continue` of its own block never runs, so"
    " the cache is not declared.",
    instead="Move it up, or remove it.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    return
    cache.registry(ref="ghcr.io/acme/app:cache")
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/app:cache")
    return
""",
    scope=SYNTAX,
    check=check,
    suspects=suspects,
)
