"""Are the arguments of one call of envd's own functions right? The rules are envd 1.3.6's.

Here is decided what is right; `envd_refusals` says what is wrong with the rest.
"""

from __future__ import annotations

from envd_cache.catalog.model import DataSource
from envd_cache.catalog.reference import DIGEST_LENGTHS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from envd_cache.catalog.model import Builtin, Rule
    from envd_cache.problem import Problem

_HEX = "0123456789abcdef"


def check(
    builtin: Builtin, args: tuple[object, ...], kwargs: Mapping[str, object], called: Collection[str]
) -> tuple[Problem, ...]:
    """Return everything that is wrong with one call; `called` names the builtins called before it."""
    if builtin.any_arguments or _is_right(builtin, args, kwargs, called):
        return ()
    from envd_cache.ir.envd_refusals import refusals  # noqa: PLC0415 - only for a wrong call

    return refusals(builtin, args, kwargs, called)


def _is_right(
    builtin: Builtin, args: tuple[object, ...], kwargs: Mapping[str, object], called: Collection[str]
) -> bool:
    params = builtin.params
    if len(args) > len(params) or (builtin.positional_only and (kwargs or len(args) < len(params))):
        return False
    given: dict[str, object] = {}
    known = 0
    for position, param in enumerate(params):
        name = param.name
        if position < len(args):
            if name in kwargs:
                return False
            given[name] = args[position]
        elif name in kwargs:
            given[name] = kwargs[name]
            known += 1
        else:
            if param.required:
                return False
            continue
        if not FITS[param.type](given[name]):
            return False
    if known < len(kwargs) or (builtin.after[0] and builtin.after[0] not in called):
        return False
    for rule in builtin.rules:
        if rule.check in NEEDED and rule.param not in given:
            return False
        if rule.param in given and not keeps(rule, given[rule.param]):
            return False
    for name, others, _ in builtin.conflicts:
        if given.get(name) and any(given.get(other) for other in others):
            return False
    return True


def _strings(value: object) -> bool:
    return type(value) is list and all(type(item) is str for item in value)


# Whether a value is of a parameter's type: an exact test that may only accept what typeguard accepts.
FITS: dict[object, Callable[[object], bool]] = {
    str: lambda value: type(value) is str,
    bool: lambda value: type(value) is bool,
    int: lambda value: type(value) is int,
    list[str]: _strings,
    list[list[str]]: lambda value: type(value) is list and all(_strings(item) for item in value),
    dict[str, str]: lambda value: (
        type(value) is dict and all(type(key) is str and type(item) is str for key, item in value.items())
    ),
    str | DataSource: lambda value: type(value) in (str, DataSource),
}

# The checks of rules whose argument cannot be left out.
NEEDED = ("given", "required")


def keeps(rule: Rule, value: object) -> bool:
    """Say whether a value keeps a rule. One of another type than the rule is for does."""
    match rule.check, value:
        case "required", str():
            return value != ""
        case "range", int():
            return rule.lowest <= value <= rule.highest
        case "python3", str():
            return not value.startswith("2")
        case "filled", list():
            return bool(value)
        case "ip", str():
            return _is_ip(value)
        case "digest", str():
            return _is_digest(value)
        case "extensions", list():
            return all("." in name and not name.endswith("-") for name in value)
    return True


def _is_ip(text: str) -> bool:
    if text in ("127.0.0.1", "0.0.0.0"):  # noqa: S104 - a name that people write, not an address to bind
        return True
    from ipaddress import ip_address  # noqa: PLC0415 - 3 ms, and hardly anyone gives another address

    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text  # Go knows no zones here


def _is_digest(text: str) -> bool:
    """Say whether a text is a digest. "" stands for no digest at all, which envd takes."""
    algorithm, _, encoded = text.partition(":")
    fits = len(encoded.encode()) == DIGEST_LENGTHS.get(algorithm) and not encoded.strip(_HEX)
    return fits or not text
