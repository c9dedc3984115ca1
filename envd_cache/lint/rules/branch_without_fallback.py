"""EC312: the key is the branch alone, so a new branch finds no cache."""

from __future__ import annotations

import re

from envd_cache.evaluate.slug import slug
from envd_cache.lint.context import written_argument
from envd_cache.lint.edits import text_of
from envd_cache.lint.mending import rewriting
from envd_cache.lint.rule import PLAN, Finding, Rule
from envd_cache.source import Location
from envd_cache.syntax import nodes
from envd_cache.syntax.names import dotted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext

_BRANCH = r"cache\.branch\s*\([^()]*\)"
_ALONE = re.compile(rf"key\s*=\s*(?:{_BRANCH}|\[\s*{_BRANCH}\s*,?\s*\])")


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each declaration that is read and whose key is written `cache.branch()` and nothing else."""
    branch = {slug(fact.value) for fact in context.plan.facts if fact.name == "branch" and fact.value}
    for decl in context.plan.declarations if branch else ():
        location = decl.site.location
        if len(decl.keys) != 1 or decl.keys[0] not in branch or not decl.imports or location is None:
            continue
        # On the main branch `[cache.branch(), "main"]` is one key too; a tree is for what looks otherwise.
        if _ALONE.search(location.source.text, location.span.start, location.span.end) is None:
            continue
        # Another import of the kind may be the fallback.
        if any(one is not decl and one.imports for one in context.of(decl.backend.name)):
            continue
        argument = written_argument(decl, "key")
        value = argument.value if argument else None
        if isinstance(value, nodes.List) and len(value.items) == 1:
            value = value.items[0]
        if isinstance(value, nodes.Call) and dotted(value.callee) == "cache.branch":
            message = "a new branch finds no cache: the key is the branch alone"
            written = f'key=[{text_of(location.source, value)}, "main"]'
            hint = f"read the main branch's too: `{written}`"
            fix = rewriting(decl, "key", written, literal=False)
            yield Finding(message, Location(location.source, value.span), hint, fix=fix)


RULE = Rule(
    code="EC312",
    name="branch-without-fallback",
    why="The first build of each branch reads a cache that nobody has written yet, and builds everything.",
    instead='Write `key=[cache.branch(), "main"]`: the first key is written, all are read.',
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/app", key=cache.branch())
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/app", key=[cache.branch(), "main"])
""",
    scope=PLAN,
    check=check,
    severity="note",
)
