"""Says what is wrong with the arguments of a `cache.*` call, and what to write in their place.

`bind` comes here with what it did not accept at once. The authority on types is typeguard, the one on
texts `formats`; both are asked here.
"""

from __future__ import annotations

from envd_cache.catalog.formats import FORMATS
from envd_cache.catalog.model import HIGHEST, LOWEST, OPAQUE_TEXT, Secret, accepts, form_name
from envd_cache.diagnostics import did_you_mean
from envd_cache.problem import Foreign, Problem, names_credential

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from envd_cache.catalog.model import Param

# Shorter texts that nobody called a credential are none.
SHORTEST_CREDENTIAL = 8

# What is written for a choice by who knows another tool's words.
_MEANT = {
    **dict.fromkeys(("push", "write", "to"), "export"),
    **dict.fromkeys(("pull", "read", "from"), "import"),
}
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def misplaced(
    function: str,
    by_position: tuple[Param, ...],
    known: dict[str, Param],
    args: tuple[object, ...],
    kwargs: Mapping[str, object],
) -> tuple[list[Problem], frozenset[str]]:
    """Return what is wrong with how arguments were given, and the parameters they were meant for.

    `by_position` are the parameters that may be given without a name. What was meant by a misspelt name,
    or by an argument too many, is not missing.
    """
    problems: list[Problem] = []
    positional = len(by_position)
    if len(args) > positional:
        problems.append(_too_many(function, tuple(known.values()), positional, args))
    meant = set(list(known)[positional : len(args)])
    placed = [param.name for param in by_position[: len(args)]]
    for name, value in kwargs.items():
        if name not in known:
            near = did_you_mean(name.replace("-", "_"), known)
            meant.add(near)
            problems.append(_unknown(function, name, value, near, known))
        elif name in placed:
            message = f"`{function}` got `{name}` twice, by position and by name"
            redact = _texts(known[name], value)
            hint = "keep one of them"
            problems.append(Problem("EC105", message, name, on_name=True, hint=hint, redact=redact))
    return problems, frozenset(meant)


def problems_of(param: Param, value: object, argument: int | str) -> tuple[Problem, ...]:
    """Return what is wrong with one value of one parameter; () when it is right after all."""
    if not accepts(param.type, value):
        return (_wrong_type(param, value, argument),)
    if any(type(text) is str and OPAQUE_TEXT in text for text in (value if type(value) is list else [value])):
        message = f"`{param.name}` holds a secret that was turned into text"
        hint = 'pass `cache.secret("NAME")` itself, to a parameter that takes one'
        return (Problem("EC111", message, argument, hint=hint),)
    if param.choices and value not in param.choices:
        return (_not_a_choice(param, value, argument),)
    if type(value) is int and (problem := _out_of_range(param, value, argument)):
        return (problem,)
    if param.format and (check := FORMATS.get(param.format)) and (refused := check(value)):
        message = f"`{param.name}` {refused.message}"
        literal = (str(value), *refused.redact) if refused.code == "EC111" else ()
        redact = _texts(param, value) + literal
        return (Problem(refused.code, message, argument, refused.item, hint=refused.hint, redact=redact),)
    return ()


def type_name(value: object) -> str:
    """Return the name of a value's type as Starlark calls it."""
    if isinstance(value, Foreign):
        return value.type_name
    if isinstance(value, Secret):
        return "secret"
    names = {str: "string", bool: "bool", int: "int", list: "list", tuple: "tuple", dict: "dict"}
    return names.get(type(value), "None" if value is None else type(value).__name__)


def _wrong_type(param: Param, value: object, argument: int | str) -> Problem:
    if param.secret and isinstance(value, str):
        message = f"`{param.name}` holds a credential; it cannot be written into the file"
        hint = f'write `{param.name}=cache.secret("NAME")`, with the name of an environment variable'
        return Problem("EC111", message, argument, hint=hint, redact=(value,))
    item, refused = _refused_item(param.type, value)
    hint = _item_hint(param, refused) if item else _type_hint(param, value)
    found = _article(type_name(refused))
    wanted = f"`{param.name}` must be {_article(form_name(param.type))}"
    message = f"{wanted}; item {item[0]} is {found}" if item else f"{wanted}, not {found}"
    return Problem("EC103", message, argument, item, hint=hint, redact=_texts(param, value))


def _type_hint(param: Param, value: object) -> str:
    forms: tuple[object, ...] = (param.type, *getattr(param.type, "__args__", ()))
    if value is None and (param.env or not param.required):
        return "leave the argument out"
    if param.secret and not isinstance(value, Secret):
        if Secret in forms:
            return f'write `{param.name}=cache.secret("NAME")`'
        return "give a string"
    if param.type is bool:
        word = str(value).strip().lower() if isinstance(value, (str, int)) else ""
        if word in (*_TRUE, *_FALSE):
            return f"write `{param.name}={word in _TRUE}`"
        return f"write `{param.name}=True` or `{param.name}=False`"
    if param.type is int:
        return _number_hint(param, value)
    takes_list = any(getattr(form, "__origin__", None) is list for form in forms)
    if takes_list and isinstance(value, (tuple, dict)):
        return "write a list, in `[` and `]`"
    only = value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else None
    if _suits(param, only) and not set('"\\\n').intersection(str(only)):
        return f"write `{param.name}={_quoted(only)}`"
    return _item_hint(param, value)


def _item_hint(param: Param, value: object) -> str:
    if param.choices:
        return f"write {_listed(param.choices)}"
    if isinstance(value, Secret):
        name = value.name or "NAME"
        return f'a secret goes only to a credential; write `cache.env("{name}")` for another variable'
    if isinstance(value, Foreign) and value.type_name == "function":
        return "call it, as in `cache.branch()`"
    if type(value) is int:
        if _suits(param, str(value)):
            return f'write it in quotes: `"{value}"`'
        if param.format == "duration":
            return f'write a text with a unit, such as `{param.name}="10m"`'
    return "give a string"


