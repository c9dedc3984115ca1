"""The Starlark side of the builtins, written from the catalog.

Every builtin is a function made by `_builtin`. It hands its number, its values and the places of the
calls on the stack to one Python function, the sink. The values are made plain first, because the border
to Python would flatten a tuple to a list and refuse a function.
"""

from __future__ import annotations

from envd_cache.catalog import BACKENDS, FACTS
from envd_cache.catalog.envd import BUILTINS, CONSTANTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

NAMESPACE = "cache"

# `_frames` starts at the call of the builtin: below it on the stack are `_frames` itself, `_call`
# and the builtin itself. Forty calls deep is deeper than any helper chain that a person reads.
_SUPPORT = """
_PLAIN = {"string": 1, "int": 1, "bool": 1, "NoneType": 1, "opaque_python_object": 1}

def _plain(value, depth):
    kind = type(value)
    if kind in _PLAIN:
        return value
    if depth > 0:
        if kind == "list":
            return [_plain(item, depth - 1) for item in value]
        if kind == "tuple":
            return {"tuple": [_plain(item, depth - 1) for item in value]}
        if kind == "dict":
            pairs = value.items()
            return {"dict": [[_plain(key, depth - 1), _plain(item, depth - 1)] for key, item in pairs]}
    return {"other": kind}

def _frames():
    found = []
    for number in range(3, 43):
        frame = call_stack_frame(number)
        if frame == None:
            break
        found.append(debug(frame))
    return found

def _call(number, args, kwargs):
    return _sink(
        number,
        [_plain(value, 8) for value in args],
        {name: _plain(value, 8) for name, value in kwargs.items()},
        _frames(),
    )

def _builtin(number):
    return lambda *args, **kwargs: _call(number, args, kwargs)

def _space(numbers, more):
    return struct(**({name: _builtin(number) for name, number in numbers.items()} | more))

def print(*args, sep = " "):
    _print(sep.join([str(value) for value in args]))
"""


def functions() -> tuple[str, ...]:
    """Return the dotted names of all builtins; the place in the tuple is the number the sink gets."""
    return (
        *(f"{NAMESPACE}.{backend.name}" for backend in BACKENDS),
        *(f"{NAMESPACE}.{fact.name}" for fact in FACTS),
        *(builtin.name for builtin in BUILTINS),
    )


def source() -> tuple[str, tuple[str, ...]]:
    """Return the prelude's text and the names that it gives to build files."""
    numbers: dict[str, dict[str, int]] = {}
    for number, name in enumerate(functions()):
        space, _, member = name.rpartition(".")
        numbers.setdefault(space, {})[member] = number
    values: dict[str, dict[str, str]] = {space: {} for space in numbers}
    for constant in CONSTANTS:
        space, _, member = constant.name.rpartition(".")
        values.setdefault(space, {})[member] = _string(constant.value)
    lines = [_SUPPORT]
    # An inner namespace (`data.path`) is a value of the outer one, so it comes first.
    for space in sorted(values, key=lambda space: -space.count(".")):
        made = f"_space({_dict(numbers.get(space, {}))}, {_dict(values[space])})"
        outer, dot, member = space.rpartition(".")
        if dot:
            values[outer][member] = made
        elif space:
            lines.append(f"{space} = {made}")
    lines += [f"{public(name)} = _builtin({number})" for name, number in numbers[""].items()]
    lines += [f"{public(name)} = {value}" for name, value in values[""].items()]
    spaces = [space for space in values if space and "." not in space]
    return "\n".join(lines) + "\n", (*spaces, *numbers[""], *values[""], "print")


def _dict(entries: Mapping[str, object]) -> str:
    return "{" + ", ".join([f'"{name}": {value}' for name, value in entries.items()]) + "}"


def public(name: str) -> str:
    """Return the name under which the prelude keeps a name: none that starts with `_` can be loaded."""
    return f"private{name}" if name.startswith("_") else name


def _string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
