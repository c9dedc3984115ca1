"""The Starlark side of the builtins, written from the catalog.

Every builtin is a function made by `_builtin`. It hands one text and its values to one Python function,
the sink. The text has its name and the places of the calls on the stack; it is one because every text
that goes over the border to Python costs as much as ten calls. The values are made plain first, because
the border would flatten a tuple to a list and refuse a function.

Where many files are evaluated the values go into that text too, as JSON. One file makes too few calls
for that: loading what reads JSON would take longer.
"""

from __future__ import annotations

from envd_cache.catalog import BACKEND_NAMES, FACT_NAMES
from envd_cache.catalog.envd import BUILTINS, CONSTANTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

NAMESPACE = "cache"

# `_places` starts at the call of the builtin: below it on the stack are `_places` itself, `_call` and the
# `partial` that the builtin is. A partial is quicker to make and to freeze than a function. Forty calls
# deep is deeper than any helper chain that a person reads.
_SUPPORT = """
_TEXTS = {"string": 1, "int": 1, "bool": 1, "NoneType": 1}
_PLAIN = _TEXTS | {"opaque_python_object": 1}

def _plain(values, depth, plain):
    return [value if type(value) in plain else _shaped(value, depth, plain) for value in values]

def _named(values, depth, plain):
    return {
        name: value if type(value) in plain else _shaped(value, depth, plain)
        for name, value in values.items()
    }

def _shaped(value, depth, plain):
    kind = type(value)
    if depth > 0:
        if kind == "list":
            return _plain(value, depth - 1, plain)
        if kind == "tuple":
            return {"tuple": _plain(value, depth - 1, plain)}
        if kind == "dict":
            if [key for key in value if type(key) != "string"]:
                return {"pairs": [_plain(pair, depth - 1, plain) for pair in value.items()]}
            return {"dict": _named(value, depth - 1, plain)}
    return {"other": kind}

def _places(name):
    found = [name]
    for number in range(3, 43):
        frame = call_stack_frame(number)
        if frame == None:
            break
        found.append(debug(frame))
    return "|".join(found)

def _builtin(name):
    return partial(_call, name)

def _space(name, members, more):
    builtins = {member: _builtin(name + "." + member) for member in members.split()}
    return struct(**(builtins | more))

def print(*args, sep = " "):
    text = sep.join([str(value) for value in args])
    if "partial(@prelude._call" in text:
        text = text.replace('partial(@prelude._call, *["', "<built-in function ").replace('"], **{})', ">")
    _print(text)
"""

# 0 stands for None, which is dearer to take over the border; no builtin returns a number.
_CALL = """
def _call(*args, **kwargs):
    answer = _sink(_places(args[0]), _plain(args[1:], 8, _PLAIN), _named(kwargs, 8, _PLAIN))
    return None if answer == 0 else answer
"""

# What has no JSON goes over the border by itself. No text of a file is taken for it: JSON escapes quotes.
_PACKED_CALL = """
_OPAQUE = '{"other":"opaque_python_object"}'

def _call(*args, **kwargs):
    places = _places(args[0]) if args[0] in _PLACED else args[0]
    text = json.encode(_plain(args[1:], 8, _TEXTS) + [_named(kwargs, 8, _TEXTS)])
    if _OPAQUE in text:
        answer = _sink(places, _plain(args[1:], 8, _PLAIN), _named(kwargs, 8, _PLAIN))
    else:
        answer = _sink(places + "|" + text)
    return None if answer == 0 else answer
"""


def functions() -> tuple[str, ...]:
    """Return the dotted names of all builtins."""
    ours = [f"{NAMESPACE}.{name}" for name in (*BACKEND_NAMES, *FACT_NAMES)]
    return (*ours, *[builtin.name for builtin in BUILTINS])


def source(packed: Collection[str] | None = None) -> tuple[str, tuple[str, ...]]:
    """Return the prelude's text and the names that it gives to build files.

    With `packed` the values of a call go over the border in one text, and only the calls of the builtins
    that it names come with their places.
    """
    builtins: dict[str, list[str]] = {}
    for name in functions():
        space, _, member = name.rpartition(".")
        builtins.setdefault(space, []).append(member)
    values: dict[str, dict[str, str]] = {}
    for constant in CONSTANTS:
        space, _, member = constant.name.rpartition(".")
        values.setdefault(space, {})[member] = _string(constant.value)
    lines = [_SUPPORT, _CALL]
    if packed is not None:
        placed = ", ".join(f'"{name}": 1' for name in packed)
        lines[1:] = [f"_PLACED = {{{placed}}}", _PACKED_CALL]
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
