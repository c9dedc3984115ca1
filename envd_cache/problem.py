"""A refused argument, before anyone knows where in the text it stands.

Checks speak of arguments by position or name; `evaluate.locate` finds the span, and only when there is a
problem to show, because that needs the syntax tree.
"""

from __future__ import annotations

from envd_cache.diagnostics import ERROR
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.diagnostics import Severity


# What a name has in it when its value is a credential, rightly spelt or not.
_CREDENTIAL_WORDS = ("token", "secret", "passw", "pwd", "credential", "access_key", "account_key", "apikey")


def names_credential(name: str) -> bool:
    """Say whether a name, of a parameter or of anything else, is one for a credential."""
    return any(word in name.lower() for word in _CREDENTIAL_WORDS)


class Foreign(Record):
    """A Starlark value that has no Python form (a function, a range, bytes): only its type is known."""

    type_name: str


class Problem(Record):
    """One thing that is wrong with one call.

    `argument` is a position (0-based), a keyword, or None for the call itself. `item` leads from the
    argument to an element of it: indexes of lists, keys of dicts. `on_name` blames the keyword rather
    than its value. `redact` holds texts never to show.
    """

    code: str
    message: str
    argument: int | str | None = None
    item: tuple[int | str, ...] = ()
    on_name: bool = False
    hint: str = ""
    severity: Severity = ERROR
    redact: tuple[str, ...] = ()
