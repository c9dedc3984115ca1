"""`envd-cache compile`: the options and the command itself, which alone are read when it is called."""

from __future__ import annotations

import sys

from envd_cache.catalog import GIVEN_FACTS
from envd_cache.cli.options import Command, Operand, Option
from envd_cache.cli.process import (
    DONE,
    FINDINGS,
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
from envd_cache.emit.registry import DEFAULT, DRIVERS, EMITTERS, Options, emitter
from envd_cache.pipeline import compile_targets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.cli.options import Values

TARGET = Operand("target", "build file and function, as in envd; default: build.envd:build")
SHARED = (
    Option("--from", "the same as TARGET, for those used to envd", short="-f", metavar="FILE[:FUNCTION]"),
    Option("--path", "folder of the build file; default: the current one", short="-p", metavar="DIR"),
    Option(
        "--fact",
        f"a fact the build file may ask for: {', '.join(GIVEN_FACTS)}, env.NAME",
        kind="list",
        metavar="NAME=VALUE",
    ),
    Option(
        "--set",
        "change a declaration: `=` sets a parameter, `+=` adds to it, an empty value takes it away",
        kind="list",
        metavar="TARGET.BACKEND.PARAMETER=VALUE",
    ),
    Option("--time-limit", "stop the evaluation after this time; default: 10", metavar="SECONDS"),
    Option("--format", "how to write what was found", choices=("text", "json")),
    Option("--color", "colour in messages; default: on a terminal", choices=("auto", "always", "never")),
)

COMPILE = Command(
    "compile",
    "evaluate a build file and write its caches for an engine",
    TARGET,
    (
        Option(
            "--to",
            f"the output; default: {DEFAULT.name}",
            short="-t",
            choices=tuple(emitter.name for emitter in EMITTERS),
        ),
        Option("--all", "every target of the file, or with `//...` of the repository", kind="flag"),
        Option("--output", "write to a file, whole or not at all", short="-o", metavar="FILE"),
        Option("--strict", "take warnings for errors", kind="flag"),
        Option("--null", "NUL-separated arguments in place of a shell line", kind="flag"),
        Option("--binary", "protobuf in place of JSON", kind="flag"),
        Option("--frontend", "the imports as the value of a frontend's `cache-imports`", kind="flag"),
        Option("--driver", "the buildx driver that will read the output", choices=DRIVERS),
        Option("--resolve-secrets", "write the values of secrets; never to a terminal", kind="flag"),
        *SHARED,
    ),
)


def run(values: Values) -> int:
    """Run the command and return the exit code."""
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
    if everything and values["null"]:
        raise UsageError("--null writes the arguments of one target, not of --all")
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
