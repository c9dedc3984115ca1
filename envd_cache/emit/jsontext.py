"""Writes JSON. The standard `json` costs 5 ms to import (it compiles regular expressions), a third of a
whole compile; the escaping of strings is its own C function.
"""

from __future__ import annotations


def quote(text: str) -> str:
    """Return a text as a JSON string."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    try:
        from _json import encode_basestring  # noqa: PLC0415 - hardly a text needs it
    except ImportError:  # an interpreter without the C part of json
        from json.encoder import encode_basestring  # noqa: PLC0415 - only there
    return encode_basestring(text)


def dumps(value: object, indent: int = 2, _level: int = 0) -> str:
    """Return a value as JSON, indented; `indent=0` writes one line without spaces.

    Takes dicts with string keys, lists, tuples, str, bool, int and None. Text stays as it is, not ASCII.
    """
    if isinstance(value, str):
        return quote(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        colon = ": " if indent else ":"
        items = [f"{quote(key)}{colon}{dumps(item, indent, _level + 1)}" for key, item in value.items()]
        return _enclosed("{}", items, indent, _level)
    if isinstance(value, (list, tuple)):
        return _enclosed("[]", [dumps(item, indent, _level + 1) for item in value], indent, _level)
    raise TypeError(f"no JSON form of {type(value).__name__}")


def _enclosed(marks: str, items: list[str], indent: int, level: int) -> str:
    if not items:
        return marks
    if not indent:
        return marks[0] + ",".join(items) + marks[1]
    inner = "\n" + " " * (indent * (level + 1))
    return marks[0] + inner + ("," + inner).join(items) + "\n" + " " * (indent * level) + marks[1]
