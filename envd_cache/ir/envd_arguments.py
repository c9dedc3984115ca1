"""Are the arguments of one call of envd's own functions right? The rules are envd 1.3.6's.

Here is decided what is right; `envd_refusals` says what is wrong with the rest.
"""

from __future__ import annotations

from envd_cache.catalog.model import accepts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from envd_cache.catalog.model import Builtin
    from envd_cache.problem import Problem


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
        if not accepts(param.type, given[name]):
            return False
    if known < len(kwargs) or (builtin.after[0] and builtin.after[0] not in called):
        return False
    for rule in builtin.rules:
        if rule.needs_value and rule.param not in given:
            return False
        if rule.param in given and not rule.keeps(given[rule.param]):
            return False
    for name, others, _ in builtin.conflicts:
        if given.get(name) and any(given.get(other) for other in others):
            return False
    return True
