"""Inputs for docker/build-push-action: `cache-from` and `cache-to`, one entry a line.

The action reads its input as CSV before buildx does (`Util.getList` with `ignoreComma` of
docker/actions-toolkit): the runner fills in `${{ … }}`, the action splits the lines, takes the quotes off
each field, joins the fields with commas again and trims the result. So a line with a quote is quoted
once more as a whole.
"""

from __future__ import annotations

from envd_cache.catalog.model import Secret
from envd_cache.emit.wire import csv_field
from envd_cache.emit.yamltext import is_plain, scalar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.emit.registry import Options
    from envd_cache.emit.wire import WireEntry, WirePlan


def emit(plans: tuple[WirePlan, ...], options: Options) -> str:
    """Return the inputs as YAML, to stand below `with:`; several targets each below their label."""
    if not options.keyed:
        return "".join(_inputs(plans[0], ""))
    lines: list[str] = []
    for plan in plans:
        inputs = _inputs(plan, "  ")
        lines += [f"{scalar(plan.label)}:{'' if inputs else ' {}'}\n", *inputs]
    return "".join(lines)


def _inputs(plan: WirePlan, indent: str) -> list[str]:
    made: list[str] = []
    for name, entries in (("cache-from", plan.imports), ("cache-to", plan.exports)):
        lines = [_line(entry) for entry in entries]
        if lines and all(is_plain(line) for line in lines):
            made.append(f"{indent}{name}: |\n")
            made += [f"{indent}  {line}\n" for line in lines]
        elif lines:
            written = "\n".join(lines)
            made.append(f"{indent}{name}: {scalar(written)}\n")
    return made


def _line(entry: WireEntry) -> str:
    fields = [f"type={entry.type}"]
    for name, value in entry.attrs:
        if isinstance(value, Secret):
            fields.append(f"{name}=${{{{ secrets.{value.name} }}}}")
        else:
            fields.append(_field(f"{name}={value}").replace("${{", "${{ '${{' }}"))
    line = ",".join(fields)
    return f'"{line.replace(QUOTE, QUOTE * 2)}"' if QUOTE in line else line


QUOTE = '"'


def _field(field: str) -> str:
    # The action trims each line, so a space at the end of the last value needs quotes around it too.
    made = csv_field(field)
    return f'"{made}"' if made == field and field != field.strip().strip("\ufeff") else made
