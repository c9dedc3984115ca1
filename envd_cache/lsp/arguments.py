"""What is wrong with the arguments of a line's calls, as far as the text alone tells it.

The same functions judge them as after an evaluation. A value that is not written as a literal is left
alone, and what depends on other calls too: the evaluation finds those a moment later.
"""

from __future__ import annotations

from envd_cache.catalog.bind import bind
from envd_cache.catalog.model import Builtin, Secret
from envd_cache.lsp.known import KNOWN, SECRET
from envd_cache.problem import Foreign
from envd_cache.syntax import nodes
from envd_cache.syntax.calls import item_span
from envd_cache.syntax.names import dotted
from envd_cache.syntax.walk import walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from envd_cache.lsp.known import Known
    from envd_cache.problem import Problem
    from envd_cache.source import Span

# Stands for a value that only an evaluation knows.
UNKNOWN = Foreign("unknown")
_WORDS = {"True": True, "False": False, "None": None}


def problems_in(statements: Iterable[nodes.Node]) -> list[tuple[Problem, Span]]:
    """Return what is wrong with the arguments of the calls in some statements, and where."""
    found: list[tuple[Problem, Span]] = []
    for statement in statements:
        for node in walk(statement):
            if isinstance(node, nodes.Call):
                known = KNOWN.get(dotted(node.callee))
                if known is not None and known.of is not None:
                    found += _problems(node, known)
    found.sort(key=lambda pair: (pair[1].start, pair[1].end, pair[0].code))
    return found


def _problems(call: nodes.Call, known: Known) -> list[tuple[Problem, Span]]:
    if any(argument.kind in ("*", "**") for argument in call.arguments):
        return []
    args: list[object] = []
    kwargs: dict[str, object] = {}
    places: dict[int | str, nodes.Argument] = {}
    for argument in call.arguments:
        value = value_of(argument.value)
        if argument.kind == "positional":
            places[len(args)] = argument
            args.append(value)
        else:
            places[argument.name] = argument
            kwargs[argument.name] = value
    problems: tuple[Problem, ...]
    if isinstance(known.of, Builtin):
        from envd_cache.ir.envd_arguments import check  # noqa: PLC0415 - hardly a line is wrong

        problems = check(known.of, tuple(args), kwargs, KNOWN)
    else:
        problems = bind(known.name, known.params, tuple(args), kwargs, known.by_position).problems
    return [
        (problem, _span_of(call, places, problem)) for problem in problems if _is_certain(problem, places)
    ]


def _is_certain(problem: Problem, places: dict[int | str, nodes.Argument]) -> bool:
    if problem.argument is None:
        return True
    argument = places.get(problem.argument)
    return argument is None or problem.on_name or not _holds_unknown(value_of(argument.value))


def _holds_unknown(value: object) -> bool:
    if isinstance(value, list):
        return any(_holds_unknown(item) for item in value)
    if isinstance(value, dict):
        return any(_holds_unknown(item) for item in value.values())
    return value is UNKNOWN


def _span_of(call: nodes.Call, places: dict[int | str, nodes.Argument], problem: Problem) -> Span:
    argument = places.get(problem.argument) if problem.argument is not None else None
    if argument is None:
        return call.span
    if problem.on_name and argument.name_span:
        return argument.name_span
    return item_span(argument.value, problem.item)


def value_of(node: nodes.Node) -> object:
    """Return the value of a literal as an evaluation hands it over, `UNKNOWN` for anything else."""
    if isinstance(node, nodes.Group):
        return value_of(node.value)
    if isinstance(node, nodes.String):
        return node.value
    if isinstance(node, nodes.Name):
        return _WORDS.get(node.name, UNKNOWN)
    if isinstance(node, nodes.Number):
        return _number(node.text)
    if isinstance(node, nodes.Unary) and node.operator == "-":
        value = value_of(node.operand)
        return -value if type(value) in (int, float) else UNKNOWN  # type: ignore[operator]
    if isinstance(node, nodes.List):
        return [value_of(item) for item in node.items]
    if isinstance(node, nodes.Dict):
        return _dict(node)
    if isinstance(node, nodes.Call) and dotted(node.callee) == SECRET and len(node.arguments) == 1:
        name = value_of(node.arguments[0].value)
        return Secret(name) if isinstance(name, str) else UNKNOWN
    return UNKNOWN


def _dict(node: nodes.Dict) -> object:
    made: dict[object, object] = {}
    for entry in node.entries:
        key = value_of(entry.key)
        if not isinstance(key, (str, int)):
            return UNKNOWN
        made[key] = value_of(entry.value)
    return made


def _number(text: str) -> object:
    try:
        return int(text, 0)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return UNKNOWN
