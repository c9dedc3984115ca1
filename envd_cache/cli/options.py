"""The commands and their options as data, and a quick reader of arguments.

`argparse` costs 5 ms to import, a third of a whole compile. So a call that is plainly right is read
here; everything else (help, mistakes, abbreviations) goes to the argparse parser that `parser.py` builds
from the same table. The quick reader may only accept what argparse accepts, with the same result; a
test holds the two together.
"""

from __future__ import annotations

from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    Values: TypeAlias = dict[str, str | bool | list[str] | None]


class Option(Record):
    """An option of a command.

    `kind` is "flag" (no value), "value" (one) or "list" (may be repeated). `metavar` names the value in
    the help; `choices` close it to a set.
    """

    name: str
    help: str
    kind: str = "value"
    short: str = ""
    metavar: str = ""
    choices: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The name under which the value is stored."""
        return self.name.lstrip("-").replace("-", "_")


class Operand(Record):
    """A positional argument, which may be left out; with `many` any number of them."""

    name: str
    help: str
    choices: tuple[str, ...] = ()
    required: bool = False
    many: bool = False


class Command(Record):
    """A command: its name, one line about it, its operand and its options.

    `rest` is what the help says of the words that go on to another program, "" when none do. With
    `after_dashes` they stand behind `--`, else among our own; see `rest.py`.
    """

    name: str
    help: str
    operand: Operand | None
    options: tuple[Option, ...]
    rest: str = ""
    after_dashes: bool = False


def quick(command: Command, words: Sequence[str]) -> Values | None:
    """Return the values of a plainly right call, or None when argparse must decide.

    Accepted are exact option names with the value as the next word or behind `=`, and at most one
    operand that does not start with `-`.
    """
    by_name = {option.name: option for option in command.options}
    by_name |= {option.short: option for option in command.options if option.short}
    values = defaults(command)
    given_operand = False
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if not word.startswith("-") or word == "-":
            operand = command.operand
            if operand is None or (given_operand and not operand.many) or not word or word == "-":
                return None
            if operand.choices and word not in operand.choices:
                return None
            values[operand.name] = [*_list(values[operand.name]), word] if operand.many else word
            given_operand = True
            continue
        name, equals, value = word.partition("=")
        option = by_name.get(name)
        if option is None or (equals and (option.kind == "flag" or not name.startswith("--"))):
            return None
        if option.kind == "flag":
            values[option.key] = True
            continue
        if not equals:
            if at == len(words):
                return None
            value = words[at]
            at += 1
        # argparse reads `-x` behind an option as another option, and looks at spaces.
        if not value or value.startswith("-") or (option.choices and value not in option.choices):
            return None
        if option.kind == "list":
            values[option.key] = [*_list(values[option.key]), value]
        else:
            values[option.key] = value
    if command.operand and command.operand.required and not given_operand:
        return None
    return values


def defaults(command: Command) -> Values:
    """Return the values of a call without any arguments."""
    operand = command.operand
    values: Values = {} if operand is None else {operand.name: [] if operand.many else None}
    for option in command.options:
        values[option.key] = {"flag": False, "list": []}.get(option.kind)  # type: ignore[assignment]
    return values


def _list(stored: object) -> list[str]:
    return stored if isinstance(stored, list) else []
