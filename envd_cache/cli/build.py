"""`envd-cache build` and `envd-cache up`: envd with the declared caches.

`up` builds first, with the caches and the report, and then lets `envd up` find everything built: it needs
the terminal for itself.
"""

from __future__ import annotations

import os

from envd_cache.catalog.clients import ENVD
from envd_cache.catalog.envd_flags import EXPORT_FLAGS, IMPORT_FLAGS, SHARED_FLAGS, VALUE_FLAGS
from envd_cache.cli import process, running
from envd_cache.cli.child import program, run
from envd_cache.cli.commands import BUILD
from envd_cache.cli.running import Built, Call, Looking, Stop
from envd_cache.cli.watch import PLAIN, watched
from envd_cache.config import find_root
from envd_cache.diagnostics import ERROR, WARNING, Result
from envd_cache.emit.flags import arguments
from envd_cache.emit.registry import Options
from envd_cache.emit.wire import plain as plain_text
from envd_cache.emit.wire import wire
from envd_cache.engine.contexts import envd_engine
from envd_cache.engine.envd import for_envd
from envd_cache.engine.place import without_own
from envd_cache.engine.preflight import services
from envd_cache.engine.secret_routes import filled, secret_routes
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from envd_cache.cli.options import Values
    from envd_cache.config import Root
    from envd_cache.diagnostics import Diagnostic
    from envd_cache.emit.wire import WirePlan
    from envd_cache.engine.asking import Asked
    from envd_cache.engine.outcome import Outcome
    from envd_cache.engine.plain import Plain
    from envd_cache.source import Target

_HINT = "install it (`pip install envd`), or name it with --envd"


class _Ready(Record):
    """What envd is started with: a plain build file, the plan that it takes, flags with secrets in them."""

    made: Plain
    plan: WirePlan
    cache_flags: tuple[str, ...]
    environ: Mapping[str, str]
    secrets: tuple[str, ...]


def build(name: str, values: Values, rest: Sequence[str]) -> int:
    """Run the command (`build` or `up`) and return the exit code. `rest` goes to envd."""
    during = process.open_session(values)
    environ = process.environment(during)
    named = process.text(values, "envd") or "envd"
    found = program(named, environ)
    if found is None:
        raise process.UsageError(f"there is no `{named}` to run; {_HINT}")
    if not environ.get("HOME"):
        raise process.UsageError("envd needs HOME, and it is not set")
    path = process.text(values, "path")
    if path and not os.path.isdir(path):
        # envd 1.3.6 would wait for ever.
        raise process.UsageError(f"--path {path}: there is no such folder")
    target = _target(values)
    call = Call(values, environ)
    with running.workplace(values) as folder:
        try:
            engine = None if values["no_preflight"] else _engine(call)
            # The engine takes its time to answer.
            from envd_cache.engine.plain import plain, write  # noqa: PLC0415 - meanwhile

            (planned,) = running.planned((target,), call, during)
            made = plain(planned.evaluation, _root(target), folder)
            call.add(made.diagnostics)
            if made.value is None:
                return process.FINDINGS
            ready = _ready(made.value, wire(planned.plan), rest, call, engine)
            call.say()
            words = [found, *_words(ready, values, rest if name == BUILD.name else _shared(rest))]
            up = [found, "up", *_place(values), "--from", ready.made.entry, *rest]
            if values["dry_run"]:
                files = [(f"{folder}/{file.path}", file.content.decode()) for file in ready.made.files]
                code = running.show_command(words, {}, files)
                return code if name == BUILD.name else running.show_command(up, {}, ()) or code
            write(ready.made, folder)
            code, outcome = _run(words, ready)
            code = running.report(call, (Built(ready.plan),), outcome, code)
            if name == BUILD.name or code:
                return code
            # Everything is built now, and so is the cache.
            return run(up, environ)
        except Stop as stop:
            return running.refused(call, stop.diagnostics)
        finally:
            call.ask.close()


