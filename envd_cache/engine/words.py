"""The flags and the other words of a command line, as Go's pflag and Go's own `flag` read them."""

from __future__ import annotations

from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Item(Record):
    """A flag with its value, or a word that is none: then `name` is "" and `value` the word.

    It takes the words from `start` to before `end`.
    """

    name: str
    value: str
    start: int
    end: int


def scan(
    words: Sequence[str], start: int, values: frozenset[str], *, one_dash: bool = False
) -> Iterator[Item]:
    """Yield the flags and other words from `start` on. `values` are the flags that take a value.

    A `--` makes all that follows other words. With `one_dash` (Go's `flag`) so does the first other word.
    """
    at, only_words = start, False
    while at < len(words):
        word = words[at]
        if word == "--" and not only_words:
            at, only_words = at + 1, True
        elif only_words or word == "-" or not word.startswith("-"):
            yield Item("", word, at, at + 1)
            at, only_words = at + 1, only_words or one_dash
        else:
            found = (_long if one_dash or word.startswith("--") else _short)(words, at, values)
            yield from found
            at = found[-1].end


def head(
    words: Sequence[str], start: int, values: frozenset[str], *, one_dash: bool = False
) -> tuple[list[Item], Item | None]:
    """Return the flags from `start` on up to the first other word, and that word."""
    flags: list[Item] = []
    for item in scan(words, start, values, one_dash=one_dash):
        if not item.name:
            return flags, item
        flags.append(item)
    return flags, None


def last(items: Sequence[Item], names: Sequence[str]) -> str:
    """Return the value of the last flag of a name, which is the one that counts; "" without one."""
    return next((item.value for item in reversed(items) if item.name in names), "")


def _long(words: Sequence[str], at: int, values: frozenset[str]) -> list[Item]:
    name, equals, value = words[at].partition("=")
    name = "--" + name.lstrip("-")
    if not equals and name in values and at + 1 < len(words):
        return [Item(name, words[at + 1], at, at + 2)]
    return [Item(name, value, at, at + 1)]


def _short(words: Sequence[str], at: int, values: frozenset[str]) -> list[Item]:
    """Return the flags of a word like `-qt`; the last may have its value in the word or behind it."""
    letters = words[at][1:]
    found: list[Item] = []
    for number, letter in enumerate(letters):
        rest = letters[number + 1 :]
        if f"-{letter}" in values:
            if not rest and at + 1 < len(words):
                return [*found, Item(f"-{letter}", words[at + 1], at, at + 2)]
            return [*found, Item(f"-{letter}", rest.removeprefix("="), at, at + 1)]
        if rest.startswith("="):
            return [*found, Item(f"-{letter}", rest[1:], at, at + 1)]
        found.append(Item(f"-{letter}", "", at, at + 1))
    return found
