"""The names that every build file has, from the catalog: what they take, and what they say of themselves."""

from __future__ import annotations

from envd_cache.catalog import BACKENDS, FACTS
from envd_cache.catalog.common import KEY, USE
from envd_cache.catalog.envd import BUILTINS, CONSTANTS, UNIVERSE
from envd_cache.catalog.model import Backend, Builtin, Fact, Param, Secret, form_name
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, TypeAlias

    Kind: TypeAlias = Literal["backend", "fact", "builtin", "constant", "universe"]

CACHE = "cache"
SECRET = f"{CACHE}.secret"
WORDS = (
    *("and", "break", "continue", "def", "elif", "else", "for", "if", "in", "lambda", "load", "not", "or"),
    *("pass", "return"),
)


class Known(Record):
    """One builtin by its whole name. `of` is the catalog's own record, None for Starlark's names.

    `by_position` is how many parameters may be given without a name.
    """

    name: str
    kind: Kind
    params: tuple[Param, ...] = ()
    doc: str = ""
    returns: str = ""
    by_position: int = 0
    of: Backend | Fact | Builtin | None = None
    value: str = ""

    @property
    def is_function(self) -> bool:
        """Whether it can be called."""
        return self.kind not in ("constant", "universe") or self.value == "function"

    def param(self, name: str) -> Param | None:
        """Return a parameter by name."""
        for param in self.params:
            if param.name == name:
                return param
        return None


_STARLARK = {
    "abs": "Return the absolute value of a number.",
    "all": "Say whether all elements are true.",
    "any": "Say whether any element is true.",
    "bool": "Return the truth of a value.",
    "chr": "Return the letter of a code point.",
    "dict": "Return a dict of pairs and keywords.",
    "dir": "Return the names of a value's fields.",
    "enumerate": "Return pairs of number and element.",
    "fail": "Stop the evaluation with a message.",
    "float": "Return a number with a point.",
    "getattr": "Return a field of a value by name.",
    "hasattr": "Say whether a value has a field.",
    "hash": "Return a number for a text, equal for equal texts.",
    "int": "Return a whole number.",
    "len": "Return the number of elements.",
    "list": "Return a list of the elements.",
    "max": "Return the largest element.",
    "min": "Return the smallest element.",
    "ord": "Return the code point of a letter.",
    "print": "Print values; they go to standard error.",
    "range": "Return whole numbers from a start to a stop.",
    "repr": "Return a value as it is written.",
    "reversed": "Return the elements in opposite order.",
    "sorted": "Return the elements in order.",
    "str": "Return a value as text.",
    "tuple": "Return a tuple of the elements.",
    "type": "Return the name of a value's type.",
    "zip": "Return tuples of elements that stand at the same place.",
}


def _all() -> dict[str, Known]:
    found: list[Known] = []
    for backend in BACKENDS:
        name = f"{CACHE}.{backend.name}"
        params = (*backend.params, USE, KEY)
        found.append(Known(name, "backend", params, backend.doc, "None", 1, backend))
    for fact in FACTS:
        by_position = min(len(fact.params), 2)
        found.append(
            Known(f"{CACHE}.{fact.name}", "fact", fact.params, fact.doc, fact.returns, by_position, fact)
        )
    for builtin in BUILTINS:
        by_position = len(builtin.params)
        returns = builtin.returns or "None"
        found.append(
            Known(builtin.name, "builtin", builtin.params, builtin.doc, returns, by_position, builtin)
        )
    for constant in CONSTANTS:
        found.append(Known(constant.name, "constant", (), constant.doc, value=constant.value))
    for name in UNIVERSE:
        found.append(
            Known(name, "universe", (), _STARLARK.get(name, ""), value="function" * (name in _STARLARK))
        )
    return {one.name: one for one in found}


KNOWN = _all()


def _spaces() -> dict[str, tuple[str, ...]]:
    made: dict[str, dict[str, None]] = {}
    for name in KNOWN:
        parts = name.split(".")
        for count in range(1, len(parts)):
            made.setdefault(".".join(parts[:count]), {})[parts[count]] = None
    return {space: tuple(names) for space, names in made.items()}


# The namespaces: `install` has `python`, `data` has `path`, `data.path` has `huggingface`.
SPACES = _spaces()
TOP = tuple(dict.fromkeys([name.partition(".")[0] for name in KNOWN]))


def written_default(param: Param) -> str:
    """Return a default as a build file would write it, "" when there is none."""
    if param.default is None:
        return ""
    return f'"{param.default}"' if isinstance(param.default, str) else str(param.default)


def values_of(param: Param) -> tuple[str, ...]:
    """Return what can be written for a parameter of which all values are known."""
    if param.choices:
        return tuple([f'"{one}"' if isinstance(one, str) else str(one) for one in param.choices])
    if param.type is bool:
        return ("True", "False")
    return ()


def takes_secret(param: Param) -> bool:
    """Say whether a parameter takes what `cache.secret` returns."""
    return param.type is Secret or Secret in getattr(param.type, "__args__", ())


def form_of(param: Param) -> str:
    """Return the type of a parameter in the words of Starlark."""
    if param.choices:
        return " | ".join(values_of(param))
    if param.type is Secret:
        return "secret"
    return form_name(param.type).replace("`", "")
