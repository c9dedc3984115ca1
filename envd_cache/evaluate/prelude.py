"""The Starlark side of the builtins, written from the catalog.

Every builtin is a function made by `_builtin`. It hands one text and its values to one Python function,
the sink. The text has its name and the places of the calls on the stack, a line each; it is one because
every text that goes over the border to Python costs as much as ten calls. The values are made plain
first, because the border would flatten a tuple to a list and refuse a function.
"""

from __future__ import annotations

from envd_cache.catalog import BACKEND_NAMES, FACT_NAMES
from envd_cache.catalog.envd import BUILTINS, CONSTANTS

NAMESPACE = "cache"

# `_places` starts at the call of the builtin: below it on the stack are `_places` itself, `_call` and the
# `partial` that the builtin is. A partial is quicker to make and to freeze than a function. Forty calls
# deep is deeper than any helper chain that a person reads.
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

def _places(name):
    found = [name]
    for number in range(3, 43):
        frame = call_stack_frame(number)
        if frame == None:
            break
        found.append(debug(frame))
    return "|".join(found)

def _call(*args, **kwargs):
    return _sink(
        _places(args[0]),
        [_plain(value, 8) for value in args[1:]],
        {name: _plain(value, 8) for name, value in kwargs.items()},
    )

def _builtin(name):
    return partial(_call, name)

def _space(name, members, more):
    builtins = {member: _builtin(name + "." + member) for member in members.split()}
    return struct(**(builtins | more))

def print(*args, sep = " "):
    _print(sep.join([str(value) for value in args]))
"""


def functions() -> tuple[str, ...]:
    """Return the dotted names of all builtins."""
    ours = [f"{NAMESPACE}.{name}" for name in (*BACKEND_NAMES, *FACT_NAMES)]
    return (*ours, *[builtin.name for builtin in BUILTINS])


def source() -> tuple[str, tuple[str, ...]]:
    """Return the prelude's text and the names that it gives to build files."""
    builtins: dict[str, list[str]] = {}
    for name in functions():
        space, _, member = name.rpartition(".")
        builtins.setdefault(space, []).append(member)
    values: dict[str, dict[str, str]] = {}
    for constant in CONSTANTS:
        space, _, member = constant.name.rpartition(".")
        values.setdefault(space, {})[member] = _string(constant.value)
    lines = [_SUPPORT]
    # An inner namespace (`data.path`) is a value of the outer one, so it comes first.
    spaces = sorted({**builtins, **values}, key=lambda space: -space.count("."))
    for space in spaces:
        more = [f'"{name}": {value}' for name, value in values.get(space, {}).items()]
        made = f'_space("{space}", "{" ".join(builtins.get(space, ()))}", {{{", ".join(more)}}})'
        outer, dot, member = space.rpartition(".")
        if dot:
            values.setdefault(outer, {})[member] = made
        elif space:
            lines.append(f"{space} = {made}")
    lines += [f'{name} = _builtin("{name}")' for name in builtins[""]]
    lines += [f"{public(name)} = {value}" for name, value in values[""].items()]
    names = [space for space in spaces if space and "." not in space]
    return "\n".join(lines) + "\n", (*names, *builtins[""], *values[""], "print")


def public(name: str) -> str:
    """Return the name under which the prelude keeps a name: none that starts with `_` can be loaded."""
    return f"private{name}" if name.startswith("_") else name


def _string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
