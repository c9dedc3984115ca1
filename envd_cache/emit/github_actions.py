"""Inputs for docker/build-push-action: `cache-from` and `cache-to`, one entry a line.

The action reads its input as CSV before buildx does (`getInputList` with `ignoreComma` of
docker/actions-toolkit): it unquotes each field, takes `#` for a comment, and joins the fields with
commas again. A field with a quote or a `#` is therefore quoted once more.
"""

from __future__ import annotations

from envd_cache.catalog.model import Secret
from envd_cache.emit.jsontext import quote
from envd_cache.emit.wire import csv_field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.emit.emitter import Options
    from envd_cache.emit.wire import WireEntry, WirePlan


def emit(plans: tuple[WirePlan, ...], options: Options) -> str:
    """Return the inputs as YAML, to stand below `with:`; several targets each below their label."""
    if not options.keyed:
        return "".join(_inputs(plans[0], ""))
    lines: list[str] = []
    for plan in plans:
        inputs = _inputs(plan, "  ")
        lines += [f"{quote(plan.label)}:{'' if inputs else ' {}'}\n", *inputs]
    return "".join(lines)


def _inputs(plan: WirePlan, indent: str) -> list[str]:
    lines: list[str] = []
    for name, entries in (("cache-from", plan.imports), ("cache-to", plan.exports)):
        if entries:
            lines.append(f"{indent}{name}: |\n")
            lines += [f"{indent}  {_line(entry)}\n" for entry in entries]
    return lines


def _line(entry: WireEntry) -> str:
    fields = [f"type={entry.type}"]
    for name, value in entry.attrs:
        if isinstance(value, Secret):
            fields.append(f"{name}=${{{{ secrets.{value.name} }}}}")
        else:
            fields.append(_field(f"{name}={value}"))
    return ",".join(fields)


def _field(field: str) -> str:
    made = csv_field(field)
    if not set(made).isdisjoint('"#'):
        made = '"' + made.replace('"', '""') + '"'
    return made.replace("${{", "${{ '${{' }}")
