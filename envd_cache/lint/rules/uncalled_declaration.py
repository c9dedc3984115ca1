"""EC302: `cache.registry` stands alone, without a call."""

from __future__ import annotations

import re

from envd_cache.catalog import BACKENDS
from envd_cache.diagnostics import Fix
from envd_cache.lint.edits import replaced
from envd_cache.lint.glance import begins_statement
from envd_cache.lint.rule import SYNTAX, Finding, Rule
from envd_cache.source import Span
from envd_cache.syntax import nodes
from envd_cache.syntax.names import dotted
from envd_cache.syntax.walk import walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import SyntaxContext

_SPACE = "cache."
_ENDS = re.compile(r"cache\.\w+\)?[ \t]*\r?(?:$|[#;])", re.MULTILINE)
_NONE = "cache.none"
_FUNCTIONS = {f"cache.{backend.name}": backend for backend in BACKENDS}


def suspects(text: str) -> bool:
    """Say whether a line is a name of `cache` and nothing else."""
    at = text.find(_SPACE)
    while at >= 0:
        if _ENDS.match(text, at) and begins_statement(text, at - (text[at - 1 : at] == "(")):
            return True
        at = text.find(_SPACE, at + 1)
    return False


def check(context: SyntaxContext) -> Iterator[Finding]:
    """Yield each statement that is the bare name of a function that declares a cache."""
    for node in walk(context.tree):
        if not isinstance(node, nodes.Expression):
            continue
        value = node.value.value if isinstance(node.value, nodes.Group) else node.value
        name = dotted(value)
        if name != _NONE and name not in _FUNCTIONS:
            continue
        hint = f"call it: `{name}(…)`"
        fix = None
        backend = _FUNCTIONS.get(name)
        if backend is None:
            end = Span(value.span.end, value.span.end)
            hint = f"call it: `{name}()`"
            fix = Fix(hint, (replaced(context.source, end, "()"),), safe=False)
        yield Finding(
            f"`{name}` is not called, so it declares nothing", context.at(value.span), hint, fix=fix
        )


RULE = Rule(
    code="EC302",
    name="uncalled-declaration",
    why="A function that is named and not called does nothing. Starlark says nothing of it.",
    instead="Call it.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.none
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.none()
""",
    scope=SYNTAX,
    check=check,
    suspects=suspects,
)
