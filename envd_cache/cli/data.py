"""What `--format json` writes: the same facts as the text, as one JSON document."""

from __future__ import annotations

from envd_cache.emit.jsontext import dumps
from envd_cache.emit.wire import secrets_of, wire
from envd_cache.report.data import diagnostics_data, location_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from envd_cache.diagnostics import Diagnostic
    from envd_cache.emit.registry import Emitter
    from envd_cache.emit.wire import WireEntry
    from envd_cache.evaluate.model import CallSite
    from envd_cache.ir.model import CachePlan
    from envd_cache.pipeline import Compiled

VERSION = 1


def problems_data(diagnostics: Sequence[Diagnostic]) -> str:
    """Return a document that has problems only."""
    return _document({"diagnostics": diagnostics_data(diagnostics)})


def compiled_data(compiled: Compiled, emitter: Emitter, diagnostics: Sequence[Diagnostic]) -> str:
    """Return a compile: its plans, its output (null after an error, base64 for bytes), its problems."""
    output: object = compiled.output
    if isinstance(output, bytes):
        from base64 import b64encode  # noqa: PLC0415 - only for `--binary` and `--null`

        output = {"base64": b64encode(output).decode()}
    return _document(
        {
            "to": emitter.name,
            "targets": [] if output is None else [plan_data(plan) for plan in compiled.plans],
            "output": output,
            "diagnostics": diagnostics_data(diagnostics),
        }
    )


def explained_data(plans: Sequence[CachePlan], drops: object, diagnostics: Sequence[Diagnostic]) -> str:
    """Return what `explain` tells: plans, what each client drops, problems."""
    return _document(
        {
            "targets": [plan_data(plan) for plan in plans],
            "drops": drops,
            "diagnostics": diagnostics_data(diagnostics),
        }
    )


def code_data(code: str, name: str, why: str, instead: str) -> str:
    """Return what `explain` tells of a code or a rule."""
    return _document({"code": code, "name": name, "why": why, "instead": instead})


def plan_data(plan: CachePlan) -> dict[str, object]:
    """Return a plan with the places of its declarations and the facts that it rests on."""
    wired = wire(plan)
    return {
        "target": plan.label,
        "none": plan.none,
        "by_default": plan.by_default or None,
        "exports": [_entry(entry) for entry in wired.exports],
        "imports": [_entry(entry) for entry in wired.imports],
        "facts": [
            {
                "name": fact.name,
                **({"argument": fact.argument} if fact.argument else {}),
                **({} if fact.name == "secret" else {"value": fact.value}),
                "origin": fact.origin,
                **_site(fact.site),
            }
            for fact in plan.facts
        ],
    }


def _entry(entry: WireEntry) -> dict[str, object]:
    attrs = {name: value for name, value in entry.attrs if isinstance(value, str)}
    made: dict[str, object] = {"type": entry.type, "attrs": attrs}
    if secrets := secrets_of(entry):
        made["secrets"] = {name: secret.name for name, secret in secrets}
    return made | {"declared": _site(entry.origin.decl.site)}


def _site(site: CallSite) -> dict[str, object]:
    if site.location is None:
        return {}
    through = [location_data(frame.location) for frame in site.frames[1:]]
    return location_data(site.location) | ({"called_from": through} if through else {})


def _document(content: dict[str, object]) -> str:
    return dumps({"version": VERSION, **content}) + "\n"
