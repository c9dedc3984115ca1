"""The words of a call that go on to another program."""

from __future__ import annotations

from envd_cache.catalog.envd_flags import VALUE_FLAGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from envd_cache.cli.options import Command

_HELP = ("-h", "--help")


def split(command: Command, words: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """Return our own words of a call, and those that go on; None for them when `--` is missing.

    Where no `--` parts them, every option that is not ours goes on, with its value if envd gives it one.
    """
    at = words.index("--") if "--" in words else len(words)
    if command.after_dashes:
        return tuple(words[:at]), tuple(words[at + 1 :]) if at < len(words) else None
    takes_value = {
        name: option.kind != "flag" for option in command.options for name in (option.name, option.short)
    }
    own: list[str] = []
    passed: list[str] = []
    number = 0
    while number < at:
        word = words[number]
        name, equals, _ = word.partition("=")
        is_option = word.startswith("-") and word != "-"
        ours = not is_option or name in takes_value or name in _HELP
        valued = takes_value.get(name, False) if ours else name in VALUE_FLAGS
        size = 2 if is_option and valued and not equals and number + 1 < at else 1
        (own if ours else passed).extend(words[number : number + size])
        number += size
    return tuple(own), (*passed, *words[at + 1 :])
