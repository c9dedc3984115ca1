"""Which functions of a text may be targets, found without a parser."""

from __future__ import annotations

import re

from envd_cache.syntax.scan import lines_with, skeleton, unify_newlines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.source import SourceFile

# `def`, a name, and brackets with nothing in them, at the start of a line of a skeleton.
_FUNCTION = re.compile(r"def[ \t]+([^\W\d]\w*)[ \t]*\(\s*\)")


def candidates(source: SourceFile) -> tuple[str, ...]:
    """Return the names of the public functions without parameters that a text defines, in order.

    Those of them that call `base()` are its targets. Nothing is parsed, so a broken text has them too.
    """
    code = skeleton(unify_newlines(source.text)).code
    found = [_FUNCTION.match(code, at) for at in lines_with(code, "def")]
    return tuple(dict.fromkeys([one[1] for one in found if one and not one[1].startswith("_")]))
