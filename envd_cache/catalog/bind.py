"""Binds the arguments of a `cache.*` call to its parameters and checks each value by itself.

What is plainly right is decided here, by exact type tests and short checks that may only accept what
typeguard and `formats` accept. Whatever they do not accept goes to `refusal`, which asks these authorities
and says what is wrong; it is imported only then.
"""

from __future__ import annotations

from envd_cache.catalog.model import HIGHEST, LOWEST, OPAQUE_TEXT, accepts
from envd_cache.catalog.reference import is_reference
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envd_cache.catalog.model import Param
    from envd_cache.problem import Problem


class Bound(Record):
    """The values of a call by parameter name, how each was given, and what is wrong with them.

    A value that was refused is not in `values`. `places` holds the position or keyword of each; `meant`
    the parameters that misspelt names were probably meant for.
    """

    values: Mapping[str, object]
    places: Mapping[str, int | str]
    meant: frozenset[str]
    problems: tuple[Problem, ...]


def bind(
    function: str,
    params: tuple[Param, ...],
    args: tuple[object, ...],
    kwargs: Mapping[str, object],
    positional: int = 1,
) -> Bound:
    """Return the arguments of one call of `function`, bound to `params`.

    The first `positional` parameters may be given without a name. All problems of the call are found.
    """
    by_name = {param.name: param for param in params}
    places: dict[str, int | str] = {}
    for place, param in enumerate(params[: min(positional, len(args))]):
        places[param.name] = place
    fits = len(args) == len(places)
    for name in kwargs:
        if name in by_name and name not in places:
            places[name] = name
        else:
            fits = False
    problems: list[Problem] = []
    meant: frozenset[str] = frozenset()
    if not fits:
        from envd_cache.catalog.refusal import misplaced  # noqa: PLC0415 - only for a wrong call

        wrong, meant = misplaced(function, params[:positional], by_name, args, kwargs)
        problems += wrong
    values: dict[str, object] = {}
    for param in params:
        name = param.name
        if name not in places:
            if param.required and not param.env and name not in meant:
                from envd_cache.catalog.refusal import missing  # noqa: PLC0415 - only for a wrong call

                problems.append(missing(function, param))
            continue
        argument = places[name]
        value = kwargs[argument] if isinstance(argument, str) else args[argument]
        found = check_value(param, value, argument)
        problems += found
        if not found:
            values[name] = value
    return Bound(values, places, meant, tuple(problems))


def check_value(param: Param, value: object, argument: int | str) -> tuple[Problem, ...]:
    """Return what is wrong with one value of one parameter, regardless of the others."""
    if _is_plainly_right(param, value):
        return ()
    from envd_cache.catalog.refusal import problems_of  # noqa: PLC0415 - hardly a value is not plainly right

    return problems_of(param, value, argument)


def _is_plainly_right(param: Param, value: object) -> bool:
    if not accepts(param.type, value):
        return False
    for text in value if isinstance(value, list) else (value,):
        if type(text) is str and OPAQUE_TEXT in text:
            return False
    if param.choices:
        return value in param.choices and not param.format
    if type(value) is int and not (LOWEST if param.minimum is None else param.minimum) <= value <= HIGHEST:
        return False
    check = _PLAIN.get(param.format)
    return check is not None and check(value)


def _is_key(value: object) -> bool:
    return bool(value) and (type(value) is not list or all(value))


def _is_name(value: object) -> bool:
    text = str(value)
    return bool(text) and ";" not in text and text == text.strip()


def _is_path(value: object) -> bool:
    text = str(value)
    plain = text.isascii() and text.isprintable() and "$" not in text and not text.startswith("~")
    return bool(text) and plain and text == text.strip()


def _is_variable(value: object) -> bool:
    return str(value).isascii() and str(value).isidentifier()


# By the name of a format. What is not here has no short check, and `formats` decides.
_PLAIN: Mapping[str, Callable[[object], bool]] = {
    "": lambda _: True,
    "compression-level": lambda _: True,  # `ir.relations` knows the compression
    "folder": lambda _: True,
    "key": _is_key,
    "names": _is_name,
    "nonempty": bool,
    "path": _is_path,
    "reference": lambda value: is_reference(str(value)),
    "variable": _is_variable,
}
