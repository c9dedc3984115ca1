"""What is wrong with the arguments of one call of envd's own functions, in envd 1.3.6's words.

envd stops at the first thing it dislikes; here all of them are found, in the order in which envd would
meet them: too many, wrong types by position, then by keyword, missing, wrong elements, refused values,
order. So the first problem is the one that envd shows.

The words are envd's too, with three repairs. `install.conda`, `runtime.environ` and `runtime.init` speak
of themselves, where envd calls them `install.python` and `runtime.command`. A dict is asked for as
`dict`, not as `starlark.IterableMapping`. And parameters have the names under which they are given:
`listen_addr` (envd: `listening_addr`) and `git` (envd: `URL field`). What makes envd crash is an error
with words of our own.
"""

from __future__ import annotations

from envd_cache.catalog.model import DataSource, Secret, accepts
from envd_cache.catalog.reference import DIGEST_LENGTHS
from envd_cache.diagnostics import did_you_mean
from envd_cache.problem import Foreign, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from envd_cache.catalog.model import Builtin, Param, Rule

WRONG = "EC114"
REFUSED = "EC115"

_CRASH = "envd 1.3.6 crashes on this"
_LONGEST = 80
_NAMES: dict[object, str] = {
    str: "string",
    int: "int",
    bool: "bool",
    float: "float",
    type(None): "NoneType",
    list: "list",
    tuple: "tuple",
    dict: "dict",
    DataSource: "envd managed data source",
    Secret: "secret",
}
# What the interpreter calls values that have another name in envd.
_FOREIGN_NAMES = {"struct": "module", "native_function": "builtin_function_or_method"}


def refusals(
    builtin: Builtin, args: tuple[object, ...], kwargs: Mapping[str, object], called: Collection[str]
) -> tuple[Problem, ...]:
    """Return everything that is wrong with one call; `called` names the builtins called before it."""
    if builtin.positional_only and (kwargs or len(args) != len(builtin.params)):
        return _positional_only(builtin, args, kwargs)
    problems: list[Problem] = []
    given, missing = _bind(builtin, args, kwargs, problems)
    wrong: list[tuple[Param, int | str, object]] = []
    fitting: dict[str, tuple[int | str, object]] = {}
    for name, (param, argument, value) in given.items():
        if accepts(param.type, value):
            fitting[name] = (argument, value)
        else:
            wrong.append((param, argument, value))
    elements: list[Problem] = []
    for param, argument, value in wrong:
        kinds, inside = _type_problems(builtin, param, argument, value)
        problems += kinds
        elements += inside
        if not kinds and not inside:
            fitting[param.name] = (argument, value)
    problems += missing
    problems += elements
    # What is left out beside a name that envd does not know was probably meant by it.
    strange = any(problem.on_name for problem in problems)
    for rule in builtin.rules:
        left_out = rule.param not in given and not strange
        problems += _apply(rule, fitting.get(rule.param), left_out=left_out)
    for name, others, message in builtin.conflicts:
        if _filled(fitting, name) and any(_filled(fitting, other) for other in others):
            hint = f"keep `{name}`, or {' and '.join(f'`{other}`' for other in others)}"
            problems.append(Problem(REFUSED, message, fitting[name][0], hint=hint))
    before, message = builtin.after
    if before and before not in called:
        problems.append(Problem(REFUSED, message, hint=f"call `{before}()` before this"))
    return tuple(problems)


def _positional_only(
    builtin: Builtin, args: tuple[object, ...], kwargs: Mapping[str, object]
) -> tuple[Problem, ...]:
    wanted = len(builtin.params)
    if kwargs:
        hint = f"write the value alone, without `{next(iter(kwargs))}=`"
        message = f"{builtin.name}: unexpected keyword arguments"
        return tuple(Problem(WRONG, message, name, on_name=True, hint=hint) for name in kwargs)
    message = f"{builtin.name}: got {len(args)} arguments, want {wanted}"
    return (Problem(WRONG, message, wanted if len(args) > wanted else None),)


