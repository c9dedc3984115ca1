"""Evaluates every target of many build files in one process: what files share is read and run once.

A single target costs the interpreter's start, a stack of its own, the search for the root and the
evaluation of what it loads. Over ten thousand files each of these is paid once a process, or once for
each file that others load.
"""

from __future__ import annotations

import marshal

from envd_cache.catalog.envd import BUILTINS
from envd_cache.check.memory import Memory
from envd_cache.check.roots import Roots
from envd_cache.check.run import CheckRun
from envd_cache.check.targets import of_known_values, without_target
from envd_cache.diagnostics import Diagnostic, Result, has_errors
from envd_cache.evaluate.engine import Engine
from envd_cache.evaluate.interpreter import FEW_CALLS, MAX_CALLS
from envd_cache.evaluate.loader import label_of, read_source, refused_outside
from envd_cache.evaluate.prelude import NAMESPACE
from envd_cache.evaluate.prelude import functions as builtin_names
from envd_cache.ir.lower import lower
from envd_cache.pipeline import without_echoes
from envd_cache.record import Record
from envd_cache.source import Target, target_label
from envd_cache.syntax.definitions import candidates

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from envd_cache.config import Root
    from envd_cache.evaluate.engine import Answer as Answered
    from envd_cache.evaluate.facts import Facts
    from envd_cache.evaluate.model import CallSite, Evaluation, RecordedCall
    from envd_cache.ir.model import CachePlan
    from envd_cache.source import SourceFile

# The calls of which places are asked for even where nothing is wrong: those that declare caches or ask for
# facts, and those with images, see `lint.summary`. A call that may be refused while it runs must be here.
_PLACED = frozenset(
    name for name in builtin_names() if name.startswith(f"{NAMESPACE}.") or name in ("base", "io.copy")
)

# Calls whose rightness depends on, or makes, that of another call.
_TIED = frozenset(name for one in BUILTINS if one.after[0] for name in (one.name, one.after[0]))
MOST_RIGHT = 50_000


class Checked(Record):
    """One target as a check sees it: what it did, its plan, and what is wrong with either.

    `invented` are the texts that stood in for facts that nobody knows.
    """

    evaluation: Evaluation
    plan: CachePlan
    diagnostics: tuple[Diagnostic, ...]
    invented: frozenset[str] = frozenset()


class FileChecked(Record):
    """One build file: its targets, and what is wrong with the file itself.

    `sources` are the files whose functions ran. `inputs` are the absolute paths of all files that the result
    depends on, the file itself first, with digest and signature; `asked` are the facts that were asked
    for: name, argument, digest of the answer. `whole` says that nothing else counts; it does when a file
    was missing or a clone was read.
    """

    path: str
    root: str
    source: SourceFile | None
    diagnostics: tuple[Diagnostic, ...] = ()
    targets: tuple[Checked, ...] = ()
    sources: tuple[SourceFile, ...] = ()
    inputs: tuple[tuple[str, bytes, tuple[int, ...]], ...] = ()
    asked: tuple[tuple[str, str, bytes], ...] = ()
    whole: bool = False


