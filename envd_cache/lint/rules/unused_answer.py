"""EC303: `cache.slug(…)` and its like stand alone, and nobody takes the answer."""

from __future__ import annotations

import re

from envd_cache.catalog import FACTS
from envd_cache.lint.glance import begins_statement
from envd_cache.lint.rule import SYNTAX, Finding, Rule
from envd_cache.syntax import nodes
from envd_cache.syntax.names import dotted
from envd_cache.syntax.walk import walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import SyntaxContext

# `cache.env("NAME")` alone demands that the variable is set; that may be meant.
_ANSWERS = frozenset(f"cache.{fact.name}" for fact in FACTS if fact.name not in ("none", "env"))
_SPACE = "cache."
_ASKS = re.compile(r"cache\.(?:" + "|".join(name[6:] for name in sorted(_ANSWERS)) + r")\s*\(")


def suspects(text: str) -> bool:
    """Say whether a line begins with a question to the world."""
    at = text.find(_SPACE)
    while at >= 0:
        if _ASKS.match(text, at) and begins_statement(text, at):
            return True
        at = text.find(_SPACE, at + 1)
    return False


def check(context: SyntaxContext) -> Iterator[Finding]:
    """Yield each statement that asks and does nothing with the answer."""
    for node in walk(context.tree):
        if isinstance(node, nodes.Expression) and isinstance(node.value, nodes.Call):
            name = dotted(node.value.callee)
            if name in _ANSWERS:
                message = f"nothing is done with what `{name}` returns"
                yield Finding(message, context.at(node.value.span), "use the answer, or remove the call")


RULE = Rule(
    code="EC303",
    name="unused-answer",
    why="The function only returns a value: it declares no cache and changes nothing.",
    instead="Put the answer where it is needed, such as `key=cache.branch()`.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.branch()
    cache.registry(ref="ghcr.io/acme/app:cache")
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/app", key=[cache.branch(), "main"])
""",
    scope=SYNTAX,
    check=check,
    suspects=suspects,
)
