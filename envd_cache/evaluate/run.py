"""One evaluation of one target: reads and runs its files, and turns what goes wrong into diagnostics.

Where a file loads others, they are evaluated first, so that every load that fails is reported and not
only the first.
"""

from __future__ import annotations

import os
from time import monotonic

from envd_cache.catalog import BACKEND_NAMES
from envd_cache.diagnostics import ERROR, Diagnostic, Label, Result, has_errors
from envd_cache.evaluate.dialect import prepare
from envd_cache.evaluate.engine import PRELUDE, Refused
from envd_cache.evaluate.loader import Files, default_hint, read_default
from envd_cache.evaluate.model import Evaluation
from envd_cache.evaluate.prelude import NAMESPACE
from envd_cache.evaluate.recorder import Recorder
from envd_cache.source import Location, SourceFile, Span, Target
from envd_cache.syntax.scan import unify_newlines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from envd_cache.config import Root
    from envd_cache.evaluate.engine import Engine, Load, Module, Options, Scope
    from envd_cache.evaluate.model import Facts
    from envd_cache.evaluate.traceback import RawError

# The one value of envd's that depends on what is built: the absolute path of the build file's folder.
_CONTEXT_FOLDER = "_build_context_dir"

# envd 1.3.6 looks at the first line for exactly this text.
_OLD_SYNTAX = "# syntax=v0"

_DECLARING = frozenset([f"{NAMESPACE}.{name}" for name in ("none", *BACKEND_NAMES)])


