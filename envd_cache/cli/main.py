"""The `envd-cache` program. One function a command; the process (arguments, environment, terminal,
exit code) is known here and nowhere below.
"""

from __future__ import annotations

import gc
import os
import sys

from envd_cache import __version__
from envd_cache.cli.commands import COMPILE, command
from envd_cache.cli.options import quick
from envd_cache.diagnostics import Diagnostic, did_you_mean, has_errors
from envd_cache.emit.registry import DEFAULT, EMITTERS, Options, emitter
from envd_cache.evaluate.facts import Facts
from envd_cache.evaluate.interpreter import TIME_LIMIT
from envd_cache.pipeline import compile_targets, session, targets_of
from envd_cache.source import Target, parse_target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from envd_cache.cli.options import Values
    from envd_cache.pipeline import Compiled, Session

DONE, FINDINGS, WRONG_USE = 0, 1, 2
INTERRUPTED = 130

FACTS = ("branch", "commit", "pull_request", "platform", "target")


class UsageError(Exception):
    """The call was wrong in a way that the table of options cannot say; the text is the message."""


def run() -> None:
    """Run the program and end the process; the entry point of the console script."""
    # A compile makes no cycles worth collecting, and the collector costs it 1 ms.
    gc.disable()
    code = main(sys.argv[1:])
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = code or WRONG_USE
    # Nothing is left to clean up, and an orderly end of the interpreter costs 2 ms.
    os._exit(code)


def main(words: Sequence[str]) -> int:
    """Run one command and return the exit code: 0 done, 1 findings, 2 wrong use or a fault of ours."""
    try:
        named = command(words[0]) if words else None
        values = quick(named, words[1:]) if named else None
        if named is None or values is None:
            from envd_cache.cli.parser import parse  # noqa: PLC0415 - argparse, only for help and mistakes

            name, values = parse(words, __version__)
        else:
            name = named.name
        return _run_command(name, values)
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


def _run_command(name: str, values: Values) -> int:
    if name == COMPILE.name:
        return _compile(values)
    if name == "explain":
        from envd_cache.cli.explain import explain  # noqa: PLC0415 - not for a compile

        return explain(values)
    if name == "schema":
        from envd_cache.catalog.schema import schema  # noqa: PLC0415
        from envd_cache.emit.jsontext import dumps  # noqa: PLC0415

        return write(dumps(schema()) + "\n", _text(values, "output"))
    from envd_cache.cli.completion import script  # noqa: PLC0415

    return write(script(_text(values, "shell")), "")


# ---- compile ----


def _compile(values: Values) -> int:
    chosen = emitter(_text(values, "to") or DEFAULT.name) or DEFAULT
    for form in ("null", "binary", "frontend"):
        if values[form] and form not in chosen.forms:
            able = " or ".join(known.name for known in EMITTERS if form in known.forms)
            raise UsageError(f"--{form} goes with --to {able}")
    if values["binary"] and values["frontend"]:
        raise UsageError("--binary and --frontend are two forms of one output; choose one")
    everything = bool(values["all"])
    if everything and (values["binary"] or values["frontend"]):
        raise UsageError("--binary and --frontend write one target, not --all")
    output = _text(values, "output")
    as_data = values["format"] == "json"
    if values["resolve_secrets"] and not output and sys.stdout.isatty():
        raise UsageError("--resolve-secrets does not write to a terminal; use --output FILE or a pipe")
    if values["resolve_secrets"] and as_data:
        raise UsageError("--resolve-secrets does not go with --format json, which is made to be kept")
    if values["binary"] and not output and sys.stdout.isatty():
        raise UsageError("--binary does not write to a terminal; use --output FILE or a pipe")
    options = Options(
        keyed=everything,
        null=bool(values["null"]),
        binary=bool(values["binary"]),
        frontend=bool(values["frontend"]),
        driver=_text(values, "driver"),
        environ=os.environ,
        secrets=os.environ if values["resolve_secrets"] else None,
    )
    during = open_session(values)
    targets, before = chosen_targets(values, during)
    if has_errors(before):
        return report(before, values, None)
    result = compile_targets(targets, during, chosen, options, strict=bool(values["strict"]))
    for line in result.value.printed:
        sys.stderr.write(line + "\n")
    diagnostics = before + result.diagnostics
    if as_data:
        from envd_cache.cli.data import compiled_data  # noqa: PLC0415

        document = compiled_data(result.value, chosen, diagnostics)
        return write(document, output) or (FINDINGS if has_errors(diagnostics) else DONE)
    code = report(diagnostics, values, result.value)
    if result.value.output is not None:
        code = write(result.value.output, output, private=options.secrets is not None) or code
    return code


