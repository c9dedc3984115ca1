"""The `envd-cache` program. One function a command; the process (arguments, environment, terminal,
exit code) is known here and nowhere below.
"""

from __future__ import annotations

import os
import sys

from envd_cache import __version__
from envd_cache.cli.commands import BUILD, COMPILE, EXEC, EXPLAIN, PLAIN, SCHEMA, UP, command
from envd_cache.cli.options import quick
from envd_cache.cli.process import (
    DONE,
    FINDINGS,
    INTERRUPTED,
    WRONG_USE,
    UsageError,
    chosen_targets,
    environment,
    open_session,
    report,
    text,
    with_changes,
    write,
)
from envd_cache.diagnostics import has_errors
from envd_cache.emit.registry import DEFAULT, EMITTERS, Options, emitter
from envd_cache.pipeline import compile_targets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from envd_cache.cli.options import Values


def main(words: Sequence[str]) -> int:
    """Run one command and return the exit code: 0 done, 1 findings, 2 wrong use or a fault of ours."""
    try:
        named = command(words[0]) if words else None
        rest: tuple[str, ...] | None = ()
        if named and named.rest:
            from envd_cache.cli.rest import split  # noqa: PLC0415 - not for a compile

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
        return _run_command(name, values, rest)
    except FileNotFoundError as error:
        # Only os.getcwd raises it without a name; every file that is read has its own diagnostic.
        if error.filename is not None:
            raise
        sys.stderr.write("envd-cache: error: the current folder does not exist any more\n")
        return WRONG_USE
    except UsageError as error:
        sys.stderr.write(f"envd-cache: error: {error}\n")
        return WRONG_USE
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else WRONG_USE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader went away (`| head`); the interpreter must not complain when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception:
        from envd_cache.cli.crash import report_crash  # noqa: PLC0415 - only for a fault of ours

        sys.stderr.write(report_crash(__version__))
        return WRONG_USE


def _run_command(name: str, values: Values, rest: tuple[str, ...] | None) -> int:
    if name == COMPILE.name:
        return _compile(values)
    if name in (BUILD.name, UP.name):
        from envd_cache.cli.build import build  # noqa: PLC0415 - not for a compile

        return build(name, values, rest or ())
    if name == EXEC.name:
        from envd_cache.cli.exec import execute  # noqa: PLC0415 - not for a compile

        return execute(values, rest or ())
    if name == PLAIN.name:
        from envd_cache.cli.plain import plain  # noqa: PLC0415 - not for a compile

        return plain(values)
    if name == EXPLAIN.name:
        from envd_cache.cli.explain import explain  # noqa: PLC0415 - not for a compile

        return explain(values)
    if name == SCHEMA.name:
        from envd_cache.emit.jsontext import dumps  # noqa: PLC0415 - not for a compile

        return write(dumps(_schema(values)) + "\n", text(values, "output"))
    from envd_cache.cli.completion import script  # noqa: PLC0415 - not for a compile

    return write(script(text(values, "shell")), "")


def _schema(values: Values) -> object:
    if values["config"]:
        from envd_cache.config_schema import schema as of_configuration  # noqa: PLC0415 - for this option
        from envd_cache.lint.engine import NAMES  # noqa: PLC0415 - for this option

        return of_configuration(NAMES)
    from envd_cache.catalog.schema import schema  # noqa: PLC0415 - not for a compile

    return schema()


# ---- compile ----


def _compile(values: Values) -> int:
    chosen = emitter(text(values, "to") or DEFAULT.name) or DEFAULT
    for form in ("null", "binary", "frontend"):
        if values[form] and form not in chosen.forms:
            able = " or ".join(known.name for known in EMITTERS if form in known.forms)
            raise UsageError(f"--{form} goes with --to {able}")
    if values["binary"] and values["frontend"]:
        raise UsageError("--binary and --frontend are two forms of one output; choose one")
    everything = bool(values["all"])
    if everything and (values["binary"] or values["frontend"]):
        raise UsageError("--binary and --frontend write one target, not --all")
    output = text(values, "output")
    as_data = values["format"] == "json"
    if values["resolve_secrets"] and not output and sys.stdout.isatty():
        raise UsageError("--resolve-secrets does not write to a terminal; use --output FILE or a pipe")
    if values["resolve_secrets"] and as_data:
        raise UsageError("--resolve-secrets does not go with --format json, which is made to be kept")
    if values["binary"] and not output and sys.stdout.isatty():
        raise UsageError("--binary does not write to a terminal; use --output FILE or a pipe")
    during = open_session(values)
    environ = environment(during)
    options = Options(
        keyed=everything,
        null=bool(values["null"]),
        binary=bool(values["binary"]),
        frontend=bool(values["frontend"]),
        driver=text(values, "driver"),
        environ=environ,
        secrets=environ if values["resolve_secrets"] else None,
    )
    changing = with_changes(during, values)
    targets, before = chosen_targets(values, during)
    before = changing.diagnostics + before
    if has_errors(before):
        return report(before, values)
    during = changing.value
    result = compile_targets(targets, during, chosen, options, strict=bool(values["strict"]))
    diagnostics = before + result.diagnostics
    if result.value.printed:
        from envd_cache.report.redact import Redactor  # noqa: PLC0415 - hardly a file prints

        redactor = Redactor(diagnostics)
        for line in result.value.printed:
            sys.stderr.write(redactor.text(line) + "\n")
    if as_data:
        from envd_cache.cli.data import compiled_data  # noqa: PLC0415 - only for JSON

        document = compiled_data(result.value, chosen, diagnostics)
        return write(document, output) or (FINDINGS if has_errors(diagnostics) else DONE)
    code = report(diagnostics, values)
    if result.value.output is not None:
        code = write(result.value.output, output, private=options.secrets is not None) or code
    return code
