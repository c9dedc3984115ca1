"""Lowers an evaluation to a plan: checks every recorded call, then makes one plan of the declarations."""

from __future__ import annotations

from envd_cache.catalog import BACKEND_NAMES, backend
from envd_cache.catalog.bind import bind
from envd_cache.catalog.envd import BUILTINS
from envd_cache.diagnostics import ERROR, Diagnostic, Label, Result
from envd_cache.ir.declare import declare, entries
from envd_cache.ir.envd_arguments import check
from envd_cache.ir.model import CachePlan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.evaluate.model import CallSite, Evaluation, RecordedCall
    from envd_cache.ir.merge import Merged
    from envd_cache.ir.model import CacheDecl
    from envd_cache.problem import Problem

_BACKENDS = {f"cache.{name}": name for name in BACKEND_NAMES}
_BUILTINS = {builtin.name: builtin for builtin in BUILTINS}
_NONE = "cache.none"


def lower(evaluation: Evaluation) -> Result[CachePlan]:
    """Return the plan of an evaluation; every call is checked, also after one that was refused."""
    diagnostics: list[Diagnostic] = []
    declarations: list[CacheDecl] = []
    called: set[str] = set()
    nothing: CallSite | None = None
    for call in evaluation.calls:
        problems: tuple[Problem, ...]
        if call.function in _BACKENDS:
            decl, problems = declare(backend(_BACKENDS[call.function]), call)
            if decl is not None:
                declarations.append(decl)
        elif call.function == _NONE:
            problems = bind(_NONE, (), call.args, call.kwargs).problems
            nothing = call.site
        else:
            problems = check(_BUILTINS[call.function], call.args, call.kwargs, called)
            called.add(call.function)
        if problems:
            diagnostics += _located(call, problems)
    exports, imports, between = _merged(declarations)
    diagnostics += between
    if nothing is not None and declarations:
        diagnostics.append(_contradiction(nothing, declarations[0]))
    plan = CachePlan(
        label=evaluation.label,
        name=evaluation.target.function,
        exports=exports,
        imports=imports,
        declarations=tuple(declarations),
        facts=evaluation.facts,
        none=nothing is not None,
        by_default=evaluation.by_default,
    )
    return Result(plan, tuple(diagnostics))


def _merged(declarations: list[CacheDecl]) -> Merged:
    """Return what `merge` makes of the declarations, which has nothing to do when each has its own type."""
    made = [entries(decl) for decl in declarations]
    types = [{entry.type for group in both for entry in group} for both in made]
    if sum(map(len, types)) > len(set().union(*types)):
        from envd_cache.ir.merge import merge  # noqa: PLC0415 - many files declare one cache

        return merge(declarations)
    exports = tuple([entry for exported, _ in made for entry in exported])
    imports = tuple([entry for _, imported in made for entry in imported])
    return exports, imports, ()


def _located(call: RecordedCall, problems: tuple[Problem, ...]) -> list[Diagnostic]:
    from envd_cache.evaluate.locate import diagnostic_at  # noqa: PLC0415 - only for problems

    return [diagnostic_at(call.site, problem) for problem in problems]


def _contradiction(nothing: CallSite, decl: CacheDecl) -> Diagnostic:
    location = decl.site.location
    labels = (Label(location, "declared here"),) if location else ()
    message = "`cache.none()` says that there is no cache, and one is declared"
    return Diagnostic("EC204", ERROR, message, nothing.location, labels, "delete one of them")
