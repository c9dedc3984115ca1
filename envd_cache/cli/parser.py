"""The argparse parser, built from the table of commands: help, and the words for mistakes."""

from __future__ import annotations

import argparse

from envd_cache.cli.commands import COMMANDS, command
from envd_cache.cli.options import defaults
from envd_cache.diagnostics import suggestion
from envd_cache.problem import names_credential

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from envd_cache.cli.options import Command, Values

DESCRIPTION = "Declare BuildKit's remote caches in build.envd, and compile them for every engine."
EPILOGUE = "exit codes: 0 done, 1 findings, 2 wrong use or a fault of the program"


class _Parser(argparse.ArgumentParser):
    """A parser that says which of the possible words was probably meant."""

    command: Command | None = None

    def error(self, message: str) -> NoReturn:
        hint = ""
        _, marked, choices = message.partition("invalid choice: ")
        word = choices.partition(" (choose from ")[0].strip("'")
        if marked:
            listed = choices.partition("(choose from ")[2].rstrip(")")
            hint = suggestion(word, [choice.strip(" '") for choice in listed.split(",")])
        elif (unknown := message.partition("unrecognized arguments: ")[2]) and unknown.startswith("-"):
            hint = self._about_option(unknown.split()[0].partition("=")[0])
        message = _without_credentials(message)
        super().error(f"{message}\n{hint}" if hint else message)

    def _about_option(self, word: str) -> str:
        own = [option.name for option in self.command.options] if self.command else []
        having = [known.name for known in COMMANDS if word in [option.name for option in known.options]]
        return f"`{word}` is an option of {', '.join(having)}" if having else suggestion(word, own)


def build(version: str) -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = _Parser("envd-cache", description=DESCRIPTION, epilog=EPILOGUE, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"envd-cache {version}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for known in COMMANDS:
        made = commands.add_parser(known.name, help=known.help, allow_abbrev=False)
        _fill(made, known)
    return parser


def parse(words: Sequence[str], version: str) -> tuple[str, Values]:
    """Return the command's name and values; exits with 2 and a message when the call is wrong."""
    named = command(words[0]) if words else None
    if named:
        # A parser of several commands tells mistakes with the usage of none, and does not read operands
        # between options.
        alone = _Parser(f"envd-cache {named.name}", allow_abbrev=False)
        alone.command = named
        _fill(alone, named)
        many = named.operand and named.operand.many
        read = alone.parse_intermixed_args if many else alone.parse_args
        return named.name, vars(read(list(words[1:])))
    found = vars(build(version).parse_args(words))
    name = found.pop("command")
    return name, found


def _fill(parser: argparse.ArgumentParser, command: Command) -> None:
    parser.description = _sentence(command.help)
    parser.epilog = _sentence(command.rest) if command.rest else None
    if operand := command.operand:
        parser.add_argument(
            operand.name,
            nargs="*" if operand.many else None if operand.required else "?",
            metavar=operand.name.upper(),
            choices=operand.choices or None,
            help=_help(operand.help, operand.choices),
        )
    for option in command.options:
        names = [name for name in (option.short, option.name) if name]
        if option.kind == "flag":
            parser.add_argument(*names, action="store_true", help=option.help)
        else:
            parser.add_argument(
                *names,
                action="append" if option.kind == "list" else "store",
                default=defaults(command)[option.key],
                choices=option.choices or None,
                metavar=option.metavar or option.key.upper(),
                help=_help(option.help, option.choices),
                dest=option.key,
            )
    if command.rest:
        dashes = "-- CLIENT ..." if command.after_dashes else "[ENVD FLAG ...]"
        parser.usage = f"{parser.format_usage().removeprefix('usage: ').rstrip()} {dashes}"


def _help(text: str, choices: Sequence[str]) -> str:
    return f"{text} ({', '.join(choices)})" if choices else text


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def _without_credentials(message: str) -> str:
    """Return a message without what a word of the call gives to the name of a credential."""
    kept: list[str] = []
    hidden = False
    for word in message.split(" "):
        # In `--set=*.s3.session_token=…` the name stands behind another equals sign.
        ends = [at for at, letter in enumerate(word) if letter == "=" and names_credential(word[:at])]
        if ends:
            kept.append(f"{word[: ends[0]]}=***")
            hidden = True
        # A value may have blanks in it; where it ends only a dash tells.
        elif not hidden or word.startswith("-"):
            kept.append(word)
            hidden = False
    return " ".join(kept)
