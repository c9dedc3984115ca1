"""A fragment for `docker compose build`: merge it with `-f compose.yaml -f FRAGMENT`.

`$` starts an interpolation in compose files, so it is doubled; a secret is `${NAME}`.
"""

from __future__ import annotations

from envd_cache.catalog.model import Secret
from envd_cache.emit.bake import target_names
from envd_cache.emit.wire import csv
from envd_cache.emit.yamltext import scalar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.emit.registry import Options
    from envd_cache.emit.wire import Text, WirePlan


def emit(plans: tuple[WirePlan, ...], options: Options) -> str:
    """Return the fragment, one service a target. Strings are double-quoted scalars."""
    del options
    names = target_names(plans)
    lines = ["services:"]
    for plan in plans:
        lines.append(f"  {names[plan.label]}:")
        if not plan.imports and not plan.exports:
            lines[-1] += " {}"
            continue
        lines.append("    build:")
        for key, entries in (("cache_from", plan.imports), ("cache_to", plan.exports)):
            if entries:
                lines.append(f"      {key}:")
                lines += [f"        - {scalar(interpolated(csv(entry)))}" for entry in entries]
    return "\n".join(lines) + "\n"


def interpolated(text: Text) -> str:
    """Return a text as compose reads it; a secret is a variable of the environment."""
    return "".join(
        [f"${{{piece.name}}}" if isinstance(piece, Secret) else piece.replace("$", "$$") for piece in text]
    )
