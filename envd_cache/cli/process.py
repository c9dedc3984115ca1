"""What the commands share: the process around them (environment, terminal, files, exit codes)."""

from __future__ import annotations

import os
import sys

from envd_cache.catalog import GIVEN_FACTS
from envd_cache.diagnostics import WARNING, Diagnostic, Result, folded, has_errors, suggestion
from envd_cache.evaluate.interpreter import TIME_LIMIT
from envd_cache.evaluate.model import Facts
from envd_cache.pipeline import session, targets_of
from envd_cache.source import Target, parse_target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from envd_cache.cli.options import Values
    from envd_cache.pipeline import Session

# As a file's name: all build files below a folder.
EVERYWHERE = "..."

DONE, FINDINGS, WRONG_USE = 0, 1, 2
# By a signal; as a shell has it, the signal's number is added.
INTERRUPTED = 128
CTRL_C = 2


class UsageError(Exception):
    """The call was wrong in a way that the table of options cannot say; the text is the message."""


def ended(number: int, _frame: object) -> None:
    """Handle a signal that ends the program: leave as with Ctrl-C, through all that cleans up."""
    raise KeyboardInterrupt(number)


def report(diagnostics: tuple[Diagnostic, ...], values: Values) -> int:
    """Print problems to standard error, or to standard output as JSON; return the exit code."""
    code = FINDINGS if has_errors(diagnostics) else DONE
    if not diagnostics:
        return code
    diagnostics = folded(diagnostics)
    if values.get("format") == "json":
        from envd_cache.cli.data import problems_data  # noqa: PLC0415 - only for JSON

        return write(problems_data(diagnostics), "") or code
    from envd_cache.report.text import COLOUR, PLAIN, more, render, summary  # noqa: PLC0415 - only for problems

    wish = values.get("color") or "auto"
    coloured = wish == "always" or (wish == "auto" and sys.stderr.isatty() and not os.environ.get("NO_COLOR"))
    sys.stderr.write(render(diagnostics, COLOUR if coloured else PLAIN))
    sys.stderr.write(f"{summary(diagnostics)}; {more(diagnostics)}\n")
    return code


def open_session(values: Values) -> Session:
    """Return a session with the facts of this process and of `--fact`."""
    facts, seconds = given_facts(values), time_limit(values)
    return session(facts, seconds, alone=True)


def given_facts(values: Values) -> Facts:
    """Return the facts of this process and of `--fact`."""
    given: dict[str, str] = {}
    facts = values["fact"]
    for word in facts if isinstance(facts, list) else ():
        name, equals, value = word.partition("=")
        if not equals:
            raise UsageError(f"--fact {word}: write NAME=VALUE")
        if name not in GIVEN_FACTS and not (name.startswith("env.") and len(name) > len("env.")):
            hint = suggestion(name, GIVEN_FACTS, f"known facts: {', '.join(GIVEN_FACTS)}, env.NAME")
            raise UsageError(f"--fact {word}: there is no fact `{name}`; {hint}")
        given[name] = value
    return Facts(os.environ, given, _machine(), cache_folder("envd", "envdlib"))