def report(diagnostics: tuple[Diagnostic, ...], values: Values, compiled: Compiled | None) -> int:
    """Print problems to standard error, or to standard output as JSON; return the exit code."""
    code = FINDINGS if has_errors(diagnostics) else DONE
    if not diagnostics:
        return code
    if values.get("format") == "json" and compiled is None:
        from envd_cache.cli.data import problems_data  # noqa: PLC0415

        return write(problems_data(diagnostics), "") or code
    from envd_cache.report.text import COLOUR, PLAIN, render, summary  # noqa: PLC0415 - only for problems

    wish = values.get("color") or "auto"
    coloured = wish == "always" or (wish == "auto" and sys.stderr.isatty() and not os.environ.get("NO_COLOR"))
    sys.stderr.write(render(diagnostics, COLOUR if coloured else PLAIN))
    sys.stderr.write(f"{summary(diagnostics)}\n")
    return code


# ---- what commands share ----


def open_session(values: Values) -> Session:
    """Return a session with the facts of this process and of `--fact`."""
    given: dict[str, str] = {}
    facts = values["fact"]
    for word in facts if isinstance(facts, list) else ():
        name, equals, value = word.partition("=")
        if not equals:
            raise UsageError(f"--fact {word}: write NAME=VALUE")
        if name not in FACTS and not (name.startswith("env.") and len(name) > len("env.")):
            near = did_you_mean(name, FACTS)
            hint = f"did you mean `{near}`?" if near else f"known facts: {', '.join(FACTS)}, env.NAME"
            raise UsageError(f"--fact {word}: there is no fact `{name}`; {hint}")
        given[name] = value
    limit = _text(values, "time_limit")
    try:
        seconds = float(limit) if limit else TIME_LIMIT
    except ValueError:
        seconds = 0
    if not 0 < seconds < 1e6:
        raise UsageError(f"--time-limit {limit}: write a number of seconds")
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    clones = os.path.join(cache, "envd", "envdlib")
    return session(Facts(os.environ, given, os.uname().machine, clones), seconds, alone=True)


def chosen_targets(values: Values, during: Session) -> tuple[tuple[Target, ...], tuple[Diagnostic, ...]]:
    """Return the targets that a call names, and what is wrong with looking for them."""
    operand, option = _text(values, "target"), _text(values, "from")
    if operand and option:
        raise UsageError("TARGET and --from are the same thing; give one of them")
    named = operand or option
    target = parse_target(named)
    if target is None:
        raise UsageError(f"`{named}`: write FILE or FILE:FUNCTION")
    folder = _text(values, "path")
    if folder:
        target = target.replace(path=os.path.join(folder, target.path))
    if values["all"]:
        if named.partition(":")[2]:
            raise UsageError(f"`{named}` names a function, and --all means every target of the file")
        found = targets_of(target.path, during)
        return found.value, found.diagnostics
    return (target,), ()


def write(content: str | bytes, path: str, *, private: bool = False) -> int:
    """Write an output to standard output, or to a file whole or not at all; return the exit code."""
    data = content.encode() if isinstance(content, str) else content
    if not path:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return DONE
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise UsageError(f"`{path}` cannot be written: {error.strerror}") from None
    return DONE


def _text(values: Values, key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""