class Run:
    """The state of one evaluation. A run records what it can and never raises for a bad file."""

    def __init__(
        self,
        engine: Engine,
        target: Target,
        label: str,
        root: Root,
        facts: Facts,
        *,
        max_calls: int,
        path: str = "",
        files: Files | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        """Set up a run; `path` is the absolute path of the target's file, if it is known."""
        self._engine = engine
        self._max_calls = max_calls
        self.path = path or os.path.abspath(target.path)
        self.target = target
        self.label = label
        self.root = root
        self.facts = facts
        self.files = files or Files(root.folder, target.path)
        self.recorder = recorder or Recorder(label, facts, os.path.dirname(self.path))
        self.diagnostics = self.recorder.diagnostics
        self.by_default = ""
        self._source: SourceFile | None = None
        self._modules: dict[str, Module | None] = {}
        self._loading: list[str] = []
        self._deadline = 0.0
        self._limit = 0.0
        self._late = False
        self.interrupted = False

    def interrupt(self) -> None:
        """Stop the interpreter at its next step; a person pressed Ctrl-C."""
        self.interrupted = True

    def result(self) -> Result[Evaluation]:
        """Return what was recorded, and everything that went wrong."""
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
        """Run the top level, the function, and the repository's default if nothing was declared."""
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
        module = self._module_of(read.value, self.path)
        if module is None:
            return
        self._call(module, self.target.function, read.value)
        if self.root.config.defaults and not self._declares() and not has_errors(self.diagnostics):
            self._call_defaults(self.root.config.defaults)

    def _declares(self) -> bool:
        return any(call.function in _DECLARING for call in self.recorder.calls)

    def _call_defaults(self, defaults: str) -> None:
        config = self.root.config
        read = read_default(self.files, config)
        self.diagnostics += read.diagnostics
        if read.value is None:
            return
        path, source = read.value
        module = self._module_of(source, path)
        if module is not None:
            self.by_default = defaults
            before = len(self.diagnostics)
            self._call(module, defaults.rpartition(":")[2], source)
            self.diagnostics[before:] = [
                found.replace(hint=default_hint(config)) if found.code == "EC013" else found
                for found in self.diagnostics[before:]
            ]

    def _module_of(self, source: SourceFile, path: str) -> Module | None:
        """Return a file's frozen module, evaluating what it loads first; None when something failed."""
        real = os.path.realpath(path)
        if real in self._modules:
            return self._modules[real]
        self._loading.append(real)
        module = self._evaluate_file(source)
        self._loading.pop()
        self._modules[real] = module
        return module

    def _evaluate_file(self, source: SourceFile) -> Module | None:
        prepared = prepare(source)
        self.diagnostics += prepared.diagnostics
        if has_errors(prepared.diagnostics):
            return None
        file = f"#{len(self.recorder.prepared)}"
        self.recorder.prepared[file] = prepared.value
        try:
            tree, loads = self._engine.parse(file, prepared.value.text)
        except Refused as error:
            from envd_cache.evaluate.explain_error import LARGE  # noqa: PLC0415 - only for problems
            from envd_cache.syntax.parse import parse  # noqa: PLC0415 - loads lark

            # Our own grammar finds all syntax errors and says what was expected. It takes seconds for a
            # very large file, of which one error is enough.
            found = parse(source).diagnostics if len(source.text) <= LARGE else ()
            self.diagnostics += found or self._explained(str(error))
            return None
        loaded = self._loads(loads, source)
        if loaded is None:
            return None
        scope = self._engine.scope()
        if _CONTEXT_FOLDER in source.text:
            scope[_CONTEXT_FOLDER] = os.path.dirname(self.path)
        if "include" in source.text:
            self._define_include(scope, source)
        if self._guarded(lambda: self._engine.evaluate(scope, tree, loaded, self._options())):
            return scope.freeze()
        if self.diagnostics[-1].code == "EC015":
            self.diagnostics[-1:] = self._missing_names(loads, loaded, source) or self.diagnostics[-1:]
        return None

    def _missing_names(
        self,
        loads: Sequence[Load],
        loaded: Mapping[str, Module],
        source: SourceFile,
    ) -> list[Diagnostic]:
        """Return a diagnostic for every name that a file loads and that is not there."""
        found: list[Diagnostic] = []
        for load in loads:
            for name in load.symbols.values() if load.module_id in loaded else ():
                text = "" if name.startswith("_") else self._engine.refusal(loaded[load.module_id], name)
                if text:
                    location = self._load_location(source, load.module_id, name)
                    message = f"`{load.module_id}` has no `{name}`"
                    found.append(self._explained(text)[0].replace(message=message, location=location))
        return found

    def _options(self) -> Options:
        return self._engine.options(self._check, self._max_calls)

    def _check(self) -> bool:
        # True stops the interpreter with an error that says where it was.
        self._late = monotonic() > self._deadline
        return self._late or self.interrupted

    def _call(self, module: Module, function: str, source: SourceFile) -> None:
        def instead(raw: RawError) -> Diagnostic | None:
            from envd_cache.evaluate.explain_error import not_a_target  # noqa: PLC0415 - only for problems

            return None if raw.file else not_a_target(source, function, raw)

        name = function
        if not name.isascii():
            from envd_cache.evaluate.names import ascii_name  # noqa: PLC0415 - such names are rare

            name = ascii_name(name)
        calls = self.recorder.calls
        before = len(calls)
        if not self._guarded(lambda: self._engine.call(module, name, self._options()), instead):
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
        except Refused as error:
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
        from envd_cache.evaluate.traceback import parse_error  # noqa: PLC0415 - only for problems

        raw = parse_error(text)
        if (where := self.recorder.prepared.get(raw.file)) is not None:
            raw = raw.replace(message=where.original_names(raw.message))
        if self._late:
            path = self._source.path if self._source else self.target.path
            return (explain_error.too_long(raw, self.recorder.place, self._limit, path),)
        better = instead(raw)
        return (better,) if better else explain_error.explained(raw, text, self.recorder.place)

    # ---- loads ----

    def _loads(self, loads: Sequence[Load], source: SourceFile) -> Mapping[str, Module] | None:
        modules: dict[str, Module] = {}
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

    def _load(self, module_id: str, importer: SourceFile) -> Module | None:
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
                hint = problem.hint
                if problem.message.endswith("does not exist") and not hint.startswith("did you mean"):
                    hint = "`//` starts at the root of the repository, other paths in the folder of this file"
                self.diagnostics.append(problem.replace(location=location, path="", hint=hint))
            else:
                labels = (Label(location, "loaded here"),) if location else ()
                self.diagnostics.append(problem.replace(labels=problem.labels + labels))
        return None

    def _load_location(self, source: SourceFile, module_id: str, name: str = "") -> Location | None:
        from envd_cache.syntax.calls import load_span  # noqa: PLC0415 - loads lark

        span = load_span(source, module_id, name)
        return Location(source, span) if span else None

    def _define_include(self, scope: Scope, source: SourceFile) -> None:
        """Define `include` in a module, from the clones that envd keeps of what the file includes."""
        from envd_cache.evaluate import include  # noqa: PLC0415 - hardly a file includes

        loaded = {PRELUDE: self._engine.prelude}
        included: dict[str, dict[str, str]] = {}
        text = unify_newlines(source.text)
        for url in include.included_names(text):
            for path in include.clone_files(self.facts.clones, url):
                read = self.files.read(path)
                self.diagnostics += read.diagnostics
                if read.value is None or os.path.realpath(path) in self._loading:
                    continue
                made = self._module_of(read.value, path)
                if made is not None:
                    name = f"@included/{len(loaded)}"
                    loaded[name] = made
                    # Of two files that define one name, envd has that of the later.
                    included.setdefault(url, {}).update(
                        (public, name)
                        for public in include.public_names(unify_newlines(read.value.text))
                        if not self._engine.refusal(made, public)
                    )
        self._engine.define_include(scope, include.include_source(text, included), loaded)
