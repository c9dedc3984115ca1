"""BuildKit's `moby.buildkit.v1.CacheOptions`: JSON with its field names, protobuf, or a frontend attribute.

Source: BuildKit v0.32.2 `api/services/control/control.proto` (Exports = 4, Imports = 5, each with
Type = 1 and Attrs = 2) and `client/solve.go` (`cache-imports` holds the imports as compact JSON).
"""

from __future__ import annotations

from envd_cache.emit.jsontext import dumps
from envd_cache.emit.wire import secrets_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.emit.registry import Options
    from envd_cache.emit.wire import WireEntry, WirePlan


def emit(plans: tuple[WirePlan, ...], options: Options) -> str | bytes:
    """Return one target's options, or an object of them by label.

    With `binary`, the protobuf bytes of one target; with `frontend`, the value of the attribute
    `cache-imports` as Go's client writes it.
    """
    if options.binary:
        return protobuf(plans[0])
    if options.frontend:
        return dumps([_entry(entry) for entry in plans[0].imports], indent=0) + "\n"
    if options.keyed:
        return dumps({plan.label: _options(plan) for plan in plans}) + "\n"
    return dumps(_options(plans[0])) + "\n"


def _options(plan: WirePlan) -> dict[str, object]:
    return {
        "Exports": [_entry(entry) for entry in plan.exports],
        "Imports": [_entry(entry) for entry in plan.imports],
    }


def _entry(entry: WireEntry) -> dict[str, object]:
    made: dict[str, object] = {"Type": entry.type}
    attrs = {name: value for name, value in entry.attrs if isinstance(value, str)}
    if attrs:
        made["Attrs"] = attrs
    if secrets := secrets_of(entry):
        made["Secrets"] = {name: secret.name for name, secret in secrets}
    return made


def protobuf(plan: WirePlan) -> bytes:
    """Return the bytes of a `CacheOptions`; map entries are sorted, so that they are always the same."""
    return b"".join(
        [_message(4, _encoded(entry)) for entry in plan.exports]
        + [_message(5, _encoded(entry)) for entry in plan.imports]
    )


def _encoded(entry: WireEntry) -> bytes:
    texts = sorted((name, value) for name, value in entry.attrs if isinstance(value, str))
    pairs = [_message(1, name.encode()) + _message(2, value.encode()) for name, value in texts]
    return _message(1, entry.type.encode()) + b"".join([_message(2, pair) for pair in pairs])


def _message(field: int, payload: bytes) -> bytes:
    """Return a field of wire type 2: the tag, the length as a varint, the payload."""
    length, size = bytearray(), len(payload)
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    length.append(size)
    return bytes([field << 3 | 2]) + bytes(length) + payload
