"""The Starlark side of the builtins, written from the catalog.

Every builtin is a `def` of two lines. It hands its number, its values and the places of the calls on
the stack to one Python function, the sink. The values are made plain first, because the border to
Python would flatten a tuple to a list and refuse a function.
"""

from __future__ import annotations

from envd_cache.catalog import BACKENDS, FACTS
from envd_cache.catalog.envd import BUILTINS, CONSTANTS

NAMESPACE = "cache"

# `_frames` starts at the call of the builtin: below it on the stack are `_frames` itself, `_call`
# and the builtin's `def`. Forty calls deep is deeper than any helper chain that a person reads.
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
    lines = [_SUPPORT]
    spaces: dict[str, dict[str, str]] = {}
    for number, name in enumerate(functions()):
        made = "_" + name.replace(".", "_")
        lines.append(f"def {made}(*args, **kwargs):\n    return _call({number}, args, kwargs)\n")
        _place(spaces, name, made)
    for constant in CONSTANTS:
        _place(spaces, constant.name, _string(constant.value))
    for space in sorted(spaces, key=lambda space: -space.count(".")):
        if not space:
            continue
        members = ", ".join(f"{name} = {value}" for name, value in spaces[space].items())
        if "." in space:
            _place(spaces, space, f"struct({members})")
        else:
            lines.append(f"{space} = struct({members})\n")
    # `name = name` would be a self-reference; a builtin without a namespace is simply assigned.
    lines += [f"{public(name)} = {value}\n" for name, value in spaces[""].items()]
    exported = (*(space for space in spaces if space and "." not in space), *spaces[""], "print")
    return "\n".join(lines), exported


def public(name: str) -> str:
    """Return the name under which the prelude keeps a name: none that starts with `_` can be loaded."""
    return f"private{name}" if name.startswith("_") else name


def _place(spaces: dict[str, dict[str, str]], name: str, value: str) -> None:
    space, _, member = name.rpartition(".")
    spaces.setdefault(space, {})[member] = value


def _string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
