"""The facade: what the command line, editors and programs call. It knows the phases and their order."""

from __future__ import annotations

import os

from envd_cache.config import find_root
from envd_cache.diagnostics import ERROR, WARNING, Diagnostic, Result, has_errors, in_order
from envd_cache.emit import compile_plans
from envd_cache.emit.registry import DEFAULT, Options
from envd_cache.evaluate.interpreter import TIME_LIMIT, Interpreter
from envd_cache.evaluate.model import Facts
from envd_cache.ir.lower import lower
from envd_cache.record import Record
from envd_cache.source import Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from envd_cache.config import Root
    from envd_cache.emit.registry import Emitter
    from envd_cache.evaluate.model import Evaluation
    from envd_cache.ir.model import CachePlan
    from envd_cache.ir.override import Applied, Override


# A target that runs the top level of its file only: no function has this name.
NO_FUNCTION = ""


class Session(Record):
    """What stays the same over several targets: the facts, the time limit and one interpreter.

    `evaluated` holds the targets that were run to find out that they are some, until they are asked for.
    """

    facts: Facts
    time_limit: float
    interpreter: Interpreter
    evaluated: dict[Target, Result[Evaluation]]
    overrides: tuple[Override, ...] = ()


class Planned(Record):
    """One target: what its file did, and the plan, to which the changes of the session were made."""

    evaluation: Evaluation
    plan: CachePlan


class Compiled(Record):
    """The plans of the targets that were asked for, and the output made of them; None after an error."""

    plans: tuple[CachePlan, ...]
    output: str | bytes | None
    printed: tuple[str, ...] = ()


def session(facts: Facts | None = None, time_limit: float = TIME_LIMIT, *, alone: bool = False) -> Session:
    """Return a session. `time_limit` is in seconds, for each target; `alone`: the process is ours."""
    return Session(facts or Facts(), time_limit, Interpreter(alone=alone), {})


def evaluate(target: Target, during: Session) -> Result[Evaluation]:
    """Run one target of a build file and return what it did."""
    if during.evaluated and (known := during.evaluated.pop(target, None)) is not None:
        return known
    root = find_root(os.path.dirname(os.path.abspath(target.path)))
    found = during.interpreter.evaluate(target, root.value, during.facts, during.time_limit)
    return Result(found.value, root.diagnostics + found.diagnostics)


def plan(target: Target, during: Session) -> Result[CachePlan]:
    """Run one target and return its plan; the problems of all phases are in it."""
    found = plans((target,), during)
    return Result(found.value[0].plan, in_order(found.diagnostics))


def plans(targets: Sequence[Target], during: Session) -> Result[tuple[Planned, ...]]:
    """Run some targets and return what they do, and what is wrong in and between them, target by target."""
    made: list[Planned] = []
    diagnostics: tuple[Diagnostic, ...] = ()
    changed: list[Applied] = []
    for target in targets:
        evaluation = evaluate(target, during)
        lowered = lower(_changed(evaluation.value, during, changed))
        made.append(Planned(evaluation.value, lowered.value))
        diagnostics += without_echoes(evaluation.diagnostics + lowered.diagnostics)
    if len(made) > 1:
        from envd_cache.ir.merge import between_targets  # noqa: PLC0415 - only for several targets

        diagnostics += between_targets([one.plan for one in made])
    return Result(tuple(made), _after_changes(diagnostics, during, changed))


def compile_targets(
    targets: Sequence[Target],
    during: Session,
    emitter: Emitter = DEFAULT,
    options: Options | None = None,
    *,
    strict: bool = False,
) -> Result[Compiled]:
    """Return the output for some targets of build files, or every reason why there is none.

    With `strict` a warning stops it too.
    """
    found = plans(targets, during)
    diagnostics = found.diagnostics
    made = tuple([one.plan for one in found.value])
    written: Result[str | bytes | None] = Result(None)
    if not has_errors(diagnostics):
        written = compile_plans(made, emitter, options or Options())
        diagnostics += written.diagnostics
    if strict:
        diagnostics = tuple(
            found.replace(severity=ERROR) if found.severity == WARNING else found for found in diagnostics
        )
    diagnostics = in_order(diagnostics)
    output = None if has_errors(diagnostics) else written.value
    printed = tuple([line for one in found.value for line in one.evaluation.printed])
    return Result(Compiled(made, output, printed), diagnostics)


