"""A file for `docker buildx bake`: JSON, one target or a whole repository.

Entries are strings, which every release with bake takes; the object form came with v0.19. Strings in
bake JSON are HCL templates, so `${` and `%{` are doubled, and a secret is a variable of the file.
"""

from __future__ import annotations

from envd_cache.catalog.model import Secret
from envd_cache.emit.jsontext import dumps
from envd_cache.emit.wire import csv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.emit.emitter import Options
    from envd_cache.emit.wire import Text, WireEntry, WirePlan


def emit(plans: tuple[WirePlan, ...], options: Options) -> str:
    """Return the bake file. Targets are called after the functions; see `target_names` for several files."""
    del options
    names = target_names(plans)
    variables: dict[str, object] = {}
    targets: dict[str, object] = {}
    for plan in plans:
        target: dict[str, object] = {}
        if plan.imports:
            target["cache-from"] = [_template(csv(entry)) for entry in plan.imports]
        if plan.exports:
            target["cache-to"] = [_template(csv(entry)) for entry in plan.exports]
        targets[names[plan.label]] = target
        for entry in (*plan.exports, *plan.imports):
            variables.update(_variables(entry))
    document: dict[str, object] = {"target": targets}
    if variables:
        document = {"variable": dict(sorted(variables.items())), **document}
    return dumps(document) + "\n"


def target_names(plans: tuple[WirePlan, ...]) -> dict[str, str]:
    """Return a name that bake and compose accept for each label: the function, or the label if it repeats."""
    functions = [plan.name for plan in plans]
    return {
        plan.label: plan.name if functions.count(plan.name) == 1 else _identifier(plan.label)
        for plan in plans
    }


def _identifier(label: str) -> str:
    return "".join([letter if letter.isascii() and letter.isalnum() else "-" for letter in label]).strip("-")


def _variables(entry: WireEntry) -> dict[str, object]:
    return {value.name: {} for _, value in entry.attrs if isinstance(value, Secret)}


def _template(text: Text) -> str:
    return "".join(
        [
            f"${{{piece.name}}}"
            if isinstance(piece, Secret)
            else piece.replace("${", "$${").replace("%{", "%%{")
            for piece in text
        ]
    )
