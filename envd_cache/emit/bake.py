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
    from envd_cache.emit.registry import Options
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
            target["cache-from"] = [template(csv(entry)) for entry in plan.imports]
        if plan.exports:
            target["cache-to"] = [template(csv(entry)) for entry in plan.exports]
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
    names: dict[str, str] = {}
    for plan in plans:
        alone = functions.count(plan.name) == 1 and plan.name.isascii()
        name = base = plan.name if alone else label_name(plan.label)
        number = 2
        while name in names.values():
            name, number = f"{base}-{number}", number + 1
        names[plan.label] = name
    return names


def label_name(label: str) -> str:
    """Return the name that bake and compose accept for a label: `//team/app:dev` is `team-app-dev`."""
    kept = "".join([letter if letter.isascii() and letter.isalnum() else "-" for letter in label]).strip("-")
    if label.isascii():
        return kept
    # What was lost comes back as digits of a hash, so that the name does not depend on its neighbours.
    from envd_cache.evaluate.slug import digits  # noqa: PLC0415 - hardly a label needs it

    return f"{kept}-{digits(label)}" if kept else digits(label)


def _variables(entry: WireEntry) -> dict[str, object]:
    return {value.name: {} for _, value in entry.attrs if isinstance(value, Secret)}


def template(text: Text) -> str:
    """Return a text as a string of a bake file; a secret is a variable of the file."""
    return "".join([f"${{{piece.name}}}" if isinstance(piece, Secret) else _escaped(piece) for piece in text])


def _escaped(text: str) -> str:
    # HCL reads no `${NAME}` behind a carriage return that stands alone, so it is written as an
    # expression, and the `$` before it too: `$${` would be no expression.
    *heads, last = text.replace("${", "$${").replace("%{", "%%{").split("\r")
    made = [f'{(kept := head.rstrip("$"))}${{"{head[len(kept) :]}\\r"}}' for head in heads]
    return "".join([*made, last])
