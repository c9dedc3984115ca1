"""A stand-in for `json` while the interpreter runs, for a process that does nothing else.

starlark-pyo3 2026.1 takes every value over its border through `json.loads` and `json.dumps`, one scalar
at a time. Importing `json` costs 4 ms (it compiles regular expressions), a quarter of a whole compile.
The stand-in has those two functions on json's own C scanner, is in `sys.modules` only while the
interpreter runs, and only if nobody has imported `json` before. The command line asks for it; a program
that uses the package as a library never gets it, because its other threads could import it.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType


class _Context:
    """What the C scanner wants to know; the values of `json.JSONDecoder()`."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float
    memo: dict[str, str] = {}  # noqa: RUF012 - the scanner fills it, one text at a time


class QuickJson:
    """Puts the stand-in in the place of `json` inside a `with` statement."""

    def __init__(self) -> None:
        self._module: ModuleType | None = None

    def __enter__(self) -> None:
        if "json" in sys.modules:
            return
        try:
            from _json import encode_basestring_ascii, make_scanner  # noqa: PLC0415 - may be missing
        except ImportError:  # an interpreter without the C part of json
            return
        # Typeshed wants a decoder; the scanner itself takes any object with these names.
        scan = make_scanner(_Context())  # type: ignore[arg-type]
        words = {None: "null", True: "true", False: "false"}
        self._module = type(sys)("json")
        vars(self._module)["loads"] = lambda text: scan(text, 0)[0]
        vars(self._module)["dumps"] = lambda value: (
            encode_basestring_ascii(value) if type(value) is str else words[value]
        )
        sys.modules["json"] = self._module

    def __exit__(self, *_: object) -> None:
        if self._module is not None and sys.modules.get("json") is self._module:
            del sys.modules["json"]
        self._module = None