def _engine(call: Call) -> Result[Asked | None]:
    """Begin to ask envd's engine what it can do."""
    found = envd_engine(call.environ, running.home(call.environ))
    return Result(call.ask_engine(found.value) if found.value else None, found.diagnostics)


def _ready(
    made: Plain, declared: WirePlan, rest: Sequence[str], call: Call, engine: Result[Asked | None] | None
) -> _Ready:
    """Return what envd is started with, and tell what is left out. Raises Stop."""
    values, environ = call.values, call.environ
    given = set(_names(rest))
    plan, diagnostics = without_own(
        declared,
        ENVD,
        exports=bool(given & EXPORT_FLAGS),
        imports=bool(given & IMPORT_FLAGS),
        what="the command",
    )
    call.add(diagnostics)
    wanted = filled(plan, ENVD.name, environ)
    options = Options(client=ENVD, environ=environ)
    chosen = for_envd(wanted, options, running.digest_of, Looking(environ).is_there)
    plan, losses = chosen.value, chosen.diagnostics
    asked: tuple[Diagnostic, ...] = ()
    if engine is not None:
        asked = engine.diagnostics
        if engine.value is not None:
            (plan,), asked = running.checked((plan,), ENVD, engine.value, environ)
        # Another export can take the place of one that envd does not get.
        asked += services(wanted, environ, WARNING if chosen.value.exports else ERROR)
    call.add(running.without_repeats(losses, asked))
    shown = running.with_references((declared,), environ) if values["dry_run"] else environ
    routes = secret_routes(plan, ENVD.name, shown)
    call.add(routes.diagnostics)
    words = arguments(routes.value.plan, ENVD.export_flag, ENVD.import_flag)
    texts = tuple([plain_text(word) for word in words])
    secrets = running.secrets_in((declared,), environ)
    return _Ready(made, plan, texts, {**environ, **routes.value.environ}, secrets)


def _words(ready: _Ready, values: Values, rest: Sequence[str]) -> list[str]:
    return ["build", *_place(values), "--from", ready.made.entry, *ready.cache_flags, *rest]


def _run(words: Sequence[str], ready: _Ready) -> tuple[int, Outcome]:
    try:
        return watched(
            words,
            ready.environ,
            form=PLAIN,
            shown=True,
            on_both=True,
            names=ready.made.names,
            secrets=ready.secrets,
            begun=running.get_ready,
        )
    except OSError as error:
        raise process.UsageError(f"`{words[0]}` cannot be run: {error.strerror}") from None


def _target(values: Values) -> Target:
    """Return the target, looked for as envd does it: in `--path`, then in the current folder."""
    operand = process.target_of(values)
    folder = process.text(values, "path")
    inside = os.path.join(folder, operand.path)
    if folder and (os.path.lexists(inside) or not os.path.lexists(operand.path)):
        return operand.replace(path=inside)
    return operand


def _place(values: Values) -> list[str]:
    folder = process.text(values, "path")
    return ["--path", folder] if folder else []


def _names(words: Sequence[str]) -> Iterator[str]:
    """Yield the names of the flags in some words of envd's."""
    for name, _ in _flags(words):
        yield name


def _shared(words: Sequence[str]) -> list[str]:
    """Return the words of `envd up` that `envd build` knows too."""
    return [word for name, part in _flags(words) if name in SHARED_FLAGS for word in part]


def _flags(words: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    at = 0
    while at < len(words):
        name, equals, _ = words[at].partition("=")
        if name.startswith("-"):
            # envd takes `-path` for `--path`.
            name = name if len(name) == 2 else "--" + name.lstrip("-")
        size = 2 if name in VALUE_FLAGS and not equals else 1
        yield name, words[at : at + size]
        at += size


def _root(target: Target) -> Root:
    return find_root(os.path.dirname(os.path.abspath(target.path))).value
