"""Runs a build file. The only module that imports starlark, and one file because of that.

One `Interpreter` holds the frozen prelude and runs one target at a time. Its sink, the one Python
function behind every builtin, records calls and answers questions about facts; it never raises, because
the interpreter would turn any exception into a text. Where a file loads others, they are evaluated
first, so that every load that fails is reported and not only the first.
"""

from __future__ import annotations

import os
from time import monotonic

import starlark

from envd_cache.catalog import BACKENDS
from envd_cache.diagnostics import ERROR, Diagnostic, Label, Result, has_errors
from envd_cache.evaluate import prelude
from envd_cache.evaluate.deep_thread import FEW_CALLS, MAX_CALLS, in_deep_thread
from envd_cache.evaluate.dialect import ascii_name, dialect, prepare
from envd_cache.evaluate.loader import Files
from envd_cache.evaluate.model import Evaluation
from envd_cache.evaluate.recorder import Recorder
from envd_cache.evaluate.traceback import parse_error
from envd_cache.source import Location, SourceFile, Span, Target, target_label

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from envd_cache.config import Root
    from envd_cache.evaluate.facts import Facts
    from envd_cache.evaluate.traceback import RawError

TIME_LIMIT = 10.0

_PRELUDE = "@prelude"

# The one value of envd's that depends on what is built: the absolute path of the build file's folder.
_CONTEXT_FOLDER = "_build_context_dir"

# envd 1.3.6 looks at the first line for exactly this text.
_OLD_SYNTAX = "# syntax=v0"

_DECLARING = frozenset(
    f"{prelude.NAMESPACE}.{name}" for name in ("none", *(backend.name for backend in BACKENDS))
)


class Interpreter:
    """Evaluates targets of build files, one after the other, with one prelude."""

    def __init__(self, *, alone: bool = False) -> None:
        """`alone`: the process does nothing else meanwhile, which allows a quicker start."""
        self._alone = alone
        with self._border():
            self._build()

    def _border(self) -> AbstractContextManager[None]:
        if self._alone:
            from envd_cache.evaluate.quick_json import QuickJson  # noqa: PLC0415 - not for a library

            return QuickJson()
        from contextlib import nullcontext  # noqa: PLC0415

        return nullcontext()

    def _build(self) -> None:
        self._functions = prelude.functions()
        self._run: _Run | None = None
        text, names = prelude.source()
        module = starlark.Module()
        module.add_callable("_sink", self._sink)
        module.add_callable("_print", self._print)
        extensions = starlark.LibraryExtension
        own = starlark.Globals.extended_by([extensions.StructType, extensions.Debug, extensions.CallStack])
        starlark.eval(module, starlark.parse(_PRELUDE, text), own)
        self.prelude = module.freeze()
        self.globals = starlark.Globals.standard()
        self._own_globals = own
        self.dialect = dialect(starlark.Dialect.standard)
        quoted = ", ".join(f'{name} = "{prelude.public(name)}"' for name in names)
        self._inject = starlark.parse("@inject", f'load("{_PRELUDE}", {quoted})', self.dialect)

    def evaluate(
        self, target: Target, root: Root, facts: Facts, time_limit: float = TIME_LIMIT
    ) -> Result[Evaluation]:
        """Return what one target does. Errors never raise; what was recorded before one is kept.

        The top level runs, then the function, without arguments; when neither declares a cache and the
        repository has a default, that runs too.
        """
        path = os.path.abspath(target.path)
        relative = os.path.relpath(path, root.folder).replace(os.sep, "/")
        folder, _, name = relative.rpartition("/")
        label = facts.given.get("target") or target_label(folder, name, target.function)
        # The interpreter clears room for every call that it allows: 2 ms for as many as envd allows.
        # Hardly a file calls deeper than a few, so the deep one is run again.
        run = self._executed(_Run(self, target, label, root, facts, max_calls=FEW_CALLS), time_limit)
        if any(found.code == "EC010" for found in run.diagnostics):
            run = self._executed(_Run(self, target, label, root, facts, max_calls=MAX_CALLS), time_limit)
        return run.result()

    def _executed(self, run: _Run, time_limit: float) -> _Run:
        self._run = run
        try:
            with self._border():
                in_deep_thread(lambda: run.execute(time_limit), run.interrupt)
        finally:
            self._run = None
        return run

    def module(self) -> starlark.Module:
        """Return a fresh module in which the builtins are known."""
        made = starlark.Module()
        loader = starlark.FileLoader(lambda _: self.prelude)
        starlark.eval(made, self._inject, self.globals, loader)
        return made

    def refusal(self, module: starlark.FrozenModule, name: str) -> str:
        """Return why a name cannot be loaded from a module, "" when it can."""
        probe = starlark.parse("@probe", f'load("@probed", probe = "{name}")', self.dialect)
        try:
            starlark.eval(starlark.Module(), probe, self.globals, starlark.FileLoader(lambda _: module))
        except starlark.StarlarkError as error:
            return str(error)
        return ""

    def define_include(
        self, module: starlark.Module, text: str, loaded: dict[str, starlark.FrozenModule]
    ) -> None:
        """Define the `include` of a text in a module, over the prelude's."""
        made = starlark.Module()
        loader = starlark.FileLoader(loaded.__getitem__)
        starlark.eval(made, starlark.parse("@include", text), self._own_globals, loader)
        frozen = made.freeze()
        inject = starlark.parse("@inject", 'load("@include", "include")', self.dialect)
        starlark.eval(module, inject, self.globals, starlark.FileLoader(lambda _: frozen))

    def _sink(self, number: int, args: list[object], kwargs: dict[str, object], frames: list[str]) -> object:
        run = self._run
        if run is None:
            return None
        answer = run.recorder.called(self._functions[number], args, kwargs, frames)
        if answer is None or isinstance(answer, str):
            return answer
        return starlark.OpaquePythonObject(answer)

    def _print(self, text: str) -> None:
        if self._run is not None:
            self._run.recorder.printed.append(text)