class Bench:
    """One process's place to evaluate files: an engine, the facts, and what the files share.

    `alone`: the process does nothing else meanwhile. A file is a unit: whatever it does wrong is in its
    own result, but for what no process survives (see `workers`). Calls that hardly anybody asks for the
    places of come without, unless `placed`: then the target is run once more on a bench of that kind.
    """

    def __init__(
        self,
        facts: Facts,
        time_limit: float,
        roots: Roots | None = None,
        *,
        alone: bool = False,
        placed: bool = False,
    ) -> None:
        self.facts = facts
        self.time_limit = time_limit
        self.memory = Memory(facts)
        self._with_places = frozenset(builtin_names()) if placed else _PLACED
        self.engine = Engine(self._called, self._printed, alone=alone, packed=sorted(self._with_places))
        self._alone = alone
        self._placing: Bench | None = None
        self._began: Callable[[], None] = lambda: None
        self._right: set[bytes] = set()
        self._run: CheckRun | None = None
        self._runs: list[CheckRun] = []
        self.roots = roots or Roots()

    def check(self, path: str, began: Callable[[], None] = lambda: None) -> FileChecked:
        """Evaluate every target of a build file, each once. `began` is called before each.

        A target is a public function without arguments that calls `base()`; whether it does is found out
        by running it, and that run is the one that counts. The places of the calls are good until the
        next file is checked.
        """
        self._release()
        self._began = began
        made = self.read(path)
        if made.source is None:
            return made
        absolute = self.memory.absolute(path)
        folder = absolute.rpartition("/")[0] or "/"
        root = self.roots.of(folder).value
        targets: list[Checked] = []
        others = list(made.diagnostics)
        inputs: dict[str, None] = {name: None for name, _, _ in made.inputs}
        asked: dict[tuple[str, str], None] = {}
        sources: dict[SourceFile, None] = {made.source: None}
        whole = made.whole
        helpers = False
        for function in candidates(made.source) or ("",):
            began()
            run = self._evaluated(Target(path, function), absolute, root, made.source)
            self._runs.append(run)
            inputs.update(run.inputs)
            asked.update(run.recorder.asked)
            sources.update(dict.fromkeys([one.source for one in run.recorder.prepared.values()]))
            whole = whole and run.whole
            found = run.result()
            if function and any(call.function == "base" for call in found.value.calls):
                targets.append(self._checked(found, run.recorder.invented))
            elif has_errors(found.diagnostics):
                # A helper may return what no target can; then the call itself has no place.
                others += [one for one in found.diagnostics if one.code != "EC013"]
            elif function:
                helpers = True
        if not targets and not has_errors(others):
            others += without_target(path, helpers=helpers)
        self.memory.shared.pop(absolute, None)
        return made.replace(
            targets=tuple(targets),
            diagnostics=tuple(others),
            sources=tuple(sources),
            inputs=self.memory.inputs(inputs),
            asked=tuple([(*one, self.memory.world.digest(*one, folder)) for one in asked]),
            whole=whole,
        )

    def read(self, path: str) -> FileChecked:
        """Return a file without running it."""
        absolute = self.memory.absolute(path)
        root = self.roots.of(absolute.rpartition("/")[0] or "/")
        world = self.memory.world
        outside = refused_outside(path, world.real(absolute), world.real_folder(root.value.folder))
        if outside:
            outside = tuple([one.replace(path=path) for one in outside])
            return FileChecked(path, root.value.folder, None, root.diagnostics + outside)
        label = label_of(absolute, root.value.folder)
        self.memory.stamp(absolute)
        read = read_source(absolute, path, label)
        diagnostics = root.diagnostics + read.diagnostics
        if read.value is None:
            return FileChecked(path, root.value.folder, None, diagnostics)
        self.memory.keep(absolute, read.value.text)
        inputs = [absolute]
        config = root.value.config.path
        if config:
            inputs.append(config)
            if not self.memory.holds(config):
                self.memory.stamp(config)
                self.memory.keep(config, _text_of(config))
        return FileChecked(
            path,
            root.value.folder,
            read.value,
            diagnostics,
            sources=(read.value,),
            inputs=self.memory.inputs(inputs),
            whole=not root.diagnostics,
        )

    def _release(self) -> None:
        """Let go of the runs of the file before.

        A call holds its run, which holds its calls: without this only the garbage collector could free
        them, which is off in a worker.
        """
        for run in self._runs:
            run.recorder.release()
        self._runs.clear()
        if self._placing is not None:
            self._placing._release()

    def _checked(self, found: Result[Evaluation], invented: set[str]) -> Checked:
        evaluation = found.value
        # Most calls of envd's own functions were made in another file too, and were right there.
        unknown: list[RecordedCall] = []
        keys: list[bytes] = []
        for call in evaluation.calls:
            key = _call_key(call)
            if key is None or key not in self._right:
                unknown.append(call)
                keys += [key] if key else []
        lowered = lower(evaluation.replace(calls=tuple(unknown)))
        if not lowered.diagnostics and len(self._right) < MOST_RIGHT:
            self._right.update(keys)
        diagnostics = without_echoes(found.diagnostics + lowered.diagnostics)
        if invented and diagnostics:
            diagnostics = of_known_values(evaluation, diagnostics, invented)
        return Checked(evaluation, lowered.value, diagnostics, frozenset(invented))

    def _evaluated(self, target: Target, path: str, root: Root, source: SourceFile) -> CheckRun:
        folder, _, name = source.label[2:].rpartition("/")
        label = self.facts.given.get("target") or target_label(folder, name, target.function)
        for max_calls in (FEW_CALLS, MAX_CALLS):
            run = CheckRun(
                self.memory,
                self.engine,
                target,
                label,
                root,
                source=source,
                path=path,
                max_calls=max_calls,
                with_places=self._with_places,
                again=self._placed,
            )
            self._execute(run)
            if not any(found.code == "EC010" for found in run.diagnostics):
                break
        return run

    def _placed(self, run: CheckRun) -> Sequence[CallSite]:
        """Return the sites of all calls of a run, with their places."""
        if self._placing is None:
            self._placing = Bench(self.facts, self.time_limit, self.roots, alone=self._alone, placed=True)
        self._began()
        again = self._placing._evaluated(run.target, run.path, run.root, run.source)
        self._placing._runs.append(again)
        return again.recorder.sites

    def _execute(self, run: CheckRun) -> None:
        self._run = run
        try:
            run.execute(self.time_limit)
        finally:
            self._run = None

    def _called(self, function: str, args: list[object], kwargs: dict[str, object], frames: str) -> Answered:
        return self._run.recorder.called(function, args, kwargs, frames) if self._run else None

    def _printed(self, text: str) -> None:
        if self._run is not None:
            self._run.recorder.printed.append(text)


def _text_of(path: str) -> str:
    """Return a configuration file, "" when it cannot be read; what is wrong with it is said elsewhere."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""


def _call_key(call: RecordedCall) -> bytes | None:
    """Return what a call of envd's own functions says; None where it may depend on other calls."""
    if call.function.startswith("cache.") or call.function in _TIED:
        return None
    try:
        return marshal.dumps((call.function, call.args, call.kwargs), 2)  # type: ignore[arg-type]
    except ValueError:
        return None  # a secret, a function