def _number_hint(param: Param, value: object) -> str:
    text = value.strip() if isinstance(value, str) else ""
    # No longer than what Go reads, and Python reads no more than 4300 digits.
    if text.isascii() and text.removeprefix("-").isdigit() and len(text) < 12 and _suits(param, int(text)):
        return f"write `{param.name}={int(text)}`"
    if param.choices:
        return f"write {_listed(param.choices)}"
    quoted = " without quotes" if isinstance(value, str) else ""
    return f"write a whole number{quoted}, {_range(param)}"


def _suits(param: Param, value: object) -> bool:
    level = param.format == "compression-level"
    fits = not level or (isinstance(value, int) and 0 <= value <= 9)  # whatever the compression is
    return fits and accepts(param.type, value) and not problems_of(param, value, param.name)


def _range(param: Param) -> str:
    if param.format == "compression-level":
        return "from 0 to 9, or to 22 for zstd"
    return f"from {LOWEST if param.minimum is None else param.minimum} to {HIGHEST}"


def _out_of_range(param: Param, value: int, argument: int | str) -> Problem | None:
    if param.choices:
        return None
    lowest = LOWEST if param.minimum is None else param.minimum
    if lowest <= value <= HIGHEST:
        return None
    bound = f"at least {lowest}" if value < lowest else f"at most {HIGHEST}"
    message = f"`{param.name}` must be {bound}, not {value}"
    return Problem("EC107", message, argument, hint=f"write a number {_range(param)}")


def _quoted(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _listed(choices: tuple[str | int, ...]) -> str:
    return " or ".join(map(_quoted, choices))


def _refused_item(form: object, value: object) -> tuple[tuple[int | str, ...], object]:
    """Ask typeguard which part of a value it refuses: ((), the value) or ((index,), the item)."""
    from typeguard import (  # noqa: PLC0415 - 66 ms, and only a refused value needs it
        CollectionCheckStrategy,
        TypeCheckError,
        check_type,
    )

    def refused(part: object, against: object) -> bool:
        try:
            check_type(part, against, collection_check_strategy=CollectionCheckStrategy.ALL_ITEMS)
        except TypeCheckError:
            return True
        return isinstance(part, bool) and bool not in (against, *getattr(against, "__args__", ()))

    for choice in (form, *getattr(form, "__args__", ())):
        if getattr(choice, "__origin__", None) is list and isinstance(value, list):
            for index, item in enumerate(value):
                if refused(item, choice.__args__[0]):
                    return ((index,), item)
    if not refused(value, form):
        raise AssertionError(f"typeguard accepts {type(value).__name__} for {form}, the fast test does not")
    return ((), value)


def _too_many(function: str, params: tuple[Param, ...], positional: int, args: tuple[object, ...]) -> Problem:
    allowed = "no argument" if not positional else f"only {positional} argument" + "s" * (positional > 1)
    message = f"`{function}` takes {allowed} by position, got {len(args)}"
    if not params:
        hint = f"write `{function}()`"
    elif positional < len(params):
        hint = "write the name of each further argument"
    else:
        hint = "leave the further ones out"
    # Only a text that is long enough can be a credential, and only where one could be meant.
    texts = _written(args[positional:]) if any(param.secret for param in params) else ()
    long = tuple(text for text in texts if len(text) >= SHORTEST_CREDENTIAL)
    return Problem("EC104", message, positional, hint=hint, redact=long)


def _unknown(function: str, name: str, value: object, near: str, known: dict[str, Param]) -> Problem:
    if name in ("tag", "digest") and "ref" in known:
        hint = "it is a part of `ref`, or use `key`"
    elif near:
        hint = f"did you mean `{near}`?"
    elif known:
        hint = f"arguments: {', '.join(known)}"
    else:
        hint = "it takes no arguments"
    redact = _texts(known[near], value) if near else ()
    if names_credential(f"{name} {near}"):
        redact = _written(value)
    return Problem(
        "EC102", f"`{function}` has no argument `{name}`", name, on_name=True, hint=hint, redact=redact
    )


def missing(function: str, param: Param) -> Problem:
    """Return the problem of an argument that is not there."""
    return Problem("EC101", f"`{function}` needs `{param.name}`", hint=param.doc)


def _not_a_choice(param: Param, value: object, argument: int | str) -> Problem:
    message = f"`{param.name}` must be {_listed(param.choices)}, not {_quoted(value)}"
    hint = ""
    if isinstance(value, str):
        word = value.strip()
        near = _MEANT.get(word.lower(), "")
        if near not in param.choices:
            near = did_you_mean(word, [str(choice) for choice in param.choices])
        if near:
            hint = f'did you mean "{near}"?'
        elif word.lower() == "nydus":
            hint = "it needs a daemon that was built with it"
        elif param.name == "mode":
            hint = param.note
    return Problem("EC106", message, argument, hint=hint)


def _texts(param: Param, value: object) -> tuple[str, ...]:
    """Return the texts of a value that must not be shown: what is a credential, or has one in it."""
    check = FORMATS.get(param.format)
    return tuple(
        text
        for text in _written(value)
        if param.secret or (check and (refused := check(text)) and refused.code == "EC111")
    )


def _written(value: object) -> tuple[str, ...]:
    """Return every text and number in a value."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, (list, tuple)):
        return tuple(text for item in value for text in _written(item))
    return (str(value),) if isinstance(value, (str, int)) else ()


def _article(name: str) -> str:
    return name if name.startswith(("None", "`")) else ("an " if name[0] in "aeiou" else "a ") + name
