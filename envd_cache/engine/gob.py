"""Reads Go's `encoding/gob`, in which envd keeps its contexts.

A stream is messages, each with its length. A message with a negative type id defines a type, one with a
positive id is a value. A struct is (distance to the next field that is not zero, value)… and 0, so fields
with zero values are not there. Format: Go's documentation of `encoding/gob`.

Structs come out as dicts by field name, slices as lists, maps as lists of pairs. Interfaces, floats, complex
numbers and types with an encoding of their own are refused.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    # ("struct", ((name, type id), …)), ("slice", element's id), ("map", key's id, element's id)
    Type: TypeAlias = tuple[Any, ...]

_BOOL, _INT, _UINT, _BYTES, _STRING = 1, 2, 3, 5, 6
# The types in which a stream describes its own types, fixed by the format; numbers of our own above 100.
_COMMON, _NAMED, _NAMES = 101, 102, 103
_ARRAY, _SLICE, _STRUCT, _MAP, _ENCODED, _WIRE = 104, 105, 106, 107, 108, 109
_BOOTSTRAP: dict[int, Type] = {
    _COMMON: ("struct", (("Name", _STRING), ("Id", _INT))),
    _NAMED: ("struct", (("Name", _STRING), ("Id", _INT))),
    _NAMES: ("slice", _NAMED),
    _ARRAY: ("struct", (("Common", _COMMON), ("Elem", _INT), ("Len", _INT))),
    _SLICE: ("struct", (("Common", _COMMON), ("Elem", _INT))),
    _STRUCT: ("struct", (("Common", _COMMON), ("Field", _NAMES))),
    _MAP: ("struct", (("Common", _COMMON), ("Key", _INT), ("Elem", _INT))),
    _ENCODED: ("struct", (("Common", _COMMON),)),
    _WIRE: (
        "struct",
        (
            ("Array", _ARRAY),
            ("Slice", _SLICE),
            ("Struct", _STRUCT),
            ("Map", _MAP),
            ("GobEncoder", _ENCODED),
            ("BinaryMarshaler", _ENCODED),
            ("TextMarshaler", _ENCODED),
        ),
    ),
}
_DEEPEST = 50


def decode(data: bytes) -> Any:
    """Return the first value of a stream; ValueError when it is not gob, or not of the part read here."""
    reader = _Reader(data)
    types: dict[int, Type] = {}
    while True:
        end = reader.unsigned()
        end += reader.at
        if end > len(data):
            raise ValueError("the data ends too early")
        number = reader.signed()
        if number < 0:
            types[-number] = _type(reader.value(_WIRE, _BOOTSTRAP))
        else:
            # A value that is no struct has a zero in front, as if it were the field of one.
            if types.get(number, ("",))[0] != "struct" and reader.unsigned():
                raise ValueError("a value that starts with no zero")
            return reader.value(number, types)
        if reader.at != end:
            raise ValueError("a message of another length than it says")


def _type(wire: dict[str, Any]) -> Type:
    if "Struct" in wire:
        fields = wire["Struct"].get("Field", [])
        return ("struct", tuple([(field.get("Name", ""), field.get("Id", 0)) for field in fields]))
    for name in ("Slice", "Array"):
        if name in wire:
            return ("slice", wire[name].get("Elem", 0))
    if "Map" in wire:
        return ("map", wire["Map"].get("Key", 0), wire["Map"].get("Elem", 0))
    raise ValueError("a type with an encoding of its own")


class _Reader:
    """A place in the data. Every read of what is not there is a ValueError."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        found = self.data[self.at : self.at + count]
        if len(found) != count:
            raise ValueError("the data ends too early")
        self.at += count
        return found

    def unsigned(self) -> int:
        first = self.take(1)[0]
        if first < 0x80:
            return first
        # The count of the bytes that follow, negated.
        count = 0x100 - first
        if count > 8:
            raise ValueError("a number of more than 64 bits")
        return int.from_bytes(self.take(count), "big")

    def signed(self) -> int:
        number = self.unsigned()
        return ~(number >> 1) if number & 1 else number >> 1

    def value(self, number: int, types: dict[int, Type], depth: int = 0) -> Any:
        if depth > _DEEPEST:
            raise ValueError("values nested too deeply")
        if number in (_BOOL, _UINT):
            found = self.unsigned()
            return bool(found) if number == _BOOL else found
        if number == _INT:
            return self.signed()
        if number in (_BYTES, _STRING):
            raw = self.take(self.unsigned())
            return raw.decode() if number == _STRING else raw
        if number not in types:
            raise ValueError(f"a value of type {number}")
        kind, *parts = types[number]
        if kind == "struct":
            return self._struct(parts[0], types, depth)
        count = self.unsigned()
        if kind == "slice":
            return [self.value(parts[0], types, depth + 1) for _ in range(count)]
        return [[self.value(part, types, depth + 1) for part in parts] for _ in range(count)]

    def _struct(
        self, fields: tuple[tuple[str, int], ...], types: dict[int, Type], depth: int
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        at = -1
        while step := self.unsigned():
            at += step
            if at >= len(fields):
                raise ValueError("a field that the type does not have")
            name, number = fields[at]
            found[name] = self.value(number, types, depth + 1)
        return found
