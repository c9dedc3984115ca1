"""Records what a build file does, and answers what it asks. Knows nothing of the interpreter."""

from __future__ import annotations

from envd_cache.catalog import FACT_NAMES
from envd_cache.catalog.model import DataSource
from envd_cache.evaluate.model import CallSite, RecordedCall
from envd_cache.evaluate.prelude import NAMESPACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from envd_cache.catalog.model import Secret
    from envd_cache.diagnostics import Diagnostic
    from envd_cache.evaluate.answers import Answers
    from envd_cache.evaluate.dialect import Prepared
    from envd_cache.evaluate.model import FactRead, Facts, Frame
    from envd_cache.source import Location

    Answered: TypeAlias = str | Secret | DataSource | None

_CACHE = NAMESPACE + "."


class Recorder:
    """What one evaluation has done so far.

    `label` is the target, `facts` the world, `folder` where git is asked. `prepared` are the files by the
    id under which the interpreter knows them.
    """

    def __init__(self, label: str, facts: Facts, folder: str) -> None:
        self._label = label
        self._facts = facts
        self._folder = folder
        self.calls: list[RecordedCall] = []
        self.facts_read: list[FactRead] = []
        self.printed: list[str] = []
        self.diagnostics: list[Diagnostic] = []
        self.prepared: dict[str, Prepared] = {}

    def called(self, function: str, args: list[object], kwargs: dict[str, object], frames: str) -> Answered:
        """Record one call of a builtin, or answer it; returns what the build file gets.

        `args` and `kwargs` are as `_plain` of the prelude made them, `frames` debug texts of the stack.
        """
        for name, value in kwargs.items():
            if type(value) is not str:
                kwargs[name] = _value(value)
        call = RecordedCall(
            function,
            tuple([value if type(value) is str else _value(value) for value in args]),
            kwargs,
            self._site(function, frames),
        )
        if function.startswith(_CACHE):
            name = function[len(_CACHE) :]
            if name in FACT_NAMES and name != "none":
                return self._answers().answer(name, call)
        self.calls.append(call)
        if function == "data.envd":
            return DataSource(str((*args, *kwargs.values(), "")[0]))
        return None

    def _answers(self) -> Answers:
        from envd_cache.evaluate.answers import Answers  # noqa: PLC0415 - only when a file asks

        return Answers(self._label, self._facts, self._folder, self.facts_read, self.diagnostics)

    def _site(self, function: str, frames: str) -> CallSite:
        return CallSite(lambda: self._frames(function, frames))

    def _frames(self, function: str, texts: str) -> tuple[Frame, ...]:
        from envd_cache.evaluate.places import frames  # noqa: PLC0415 - only for problems

        return frames(self.prepared, function, texts.split("|"))

    def place(self, file: str, line: int, column: int, width: int) -> Location | None:
        """Return the location of a 1-based line and column of what the interpreter was given."""
        from envd_cache.evaluate.places import place  # noqa: PLC0415 - only for problems

        return place(self.prepared, file, line, column, width)


def _value(value: object) -> object:
    """Undo `_plain` of the prelude."""
    if type(value) is list:
        return [item if type(item) is str else _value(item) for item in value]
    if type(value) is dict:
        if "tuple" in value:
            return tuple([_value(item) for item in value["tuple"]])
        if "dict" in value:
            return {key: item if type(item) is str else _value(item) for key, item in value["dict"].items()}
        if "pairs" in value:
            return {_hashable(_value(key)): _value(item) for key, item in value["pairs"]}
        return _foreign(str(value.get("other")))
    return value


def _hashable(key: object) -> object:
    return _foreign("tuple") if type(key) is tuple else key


def _foreign(kind: str) -> object:
    from envd_cache.problem import Foreign  # noqa: PLC0415 - hardly a value is one

    return Foreign(kind)