def cache_folder(*names: str) -> str:
    """Return a folder below the one where a person's programs keep what can be made again, "" for none."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, *names) if os.path.isabs(base) else ""


def time_limit(values: Values) -> float:
    """Return the seconds that an evaluation may take."""
    limit = text(values, "time_limit")
    try:
        seconds = float(limit) if limit else TIME_LIMIT
    except ValueError:
        seconds = 0
    if not 0 < seconds < 1e6:
        raise UsageError(f"--time-limit {limit}: write a number of seconds")
    return seconds


def with_changes(during: Session, values: Values) -> Result[Session]:
    """Return a session with the changes of `--set`, and what is wrong with them."""
    texts = values.get("set")
    if not isinstance(texts, list) or not texts:
        return Result(during)
    from envd_cache.ir.override import parse  # noqa: PLC0415 - only with `--set`

    found = parse(texts)
    return Result(during.replace(overrides=found.value), found.diagnostics)


def environment(during: Session) -> Mapping[str, str]:
    """Return the environment as the build file sees it: with what `--fact env.NAME=…` says."""
    given = {name[4:]: value for name, value in during.facts.given.items() if name.startswith("env.")}
    return {**os.environ, **given} if given else os.environ


def target_of(values: Values) -> Target:
    """Return the target that a call names, without its `--path`."""
    operand, option = text(values, "target"), text(values, "from")
    if operand and option:
        raise UsageError("TARGET and --from are the same thing; give one of them")
    named = operand or option
    target = parse_target(named)
    if target is None:
        raise UsageError(f"`{named}`: write FILE or FILE:FUNCTION")
    if os.path.basename(target.path) == EVERYWHERE and not values.get("all"):
        way = "write `--all` to take them" if values.get("all") is False else "name one of them"
        raise UsageError(f"`{named}` means every target of the build files below a folder; {way}")
    return target


def chosen_targets(values: Values, during: Session) -> tuple[tuple[Target, ...], tuple[Diagnostic, ...]]:
    """Return the targets that a call names, and what is wrong with looking for them."""
    target = target_of(values)
    folder = text(values, "path")
    if values["all"] and os.path.basename(target.path) == EVERYWHERE:
        return _everywhere(os.path.dirname(target.path), folder, during)
    if folder:
        target = target.replace(path=os.path.join(folder, target.path))
    if values["all"]:
        named = text(values, "target") or text(values, "from")
        if named.partition(":")[2]:
            raise UsageError(f"`{named}` names a function, and --all means every target of the file")
        found = targets_of(target.path, during)
        return found.value, found.diagnostics
    return (target,), ()


def _everywhere(
    below: str, folder: str, during: Session
) -> tuple[tuple[Target, ...], tuple[Diagnostic, ...]]:
    """Return all targets of all build files below a folder, by path; `//` is the root of the repository."""
    from envd_cache.check.discover import discover  # noqa: PLC0415 - only for a whole repository
    from envd_cache.check.roots import Roots  # noqa: PLC0415 - only for a whole repository

    roots = Roots()
    start = os.path.join(folder, below) if folder else below
    if below.startswith("//"):
        root = roots.of(os.path.abspath(folder)).value.folder
        start = os.path.relpath(os.path.join(root, below.lstrip("/")), os.getcwd())
    start = start or "."
    if not os.path.isdir(start):
        raise UsageError(f"`{start}` is no folder")
    targets: list[Target] = []
    diagnostics: list[Diagnostic] = []
    for path in sorted(discover([start], roots)):
        found = targets_of(path, during)
        targets += found.value
        # A file that others load may be called build.envd too.
        diagnostics += [
            one.replace(severity=WARNING) if one.code == "EC013" and one.path == path else one
            for one in found.diagnostics
        ]
    if not targets and not diagnostics:
        raise UsageError(f"there is no build file below `{start}`")
    return tuple(targets), tuple(diagnostics)


def write(content: str | bytes, path: str, *, private: bool = False) -> int:
    """Write an output to standard output, or to a file whole or not at all; return the exit code."""
    data = content.encode(errors="surrogateescape") if isinstance(content, str) else content
    if not path:
        try:
            sys.stdout.flush()
            rest = memoryview(data)
            # Without a buffer (`python -u`) a write may take a part only.
            while rest:
                rest = rest[sys.stdout.buffer.write(rest) :]
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise UsageError(f"standard output cannot be written: {error.strerror}") from None
        return DONE
    try:
        _replace(path, data, 0o600 if private else 0o666)
    except OSError as error:
        raise UsageError(f"`{path}` cannot be written: {error.strerror}") from None
    return DONE


def _replace(path: str, data: bytes, mode: int) -> None:
    if os.path.exists(path) and not os.path.isfile(path):
        # A device or a pipe, such as /dev/stdout, is written to and never replaced.
        with open(path, "wb") as device:
            device.write(data)
        return
    from envd_cache.wholefile import write_whole  # noqa: PLC0415 - only for an output file

    write_whole(os.path.realpath(path), data, mode)


def _machine() -> str:
    """Return the processor as `uname -m` says it, where there is no uname too."""
    return (
        os.uname().machine if hasattr(os, "uname") else os.environ.get("PROCESSOR_ARCHITECTURE", "").lower()
    )


def text(values: Values, key: str) -> str:
    """Return the value of an option, "" when it was not given."""
    value = values.get(key)
    return value if isinstance(value, str) else ""