def _bind(
    builtin: Builtin, args: tuple[object, ...], kwargs: Mapping[str, object], problems: list[Problem]
) -> tuple[dict[str, tuple[Param, int | str, object]], list[Problem]]:
    """Return the arguments by parameter, and what is missing; add to `problems` what has no parameter."""
    params = builtin.params
    given: dict[str, tuple[Param, int | str, object]] = {}
    if len(args) > len(params):
        message = f"{builtin.name}: got {len(args)} arguments, want at most {len(params)}"
        problems.append(Problem(WRONG, message, len(params)))
    for position, (param, value) in enumerate(zip(params, args, strict=False)):
        given[param.name] = (param, position, value)
    meant: set[str] = set()
    known = {param.name: param for param in params}
    for name, value in kwargs.items():
        if name in given:
            message = f"{builtin.name}: got multiple values for keyword argument {_shown(name)}"
            problems.append(Problem(WRONG, message, name, on_name=True))
        elif name in known:
            given[name] = (known[name], name, value)
        else:
            near = did_you_mean(name, known)
            meant.add(near)
            message = f"{builtin.name}: unexpected keyword argument {_shown(name)}"
            if near:
                message += f" (did you mean {near}?)"
            problems.append(Problem(WRONG, message, name, on_name=True))
    missing = [
        Problem(WRONG, f"{builtin.name}: missing argument for {param.name}")
        for param in params
        if param.required and param.name not in given and param.name not in meant
    ]
    return given, missing


def _type_problems(
    builtin: Builtin, param: Param, argument: int | str, value: object
) -> tuple[list[Problem], list[Problem]]:
    """Put into words what typeguard refuses: the whole value, or elements of it."""
    kind: object = getattr(param.type, "__origin__", param.type)
    if not _refused(value, param.type):
        return [], []
    if not _refused(value, kind):
        return [], list(_elements(value, param.type, argument, ()))
    if kind not in _NAMES:  # a union: envd takes any value at first, and looks at it when it needs it
        rule = next(rule for rule in builtin.rules if rule.param == param.name)
        return [], [Problem(WRONG, rule.message, argument, hint=rule.hint)]
    label = _shown(argument) if isinstance(argument, str) else param.name
    if builtin.positional_only:
        label = str(builtin.params.index(param) + 1)
    wanted = _NAMES[kind]
    message = f"{builtin.name}: for parameter {label}: got {_kind(value)}, want {wanted}"
    return [Problem(WRONG, message, argument, hint=_hint(value, wanted))], []


def _refused(value: object, annotation: object) -> bool:
    """Ask the authority on types. It takes a bool for an int, as Python does; Starlark does not."""
    from typeguard import CollectionCheckStrategy, TypeCheckError, check_type  # noqa: PLC0415 - 65 ms

    if annotation is int and type(value) is bool:
        return True
    try:
        check_type(value, annotation, collection_check_strategy=CollectionCheckStrategy.ALL_ITEMS)
    except TypeCheckError:
        return True
    return False


def _elements(
    value: object, annotation: object, argument: int | str, item: tuple[int | str, ...]
) -> Iterator[Problem]:
    """Name each element of a list or a dict that is refused, however deep."""
    inner = getattr(annotation, "__args__", (str,))[-1]
    if isinstance(value, dict):
        for key, held in value.items():
            path = (*item, key) if type(key) in (int, str) else item
            if type(key) is not str:
                message = f"Conversion failed, expect string type, but got the key {_told(key)}"
                yield Problem(WRONG, message, argument, item, hint=_CRASH)
            if type(held) is not str:
                yield _unconverted(held, argument, path, _CRASH)
    elif isinstance(value, list):
        for index, held in enumerate(value):
            path = (*item, index)
            if inner is str:
                if type(held) is not str:
                    yield _unconverted(held, argument, path, _CRASH if item else _hint(held, "string"))
            elif type(held) is not list:
                hint = 'write each command as a list of words, such as ["python3", "serve.py"]'
                yield Problem(WRONG, f"invalid daemon commands ({_shown(held)})", argument, path, hint=hint)
            else:
                yield from _elements(held, inner, argument, path)


