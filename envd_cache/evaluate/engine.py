"""The border to starlark-pyo3: the only module that imports it. Knows values and texts, no diagnostics."""

from __future__ import annotations

import starlark

from envd_cache.evaluate import prelude
from envd_cache.evaluate.dialect import dialect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from typing import TypeAlias

    from envd_cache.catalog.model import DataSource, Secret

    Load: TypeAlias = starlark.AstLoad
    Module: TypeAlias = starlark.FrozenModule
    Options: TypeAlias = starlark.EvalOptions
    Scope: TypeAlias = starlark.Module
    Tree: TypeAlias = starlark.AstModule
    Answer: TypeAlias = str | Secret | DataSource | None
    Sink: TypeAlias = Callable[[str, list[object], dict[str, object], list[str]], Answer]

# What the interpreter raises, for syntax and at run time; its text has the message and the place.
Refused = starlark.StarlarkError

PRELUDE = "@prelude"


class Engine:
    """One interpreter with the frozen prelude.

    `sink` is called for every call of a builtin: its name, its values as `_plain` of the prelude made
    them, and the places of the calls on the stack. `printed` gets what a file prints. Neither may raise,
    because the interpreter would turn any exception into a text. `alone`: the process does nothing else
    meanwhile, which allows a quicker start.
    """

    def __init__(self, sink: Sink, printed: Callable[[str], None], *, alone: bool) -> None:
        self._alone = alone
        self._sink = sink
        self._printed = printed
        with self.border():
            self._build()

    def border(self) -> AbstractContextManager[None]:
        """Return what must be around every use of the engine."""
        if self._alone:
            from envd_cache.evaluate.quick_json import QuickJson  # noqa: PLC0415 - not for a library

            return QuickJson()
        from contextlib import nullcontext  # noqa: PLC0415 - not for the command line

        return nullcontext()

    def _build(self) -> None:
        self._functions = prelude.functions()
        text, names = prelude.source()
        module = starlark.Module()
        module.add_callable("_sink", self._called)
        module.add_callable("_print", self._printed)
        extensions = starlark.LibraryExtension
        own = starlark.Globals.extended_by([extensions.StructType, extensions.Debug, extensions.CallStack])
        starlark.eval(module, starlark.parse(PRELUDE, text), own)
        self.prelude = module.freeze()
        self._globals = starlark.Globals.standard()
        self._own_globals = own
        self._dialect = dialect(starlark.Dialect.standard)
        quoted = ", ".join(f'{name} = "{prelude.public(name)}"' for name in names)
        self._inject = starlark.parse("@inject", f'load("{PRELUDE}", {quoted})', self._dialect)

    def _called(
        self, number: int, args: list[object], kwargs: dict[str, object], frames: list[str]
    ) -> object:
        answer = self._sink(self._functions[number], args, kwargs, frames)
        if answer is None or isinstance(answer, str):
            return answer
        return starlark.OpaquePythonObject(answer)

    def options(self, stop: Callable[[], bool], max_calls: int) -> Options:
        """Return how to run: `stop` is asked between operations, `max_calls` is the depth of the stack."""
        return starlark.EvalOptions(check_cancelled=stop, max_callstack_size=max_calls)

    def parse(self, file: str, text: str) -> tuple[Tree, Sequence[Load]]:
        """Return a text's tree and its loads. Raises `Refused` for what the interpreter cannot read."""
        tree = starlark.parse(file, text, self._dialect)
        return tree, tree.loads()

    def evaluate(self, scope: Scope, tree: Tree, loaded: Mapping[str, Module], options: Options) -> None:
        """Run a tree in a scope. Raises `Refused`; the tree is used up."""
        loader = starlark.FileLoader(loaded.__getitem__)
        starlark.eval_with(options, scope, tree, self._globals, loader)

    def call(self, module: Module, function: str, options: Options) -> None:
        """Call a function of a module without arguments. Raises `Refused`."""
        module.call_with(options, function)

    def scope(self) -> Scope:
        """Return a fresh scope in which the builtins are known."""
        made = starlark.Module()
        loader = starlark.FileLoader(lambda _: self.prelude)
        starlark.eval(made, self._inject, self._globals, loader)
        return made

    def refusal(self, module: Module, name: str) -> str:
        """Return why a name cannot be loaded from a module, "" when it can."""
        probe = starlark.parse("@probe", f'load("@probed", probe = "{name}")', self._dialect)
        try:
            starlark.eval(starlark.Module(), probe, self._globals, starlark.FileLoader(lambda _: module))
        except starlark.StarlarkError as error:
            return str(error)
        return ""

    def define_include(self, scope: Scope, text: str, loaded: dict[str, Module]) -> None:
        """Define the `include` of a text in a scope, over the prelude's."""
        made = starlark.Module()
        loader = starlark.FileLoader(loaded.__getitem__)
        starlark.eval(made, starlark.parse("@include", text), self._own_globals, loader)
        frozen = made.freeze()
        inject = starlark.parse("@inject", 'load("@include", "include")', self._dialect)
        starlark.eval(scope, inject, self._globals, starlark.FileLoader(lambda _: frozen))