def _changed(evaluation: Evaluation, during: Session, changed: list[Applied]) -> Evaluation:
    """Return an evaluation with the changes of the session made to it; note in `changed` what they did."""
    if not during.overrides:
        return evaluation
    from envd_cache.ir.override import apply  # noqa: PLC0415 - only with `--set`

    changed.append(apply(during.overrides, evaluation))
    return changed[-1].evaluation


def _after_changes(
    diagnostics: tuple[Diagnostic, ...], during: Session, changed: Sequence[Applied]
) -> tuple[Diagnostic, ...]:
    """Return diagnostics that tell which changes they come from, and which changes came to nothing."""
    if not during.overrides:
        return diagnostics
    from envd_cache.ir.override import blamed, unused  # noqa: PLC0415 - only with `--set`

    told = blamed(diagnostics, changed)
    return told if has_errors(told) else told + unused(during.overrides, changed)


def without_echoes(diagnostics: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """Leave out an unset variable inside an argument that must be a secret: setting it would not help."""
    wrong = [found.location for found in diagnostics if found.code == "EC111" and found.location]
    if not wrong:
        return diagnostics
    return tuple(
        found
        for found in diagnostics
        if found.code != "EC116"
        or found.location is None
        or not any(found.location.is_inside(place) for place in wrong)
    )


def targets_of(path: str, during: Session) -> Result[tuple[Target, ...]]:
    """Return the targets of a build file: its public functions without arguments that call `base()`.

    Whether a function calls `base()` is found out by running it, so one that does so through another
    counts, and one that only installs does not. Of a file without such a function the top level is run,
    which tells whether the file is broken: then it may have had targets.
    """
    from envd_cache.evaluate.loader import read_source  # noqa: PLC0415 - only for `--all`
    from envd_cache.syntax.definitions import candidates  # noqa: PLC0415 - only for `--all`

    read = read_source(os.path.abspath(path), path, path)
    if read.value is None:
        return Result((), read.diagnostics)
    found: list[Target] = []
    broken: list[Diagnostic] = []
    for name in candidates(read.value) or (NO_FUNCTION,):
        target = Target(path, name)
        evaluation = evaluate(target, during)
        # Without a function to call the top level still runs; that there is none is said below.
        problems = [one for one in evaluation.diagnostics if name or one.code != "EC013"]
        if name and any(call.function == "base" for call in evaluation.value.calls):
            found.append(target)
            during.evaluated[target] = evaluation
        elif has_errors(problems):
            broken += problems
    if not found and not broken:
        hint = "a target is a function without arguments that calls `base()`"
        broken.append(Diagnostic("EC013", ERROR, f"`{path}` has no target", path=path, hint=hint))
    return Result(tuple(found), in_order(broken))


def wrong_defaults(root: Root, config: str) -> tuple[Diagnostic, ...]:
    """Return why a repository's default cannot be called, as a target without declarations tells it too.

    That is found out without running anything, so an error inside of the function is not. `config` is
    the path of the configuration as the person would write it; other files are shown relative to it.
    """
    defaults = root.config.defaults
    if not defaults:
        return ()
    from envd_cache.evaluate.loader import Files, default_hint, read_default  # noqa: PLC0415 - only for a check
    from envd_cache.syntax.definitions import candidates  # noqa: PLC0415 - only for a check

    read = read_default(Files(root.folder, config), root.config)
    if read.value is None:
        return read.diagnostics
    source, function = read.value[1], defaults.rpartition(":")[2]
    if function in candidates(source):
        return ()
    from envd_cache.evaluate.explain_error import never_callable  # noqa: PLC0415 - only for problems

    hint = default_hint(root.config)
    return tuple([problem.replace(hint=hint) for problem in never_callable(source, function)])
