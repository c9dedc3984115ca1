"""The interface for programs: evaluate a build file, get its plan, get an output.

Nothing here raises for a bad build file, prints, or reads the environment: every problem is a
`Diagnostic` in the result, and the world is the `Facts` that are passed in.
"""

from __future__ import annotations

import os

from envd_cache import pipeline
from envd_cache.catalog import GIVEN_FACTS
from envd_cache.diagnostics import Result, in_order, suggestion
from envd_cache.emit import compile_plans
from envd_cache.emit.registry import EMITTERS, Options, emitter
from envd_cache.evaluate.interpreter import TIME_LIMIT
from envd_cache.source import Target, parse_target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.evaluate.model import Evaluation, Facts
    from envd_cache.ir.model import CachePlan
    from envd_cache.pipeline import Session


def evaluation(
    target: str | os.PathLike[str], facts: Facts | None = None, *, time_limit: float = TIME_LIMIT
) -> Result[Evaluation]:
    """Run one target, `FILE[:FUNCTION]` as in `envd --from`, and return what it did.

    The value has every builtin call with its arguments and places, and every fact that was read. After
    an error it holds what was recorded before. `time_limit` is in seconds.
    """
    return pipeline.evaluate(_target(target), _session(facts, time_limit))


def plan(
    target: str | os.PathLike[str], facts: Facts | None = None, *, time_limit: float = TIME_LIMIT
) -> Result[CachePlan]:
    """Return the plan of one target: exports and imports in declared order, in no dialect.

    Use it only when no diagnostic has the severity "error". A value is what BuildKit reads once an
    output has spelled it; a default is never in it; a secret is a `Secret` with a name and no value.
    """
    return pipeline.plan(_target(target), _session(facts, time_limit))


def output(plan: CachePlan, to: str = "llb", options: Options | None = None) -> Result[str | bytes | None]:
    """Return a plan as one of the outputs: "llb", "buildctl", "buildx", "envd", "bake", "compose", …

    The value is text, or bytes with `Options(binary=True)`; None when a diagnostic says that there is no
    output. What the output cannot say is a warning in the result (codes EC401 to EC407), not an exception.
    An unknown output is a ValueError, because it is a fault of the calling program. `Options` are in
    `envd_cache.emit.registry`.
    """
    chosen = emitter(to)
    if chosen is None:
        raise ValueError(f"no output `{to}`; there are {', '.join(known.name for known in EMITTERS)}")
    found = compile_plans((plan,), chosen, options or Options())
    return Result(found.value, in_order(found.diagnostics))


def _session(facts: Facts | None, time_limit: float) -> Session:
    """Return a session. Raises ValueError for a fact that there is not, TypeError for one that is no text."""
    for name, value in (facts.given if facts else {}).items():
        if name not in GIVEN_FACTS and not name.startswith("env."):
            known = f"there are {', '.join(GIVEN_FACTS)}, env.NAME"
            raise ValueError(f"no fact `{name}`; {suggestion(name, GIVEN_FACTS, known)}")
        if not isinstance(value, str):
            raise TypeError(f"the fact `{name}` must be a string, not {type(value).__name__}")
    return pipeline.session(facts, time_limit)


def _target(named: str | os.PathLike[str]) -> Target:
    text = os.fspath(named)
    target = parse_target(text)
    if target is None:
        raise ValueError(f"`{text}`: write FILE or FILE:FUNCTION")
    return target
