"""The border to starlark-pyo3: the only module that imports it. Knows values and texts, no diagnostics."""

from __future__ import annotations

import sys

import starlark

from envd_cache.evaluate import prelude
from envd_cache.evaluate.dialect import dialect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from contextlib import AbstractContextManager
    from types import ModuleType
    from typing import Any, TypeAlias

    from envd_cache.catalog.model import DataSource, Secret

    Load: TypeAlias = starlark.AstLoad
    Module: TypeAlias = starlark.FrozenModule
    Options: TypeAlias = starlark.EvalOptions
    Scope: TypeAlias = starlark.Module
    Tree: TypeAlias = starlark.AstModule
    Answer: TypeAlias = str | Secret | DataSource | None
    Sink: TypeAlias = Callable[[str, list[object], dict[str, object], str], Answer]

# What the interpreter raises, for syntax and at run time; its text has the message and the place.
Refused = starlark.StarlarkError

PRELUDE = "@prelude"


class Engine:
    """One interpreter with the frozen prelude.

    `sink` is called for every call of a builtin: its name, its values as `_plain` of the prelude made
    them, and debug texts of the places of the calls on the stack, with `|` between them. `printed` gets
    what a file prints. Neither may raise, because the interpreter would turn any exception into a text.
    `alone`: the process does nothing else meanwhile, which allows a quicker start. With `packed` all
    values of a call go over the border in one text, which pays where many files are evaluated; only the
    calls of the builtins that it names come with places then, which take longer than all the rest.
    """

    def __init__(
        self,
        sink: Sink,
        printed: Callable[[str], None],
        *,
        alone: bool,
        packed: Collection[str] | None = None,
    ) -> None:
        self._alone = alone
        self._packed = packed
        self._sink = sink
        self._printed = printed
        with self.border():
            self._build()

    def border(self) -> AbstractContextManager[None]:
        """Return what must be around every use of the engine."""
        if self._alone:
            return _QuickJson()
        from contextlib import nullcontext  # noqa: PLC0415 - not for the command line

        return nullcontext()

    def _build(self) -> None:
        packed = self._packed is not None
        text, names = prelude.source(self._packed)
        module = starlark.Module()
        module.add_callable("_sink", self._called_packed if packed else self._called)
        module.add_callable("_print", self._printed)
        extensions = starlark.LibraryExtension
        needed = [extensions.StructType, extensions.Partial, extensions.Debug, extensions.CallStack]
        if packed:
            needed.append(extensions.Json)
        own = starlark.Globals.extended_by(needed)
        starlark.eval(module, starlark.parse(PRELUDE, text), own)
        self.prelude = module.freeze()
        self._globals = starlark.Globals.standard()
        self._own_globals = own
        self._dialect = dialect(starlark.Dialect.standard)
        quoted = ", ".join(f'{name} = "{prelude.public(name)}"' for name in names)
        self._inject = starlark.parse("@inject", f'load("{PRELUDE}", {quoted})', self._dialect)

    def _called(self, places: str, args: list[object], kwargs: dict[str, object]) -> object:
        function, _, frames = places.partition("|")
        answer = self._sink(function, args, kwargs, frames)
        if answer is None:
            return 0
        return answer if isinstance(answer, str) else starlark.OpaquePythonObject(answer)

    def _called_packed(
        self, text: str, args: list[object] | None = None, kwargs: dict[str, object] | None = None
    ) -> object:
        if args is not None and kwargs is not None:
            return self._called(text, args, kwargs)
        places, _, values = text.partition("|[")
        found: list[Any] = _scan("[" + values)  # type: ignore[assignment]
        kwargs = found.pop()
        return self._called(places, found, kwargs)

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


# ---- values over the border ----

_WORDS = {"null": None, "true": True, "false": False}

# What the C scanner wants to know; the values of `json.JSONDecoder()`.
_CONTEXT = type(sys.implementation)(  # type: ignore[call-arg]
    strict=True,
    object_hook=None,
    object_pairs_hook=None,
    parse_float=float,
    parse_int=int,
    parse_constant=float,
    memo={},
)
_scanner: Callable[[str, int], tuple[object, int]] | None = None

# Python looks whether a module is only half imported each time that somebody imports it. Where it does
# not find out, it makes an exception and drops it, which takes longer than all the rest.
_IMPORTED = type(sys.implementation)(_initializing=False)  # type: ignore[call-arg]


class _QuickJson:
    """A stand-in for `json` inside a `with` statement, for a process that does nothing else.

    starlark-pyo3 2026.1 takes every value over its border through `json.loads` and `json.dumps`, one
    scalar at a time. Importing `json` costs 4 ms (it compiles regular expressions), a quarter of a whole
    compile. The stand-in has those two functions, reads plain texts itself and gives the others to json's
    own C scanner. It is in `sys.modules` only inside the statement, and only if nobody has imported
    `json` before. The command line asks for it; a program that uses the package as a library never gets
    it, because its other threads could import it.
    """

    def __init__(self) -> None:
        self._module: ModuleType | None = None

    def __enter__(self) -> None:
        if "json" in sys.modules:
            return
        self._module = type(sys)("json")
        vars(self._module).update(loads=_loads, dumps=_dumps, __spec__=_IMPORTED)
        sys.modules["json"] = self._module

    def __exit__(self, *_: object) -> None:
        if self._module is not None and sys.modules.get("json") is self._module:
            del sys.modules["json"]
        self._module = None


def _loads(text: str) -> object:
    """Read one scalar as `json.loads` does."""
    if text[0] == '"':
        inner = text[1:-1]
        if "\\" not in inner:
            return inner
        if inner.count("\\") == inner.count('\\"'):  # nothing but quotes is escaped
            return inner.replace('\\"', '"')
    elif text in _WORDS:
        return _WORDS[text]
    elif text.isdigit():
        return int(text)
    return _scan(text)


def _scan(text: str) -> object:
    """Read any JSON without blanks in front."""
    global _scanner  # noqa: PLW0603 - made when it is first needed
    if _scanner is None:
        try:
            from _json import make_scanner  # noqa: PLC0415 - hardly a text needs it
        except ImportError:
            return _json_itself().loads(text)
        # Typeshed wants a decoder; the scanner itself takes any object with these names.
        _scanner = make_scanner(_CONTEXT)  # type: ignore[arg-type]
    return _scanner(text, 0)[0]


def _dumps(value: object) -> str:
    """Write one scalar as `json.dumps` does: a text, a bool or None."""
    if type(value) is not str:
        return "null" if value is None else "true" if value else "false"
    if value.isascii() and value.isprintable() and '"' not in value and "\\" not in value:
        return f'"{value}"'
    try:
        from _json import encode_basestring_ascii  # noqa: PLC0415 - hardly a text needs it
    except ImportError:
        return str(_json_itself().dumps(value))
    return encode_basestring_ascii(value)


def _json_itself() -> ModuleType:
    """Return `json` and leave it in the place of the stand-in: this interpreter lacks its C part."""
    sys.modules.pop("json", None)
    import json  # noqa: PLC0415 - the stand-in was here until now

    return json
