"""Fixes of plan rules: edits of the call that declares a cache. All are unsafe, because the plan changes."""

from __future__ import annotations

from envd_cache.diagnostics import Fix
from envd_cache.lint.context import written_argument, written_call
from envd_cache.lint.edits import is_literal, replaced, restring, with_argument, without_argument
from envd_cache.syntax import nodes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.diagnostics import Edit
    from envd_cache.ir.model import CacheDecl


def adding(decl: CacheDecl, written: str) -> Fix | None:
    """Return the fix that adds `name=value` to a call; None when `*` or `**` may bring the argument too."""
    location, call = decl.site.location, written_call(decl)
    if location is None or call is None or any(one.kind in ("*", "**") for one in call.arguments):
        return None
    return _fix(with_argument(location.source, call, written), f"add `{written}`")


def removing(decl: CacheDecl, name: str) -> Fix | None:
    """Return the fix that takes a named argument out of a call, when a literal is written there."""
    location, call, argument = decl.site.location, written_call(decl), written_argument(decl, name)
    if location is None or call is None or argument is None or argument.kind != "keyword":
        return None
    if not is_literal(argument.value):
        return None
    return _fix(without_argument(location.source, call, argument), f"remove `{name}`")


def retexting(decl: CacheDecl, name: str, text: str) -> Fix | None:
    """Return the fix that gives an argument another text, when a string is written there."""
    location, argument = decl.site.location, written_argument(decl, name)
    if location is None or argument is None or not isinstance(argument.value, nodes.String):
        return None
    return _fix(restring(location.source, argument.value, text), f'write `{name}="{text}"`')


def rewriting(decl: CacheDecl, name: str, written: str, *, literal: bool = True) -> Fix | None:
    """Return the fix that writes something else in place of a whole named argument, name and value."""
    location, argument = decl.site.location, written_argument(decl, name)
    if location is None or argument is None or argument.kind != "keyword":
        return None
    if literal and not is_literal(argument.value):
        return None
    return _fix(replaced(location.source, argument.span, written), f"write `{written}`")


def _fix(edit: Edit | None, title: str) -> Fix | None:
    return Fix(title, (edit,), safe=False) if edit else None