class _Run:
    """The state of one evaluation."""

    def __init__(
        self,
        interpreter: Interpreter,
        target: Target,
        label: str,
        root: Root,
        facts: Facts,
        *,
        max_calls: int,
    ) -> None:
        self.interpreter = interpreter
        self._max_calls = max_calls
        self.target = target
        self.label = label
        self.root = root
        self.facts = facts
        self.files = Files(root.folder, target.path)
        self.recorder = Recorder(label, facts, os.path.dirname(os.path.abspath(target.path)))
        self.diagnostics = self.recorder.diagnostics
        self.by_default = ""
        self._source: SourceFile | None = None
        self._modules: dict[str, starlark.FrozenModule | None] = {}
        self._loading: list[str] = []
        self._deadline = 0.0
        self._limit = 0.0
        self._late = False
        self.interrupted = False

    def interrupt(self) -> None:
        """Stop the interpreter at its next step; a person pressed Ctrl-C."""
        self.interrupted = True

    def result(self) -> Result[Evaluation]:
        evaluation = Evaluation(
            self.target,
            self.label,
            self._source,
            tuple(self.recorder.calls),
            tuple(self.recorder.facts_read),
            tuple(self.recorder.printed),
            self.by_default,
        )
        return Result(evaluation, tuple(self.diagnostics))

    # ---- running ----

    def execute(self, time_limit: float) -> None:
        self._deadline = monotonic() + time_limit
        self._limit = time_limit
        read = self.files.read(self.target.path)
        self.diagnostics += read.diagnostics
        self._source = read.value
        if read.value is None:
            return
        if read.value.text.startswith(_OLD_SYNTAX):
            location = Location(read.value, Span(0, len(_OLD_SYNTAX)))
            message = "v0 is no longer supported in envd v1"
            hint = "write `# syntax=v1`, and the file in that syntax"
            self.diagnostics.append(Diagnostic("EC018", ERROR, message, location, hint=hint))
            return
        module = self._module_of(read.value, os.path.abspath(self.target.path))
        if module is None:
            return
        self._call(module, self.target.function, read.value)
        if self.root.config.defaults and not self._declares() and not has_errors(self.diagnostics):
            self._call_defaults(self.root.config.defaults)

    def _declares(self) -> bool:
        return any(call.function in _DECLARING for call in self.recorder.calls)

    def _call_defaults(self, defaults: str) -> None:
        path, _, function = defaults.rpartition(":")
        config = self.root.config.path
        resolved = self.files.resolve(path, SourceFile(config, ""))
        if resolved.diagnostics:
            self.diagnostics += (problem.replace(path=config) for problem in resolved.diagnostics)
            return
        read = self.files.read(resolved.value)
        if read.value is None:
            hint = f"`defaults` in {config} names it"
            self.diagnostics += (problem.replace(hint=problem.hint or hint) for problem in read.diagnostics)
            return
        module = self._module_of(read.value, resolved.value)
        if module is not None:
            self.by_default = defaults
            before = len(self.diagnostics)
            self._call(module, function, read.value)
            self.diagnostics[before:] = [
                found.replace(hint=f"{config} names it as the default") if found.code == "EC013" else found
                for found in self.diagnostics[before:]
            ]

    def _module_of(self, source: SourceFile, path: str) -> starlark.FrozenModule | None:
        """Return a file's frozen module, evaluating what it loads first; None when something failed."""
        real = os.path.realpath(path)
        if real in self._modules:
            return self._modules[real]
        self._loading.append(real)
        module = self._evaluate_file(source)
        self._loading.pop()
        self._modules[real] = module
        return module

    def _evaluate_file(self, source: SourceFile) -> starlark.FrozenModule | None:
        prepared = prepare(source)
        self.diagnostics += prepared.diagnostics
        if has_errors(prepared.diagnostics):
            return None
        file = f"#{len(self.recorder.prepared)}"
        self.recorder.prepared[file] = prepared.value
        try:
            tree = starlark.parse(file, prepared.value.text, self.interpreter.dialect)
        except starlark.StarlarkError as error:
            from envd_cache.evaluate.explain_error import LARGE  # noqa: PLC0415 - only for problems
            from envd_cache.syntax.parse import parse  # noqa: PLC0415 - loads lark

            # Our own grammar finds all syntax errors and says what was expected. It takes seconds for a
            # very large file, of which one error is enough.
            found = parse(source).diagnostics if len(source.text) <= LARGE else ()
            self.diagnostics += found or self._explained(str(error))
            return None
        loads = tree.loads()
        loaded = self._loads(loads, source)
        if loaded is None:
            return None
        module = self.interpreter.module()
        if _CONTEXT_FOLDER in source.text:
            module[_CONTEXT_FOLDER] = os.path.dirname(os.path.abspath(self.target.path))
        if "include" in source.text:
            self._define_include(module, source)
        loader = starlark.FileLoader(loaded.__getitem__)

        def evaluate() -> None:
            starlark.eval_with(self.options(), module, tree, self.interpreter.globals, loader)

        if self._guarded(evaluate):
            return module.freeze()
        if self.diagnostics[-1].code == "EC015":
            self.diagnostics[-1:] = self._missing_names(loads, loaded, source) or self.diagnostics[-1:]
        return None

    def _missing_names(
        self,
        loads: Sequence[starlark.AstLoad],
        loaded: Mapping[str, starlark.FrozenModule],
        source: SourceFile,
    ) -> list[Diagnostic]:
        """Return a diagnostic for every name that a file loads and that is not there."""
        found: list[Diagnostic] = []
        for load in loads:
            for name in load.symbols.values() if load.module_id in loaded else ():
                text = "" if name.startswith("_") else self.interpreter.refusal(loaded[load.module_id], name)
                if text:
                    location = self._load_location(source, load.module_id, name)
                    message = f"`{load.module_id}` has no `{name}`"
                    found.append(self._explained(text)[0].replace(message=message, location=location))
        return found

    def options(self) -> starlark.EvalOptions:
        return starlark.EvalOptions(check_cancelled=self._check, max_callstack_size=self._max_calls)

    def _check(self) -> bool:
        # True stops the interpreter with an error that says where it was.
        self._late = monotonic() > self._deadline
        return self._late or self.interrupted

    def _call(self, module: starlark.FrozenModule, function: str, source: SourceFile) -> None:
        def call() -> None:
            module.call_with(self.options(), ascii_name(function))

        def instead(raw: RawError) -> Diagnostic | None:
            from envd_cache.evaluate.explain_error import not_a_target  # noqa: PLC0415 - only for problems

            return None if raw.file else not_a_target(source, function, raw)

        calls = self.recorder.calls
        before = len(calls)
        if not self._guarded(call, instead):
            return
        # `build = base` runs the builtin itself: one call, without a place in any file.
        if len(calls) == before + 1 and not calls[before].site.frames:
            del calls[before:]
            message = f"`{function}` is not a function"
            self.diagnostics.append(Diagnostic("EC013", ERROR, message, path=source.path))

    def _guarded(
        self,
        action: Callable[[], object],
        instead: Callable[[RawError], Diagnostic | None] = lambda _: None,
    ) -> bool:
        """Run the interpreter; turn what it raises into a diagnostic and say whether it came through.

        `instead` may have a better diagnostic for an error.
        """
        try:
            action()
        except starlark.StarlarkError as error:
            self.diagnostics += self._explained(str(error), instead)
            return False
        except BaseException as error:
            # pyo3's PanicException derives from BaseException: the interpreter gave up on a value that
            # is too large for it. Everything else is a fault of ours and goes on.
            if type(error).__name__ != "PanicException":
                raise
            path = self._source.path if self._source else self.target.path
            message = "the interpreter gave up: a value became too large"
            self.diagnostics.append(Diagnostic("EC008", ERROR, message, path=path))
            return False
        return True

    def _explained(
        self, text: str, instead: Callable[[RawError], Diagnostic | None] = lambda _: None
    ) -> tuple[Diagnostic, ...]:
        from envd_cache.evaluate import explain_error  # noqa: PLC0415 - only for problems

        raw = parse_error(text)
        if (where := self.recorder.prepared.get(raw.file)) is not None:
            raw = raw.replace(message=where.original_names(raw.message))
        if self._late:
            path = self._source.path if self._source else self.target.path
            return (explain_error.too_long(raw, self.recorder.place, self._limit, path),)
        better = instead(raw)
        return (better,) if better else explain_error.explained(raw, text, self.recorder.place)

    # ---- loads ----

    def _loads(
        self, loads: Sequence[starlark.AstLoad], source: SourceFile
    ) -> Mapping[str, starlark.FrozenModule] | None:
        modules: dict[str, starlark.FrozenModule] = {}
        failed = False
        for load in loads:
            module = self._load(load.module_id, source)
            if module is None:
                failed = True
            else:
                modules[load.module_id] = module
            for name in load.symbols.values():
                if name.startswith("_"):
                    failed = True
                    hint = f"rename it to `{name.lstrip('_')}` to share it"
                    message = f"`{name}` is private to `{load.module_id}`"
                    location = self._load_location(source, load.module_id, name)
                    self.diagnostics.append(Diagnostic("EC015", ERROR, message, location, hint=hint))
        if failed:
            self.diagnostics += self._missing_names(loads, modules, source)
            return None
        return modules

    def _load(self, module_id: str, importer: SourceFile) -> starlark.FrozenModule | None:
        resolved = self.files.resolve(module_id, importer)
        diagnostics = resolved.diagnostics
        if not diagnostics:
            real = os.path.realpath(resolved.value)
            if real in self._loading:
                message = f"`{module_id}` loads itself, directly or through other files"
                diagnostics = (
                    Diagnostic("EC014", ERROR, message, hint="move what both need to a third file"),
                )
            else:
                read = self.files.read(resolved.value)
                if read.value is not None:
                    return self._module_of(read.value, resolved.value)
                diagnostics = read.diagnostics
        location = self._load_location(importer, module_id)
        for problem in diagnostics:
            if problem.location is None:
                self.diagnostics.append(problem.replace(location=location, path=""))
            else:
                labels = (Label(location, "loaded here"),) if location else ()
                self.diagnostics.append(problem.replace(labels=problem.labels + labels))
        return None

    def _load_location(self, source: SourceFile, module_id: str, name: str = "") -> Location | None:
        from envd_cache.syntax.calls import load_span  # noqa: PLC0415 - loads lark

        span = load_span(source, module_id, name)
        return Location(source, span) if span else None

    def _define_include(self, module: starlark.Module, source: SourceFile) -> None:
        """Define `include` in a module, from the clones that envd keeps of what the file includes."""
        from envd_cache.evaluate import include  # noqa: PLC0415 - hardly a file includes

        loaded = {_PRELUDE: self.interpreter.prelude}
        included: dict[str, dict[str, tuple[str, ...]]] = {}
        for url in include.included_names(source.text):
            for path in include.clone_files(self.facts.clones, url):
                read = self.files.read(path)
                self.diagnostics += read.diagnostics
                if read.value is None or os.path.realpath(path) in self._loading:
                    continue
                made = self._module_of(read.value, path)
                if made is not None:
                    name = f"@included/{len(loaded)}"
                    loaded[name] = made
                    included.setdefault(url, {})[name] = include.public_names(read.value.text)
        self.interpreter.define_include(module, include.include_source(source.text, included), loaded)