def _unconverted(value: object, argument: int | str, item: tuple[int | str, ...], hint: str) -> Problem:
    message = f"Conversion failed, expect string type, but got {_told(value)}"
    return Problem(WRONG, message, argument, item, hint=hint)


def _hint(value: object, wanted: str) -> str:
    if value is None:
        return "leave the argument out: envd takes None for nothing"
    if type(value) is Secret:
        return "a secret is for the parameters of `cache.*` that hold credentials"
    if wanted == "list" and type(value) is tuple:
        return "write a list, in square brackets: envd takes no tuple for it"
    if wanted == "list" and type(value) is str:
        return f"write a list: [{_shown(value)}]"
    if wanted == "string" and type(value) in (int, bool, float):
        return f'write it in quotes: "{_shown(value)}"'
    if wanted == "int" and type(value) is str and value.isdecimal():
        return f"write it without quotes: {value}"
    if wanted == "bool" and type(value) in (str, int):
        return "write True or False"
    return ""


def _filled(fitting: dict[str, tuple[int | str, object]], name: str) -> bool:
    return name in fitting and bool(fitting[name][1])


def _apply(rule: Rule, found: tuple[int | str, object] | None, *, left_out: bool) -> Iterator[Problem]:
    if found is None:
        if left_out and rule.needs_value:
            yield Problem(WRONG, rule.message, hint=rule.hint)
        return
    argument, value = found
    if rule.keeps(value):
        return
    match rule.check, value:
        case "digest", str():
            yield Problem(REFUSED, _digest_problem(value), argument, hint=rule.hint)
        case "extensions", list():
            yield from _extension_problems(rule, argument, value)
        case _:
            yield Problem(REFUSED, rule.message, argument, hint=rule.hint)


def _digest_problem(text: str) -> str:
    algorithm, _, encoded = text.partition(":")
    if algorithm and encoded and algorithm in DIGEST_LENGTHS:
        right_length = len(encoded.encode()) == DIGEST_LENGTHS[algorithm]
        return f"invalid checksum digest {'format' if right_length else 'length'}"
    from re import ASCII, fullmatch  # noqa: PLC0415 - only a refused digest needs it

    if fullmatch(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+", text, ASCII):
        return "unsupported digest algorithm"
    return "invalid checksum digest format"


def _extension_problems(rule: Rule, argument: int | str, names: list[str]) -> Iterator[Problem]:
    for index, name in enumerate(names):
        if "." not in name:
            yield Problem(REFUSED, rule.message, argument, (index,), hint=rule.hint)
        elif name.endswith("-"):
            message = f"the version after `-` is missing in {_shown(name)}"
            yield Problem(REFUSED, message, argument, (index,), hint=_CRASH)


def _kind(value: object) -> str:
    if type(value) is Foreign:
        return _FOREIGN_NAMES.get(value.type_name, value.type_name)
    return _NAMES.get(type(value), type(value).__name__)


def _told(value: object) -> str:
    """Return `1 as int`, or the type alone when the value has no text of its own."""
    if type(value) is Foreign:
        return _kind(value)
    return f"{_shown(value)} as {_kind(value)}"


def _shown(value: object) -> str:
    text = _written(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _written(value: object) -> str:
    """Write a value as Starlark does."""
    match value:
        case str():
            marks = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
            return '"' + "".join(marks.get(mark, mark) for mark in value) + '"'
        case list():
            return "[" + ", ".join(map(_written, value)) + "]"
        case tuple():
            return "(" + ", ".join(map(_written, value)) + (",)" if len(value) == 1 else ")")
        case dict():
            return "{" + ", ".join(f"{_written(key)}: {_written(held)}" for key, held in value.items()) + "}"
        case DataSource() | Secret() | Foreign():
            return _kind(value)
        case _:
            return str(value)
