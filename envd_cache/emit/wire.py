"""The only place that spells values: a plan's entries as BuildKit's strings.

The form `type=…,key=value` is one CSV record. A field with a comma, a double quote or a line end is
quoted whole, because every parser of the form (go-csvvalue, encoding/csv) refuses a quote inside one.
"""

from __future__ import annotations

from envd_cache.catalog.model import Secret
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    from envd_cache.ir.model import CacheEntry, CachePlan

    # A text in which some parts are secrets that a target writes in its own way.
    Text: TypeAlias = tuple[str | Secret, ...]


class WireEntry(Record, apart=("origin",)):
    """BuildKit's `CacheOptionsEntry`: a type and texts by name; a Secret where a value is not written."""

    type: str
    attrs: tuple[tuple[str, str | Secret], ...]
    origin: CacheEntry


class WirePlan(Record):
    """What goes to BuildKit for one target: `moby.buildkit.v1.CacheOptions`, with the target's names."""

    label: str
    name: str
    exports: tuple[WireEntry, ...]
    imports: tuple[WireEntry, ...]


def wire(plan: CachePlan) -> WirePlan:
    """Return a plan in BuildKit's own terms."""
    return WirePlan(
        plan.label,
        plan.name,
        tuple([_entry(entry) for entry in plan.exports]),
        tuple([_entry(entry) for entry in plan.imports]),
    )


def _entry(entry: CacheEntry) -> WireEntry:
    return WireEntry(entry.type, tuple([(name, spell(value)) for name, value in entry.attrs]), entry)


def spell(value: object) -> str | Secret:
    """Return a value as BuildKit reads it: Go's `true` and `false`, decimal integers, texts as they are."""
    if isinstance(value, Secret):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def csv(entry: WireEntry) -> Text:
    """Return an entry in the form `type=…,key=value`, with its secrets still apart."""
    pieces: list[str | Secret] = [f"type={entry.type}"]
    for name, value in entry.attrs:
        if isinstance(value, Secret):
            pieces += [f",{name}=", value]
        else:
            pieces.append("," + csv_field(f"{name}={value}"))
    return tuple(pieces)


def csv_field(field: str) -> str:
    """Return one field of the record, quoted whole where it must be."""
    if not set(field).isdisjoint(',"\r\n'):
        return '"' + field.replace('"', '""') + '"'
    return field


def shown(entry: WireEntry) -> str:
    """Return an entry for people to read, its secrets as `$NAME`."""
    return "".join([piece if isinstance(piece, str) else f"${piece.name}" for piece in csv(entry)])


def plain(text: Text) -> str:
    """Return a text without secrets as one string."""
    return "".join([piece for piece in text if isinstance(piece, str)])


def secrets_of(entry: WireEntry) -> tuple[tuple[str, Secret], ...]:
    """Return the attributes of an entry that are secrets."""
    return tuple([(name, value) for name, value in entry.attrs if isinstance(value, Secret)])


def without_secrets(entry: WireEntry) -> WireEntry:
    """Return an entry without the attributes that are secrets."""
    attrs = tuple([(name, value) for name, value in entry.attrs if isinstance(value, str)])
    return entry.replace(attrs=attrs)


def resolved(plan: WirePlan, values: Mapping[str, str]) -> WirePlan:
    """Return a plan in which the secrets are replaced by their values; only for a running engine."""

    def fill(entry: WireEntry) -> WireEntry:
        attrs = [
            (name, values[value.name] if isinstance(value, Secret) else value) for name, value in entry.attrs
        ]
        return entry.replace(attrs=tuple(attrs))

    return plan.replace(
        exports=tuple([fill(entry) for entry in plan.exports]),
        imports=tuple([fill(entry) for entry in plan.imports]),
    )
