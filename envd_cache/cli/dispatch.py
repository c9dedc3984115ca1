"""Reads a call of any command and runs it; a plain call of `compile` never comes here."""

from __future__ import annotations

from envd_cache import __version__
from envd_cache.cli import commands
from envd_cache.cli.compile import COMPILE, run
from envd_cache.cli.options import quick
from envd_cache.cli.process import UsageError, text, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from envd_cache.cli.options import Values


def dispatch(words: Sequence[str]) -> int:
    """Run a command and return its exit code. Raises UsageError, and SystemExit for argparse's answers."""
    named = commands.command(words[0]) if words else None
    rest: tuple[str, ...] | None = ()
    if named and named.rest:
        from envd_cache.cli.rest import split  # noqa: PLC0415 - for these commands only

        own, rest = split(named, words[1:])
        if rest is None and not {"-h", "--help"}.intersection(own):
            raise UsageError(f"write the command behind `--`: `envd-cache {named.name} -- CLIENT …`")
        words = (named.name, *own)
    values = quick(named, words[1:]) if named else None
    if named is None or values is None:
        from envd_cache.cli.parser import parse  # noqa: PLC0415 - argparse, only for help and mistakes

        name, values = parse(words, __version__)
    else:
        name = named.name
    return _run(name, values, rest or ())


def _run(name: str, values: Values, rest: tuple[str, ...]) -> int:
    if name == COMPILE.name:
        return run(values)
    if name == commands.CHECK.name:
        from envd_cache.cli.check import check  # noqa: PLC0415 - for this command only

        return check(values)
    if name in (commands.BUILD.name, commands.UP.name):
        from envd_cache.cli.build import build  # noqa: PLC0415 - for this command only

        return build(name, values, rest)
    if name == commands.EXEC.name:
        from envd_cache.cli.exec import execute  # noqa: PLC0415 - for this command only

        return execute(values, rest)
    if name == commands.PLAIN.name:
        from envd_cache.cli.plain import plain  # noqa: PLC0415 - for this command only

        return plain(values)
    if name == commands.EXPLAIN.name:
        from envd_cache.cli.explain import explain  # noqa: PLC0415 - for this command only

        return explain(values)
    if name == commands.LSP.name:
        from envd_cache.cli.lsp import lsp  # noqa: PLC0415 - for this command only

        return lsp(values)
    if name == commands.SCHEMA.name:
        from envd_cache.emit.jsontext import dumps  # noqa: PLC0415 - for this command only

        return write(dumps(_schema(values)) + "\n", text(values, "output"))
    from envd_cache.cli.completion import script  # noqa: PLC0415 - for this command only

    return write(script(text(values, "shell")), "")


def _schema(values: Values) -> object:
    if values["config"]:
        from envd_cache.config_schema import schema as of_configuration  # noqa: PLC0415 - for this option
        from envd_cache.lint.engine import NAMES  # noqa: PLC0415 - for this option

        return of_configuration(NAMES)
    from envd_cache.catalog.schema import schema  # noqa: PLC0415 - for this command only

    return schema()
