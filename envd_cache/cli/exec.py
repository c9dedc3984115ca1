"""`envd-cache exec -- CLIENT …`: another client of BuildKit with the caches of a build file."""

from __future__ import annotations

import os

from envd_cache.catalog.client_flags import BAKE, COMPOSE, FLAGS
from envd_cache.catalog.clients import BUILDCTL
from envd_cache.cli import process, running
from envd_cache.cli.child import program
from envd_cache.cli.running import Built, Call, Stop
from envd_cache.cli.watch import PLAIN, RAW, watched
from envd_cache.diagnostics import Result
from envd_cache.emit.losses import said_of
from envd_cache.emit.registry import Options
from envd_cache.emit.wire import wire
from envd_cache.engine import bakefile, composefile, contexts
from envd_cache.engine.place import Placed, matched, read_command, with_flags, without_own
from envd_cache.engine.secret_routes import secret_routes
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    from envd_cache.cli.options import Values
    from envd_cache.diagnostics import Diagnostic
    from envd_cache.emit.wire import WirePlan
    from envd_cache.engine.asking import Asked
    from envd_cache.engine.contexts import Engine
    from envd_cache.engine.place import Command
    from envd_cache.pipeline import Session

    _Part: TypeAlias = bakefile.BakeTarget | composefile.Service

# buildx writes its progress as JSON since this release, and buildctl's releases are counted alike.
_RAW_SINCE = (0, 13)

_WHAT = {BAKE: "bake target", COMPOSE: "service", FLAGS: "command"}
_FILES = {BAKE: "docker-bake.json", COMPOSE: "compose.yaml", FLAGS: ""}


class _Place(Record):
    """Where caches are put: the command, a file of ours, and what both depend on."""

    command: Command
    file: str
    environ: Mapping[str, str]
    version: tuple[int, ...]


class _Ready(Record):
    """A command with caches in it, which parts of the plan went where, and how its progress is read."""

    placed: Placed
    built: tuple[Built, ...]
    form: str
    shown: bool
    secrets: tuple[str, ...]


def execute(values: Values, words: Sequence[str]) -> int:
    """Run the command and return the exit code. `words` are the client's."""
    during = process.open_session(values)
    environ = process.environment(during)
    command = read_command(words, environ)
    if isinstance(command, str):
        raise process.UsageError(command)
    if values["all"] and command.kind == FLAGS:
        raise process.UsageError("--all is for bake and compose, which build several targets")
    if program(command.words[0], environ) is None:
        raise process.UsageError(f"there is no `{command.words[0]}` to run")
    call = Call(values, environ)
    with running.workplace(values) as folder:
        try:
            return _execute(command, during, folder, call)
        except Stop as stop:
            return running.refused(call, stop.diagnostics)
        finally:
            call.ask.close()


def _execute(command: Command, during: Session, folder: str, call: Call) -> int:
    """Run the command with files of ours in a folder; return the exit code."""
    values, environ = call.values, call.environ
    asked = _ask_ahead(command, call)
    targets, diagnostics = process.chosen_targets(values, during)
    call.add(diagnostics)
    plans = [wire(one.plan) for one in running.planned(targets, call, during)]
    ready = _ready(command, plans, folder, call, asked)
    call.say()
    if values["dry_run"]:
        files = [(file.path, file.content) for file in ready.placed.files]
        return running.show_command(ready.placed.words, ready.placed.environ, files)
    _write(ready.placed)
    try:
        code, outcome = watched(
            ready.placed.words,
            {**environ, **ready.placed.environ},
            form=ready.form,
            shown=ready.shown,
            # compose 2.26 tells its progress on standard output.
            on_both=command.kind == COMPOSE,
            secrets=ready.secrets,
            begun=running.get_ready,
        )
    except OSError as error:
        raise process.UsageError(f"`{command.words[0]}` cannot be run: {error.strerror}") from None
    return running.report(call, ready.built, outcome, code)


def _ask_ahead(command: Command, call: Call) -> Asked | None:
    """Begin to ask what `_ready` wants to know: to start a client takes longer than to run a build file."""
    if _has_version(command):
        call.ask.ahead(bakefile.version_words(command))
    if command.kind != FLAGS and not command.stdin:
        call.ask.ahead(_print_words(command))
    if call.values["no_preflight"]:
        return None
    return call.ask_engine(_engine(command, call.environ), command.base)


def _ready(
    command: Command, plans: Sequence[WirePlan], folder: str, call: Call, engine: Asked | None
) -> _Ready:
    """Return what is to be run, and tell what is left out. Raises Stop, and UsageError for the command."""
    values, environ = call.values, call.environ
    client = command.settings
    parts = _parts(command, call)
    pairs: Sequence[tuple[str, WirePlan]] = [("", plan) for plan in plans]
    if command.kind != FLAGS:
        found = matched(plans, [part.name for part in parts], _WHAT[command.kind])
        call.add(found.diagnostics)
        pairs = found.value
    own = {part.name: part for part in parts}
    losses: list[Diagnostic] = []
    kept: list[WirePlan] = []
    for name, declared in pairs:
        part = own[name]
        what = f"the {_WHAT[command.kind]} `{name}`" if name else "the command"
        plan, diagnostics = without_own(
            declared, client, exports=bool(part.exports), imports=bool(part.imports), what=what
        )
        said = said_of(plan, Options(client=client, environ=environ))
        losses += (*diagnostics, *said.diagnostics)
        kept.append(said.value)
    asked: tuple[Diagnostic, ...] = ()
    if engine is not None:
        checked, asked = running.checked(kept, client, engine, environ)
        kept = list(checked)
    call.add(running.without_repeats(losses, asked))
    shown = running.with_references(plans, environ) if values["dry_run"] else environ
    routed: list[tuple[str, WirePlan]] = []
    added: dict[str, str] = {}
    for (name, _), plan in zip(pairs, kept, strict=True):
        routes = secret_routes(plan, command.client, shown, command.kind)
        call.add(routes.diagnostics)
        added |= routes.value.environ
        routed.append((name, routes.value.plan))
    version = _version(command, call)
    form, ours = _form(command, version)
    place = _Place(command, os.path.join(folder, _FILES[command.kind]), environ, version)
    placed = _placed(place, routed, parts, form if ours else "")
    call.add(placed.diagnostics)
    if isinstance(placed.value, str):
        raise process.UsageError(placed.value)
    return _Ready(
        placed.value.replace(environ={**added, **placed.value.environ}),
        tuple([Built(plan, name) for (name, _), plan in zip(pairs, kept, strict=True)]),
        form,
        ours,
        running.secrets_in(plans, environ),
    )


def _placed(
    place: _Place, plans: Sequence[tuple[str, WirePlan]], parts: Sequence[_Part], progress: str
) -> Result[Placed | str]:
    """Return the command with its caches, or what is wrong with the command."""
    command = place.command
    folder = os.getcwd()
    if command.kind == BAKE:
        where = bakefile.Where(folder, place.environ, os.path.exists, place.version)
        targets = [part for part in parts if isinstance(part, bakefile.BakeTarget)]
        return bakefile.with_bake_file(command, plans, targets, place.file, where, progress=progress)
    if command.kind == COMPOSE:
        around = composefile.Surroundings(folder, place.environ, _read)
        services = [part for part in parts if isinstance(part, composefile.Service)]
        return composefile.with_compose_file(command, plans, services, place.file, around, progress=progress)
    ((_, plan),) = plans
    found = with_flags(command, plan, progress)
    return Result(Placed(found.value), found.diagnostics)


def _parts(command: Command, call: Call) -> tuple[_Part, ...]:
    """Return what the command builds: targets or services, which the client is asked for, or one thing."""
    if command.kind == FLAGS:
        return (composefile.Service("", command.own_exports, command.own_imports),)
    if command.stdin:
        raise process.UsageError("a definition on standard input can be read once only; write it to a file")
    words = _print_words(command)
    code, output, errors = call.ask(words)
    found: tuple[_Part, ...] | None = None
    if not code and command.kind == BAKE:
        found = bakefile.printed_targets(output)
    elif not code:
        found = composefile.printed_services(output, command)
    if found is None:
        raise process.UsageError(f"`{' '.join(words)}` failed:\n{errors.strip() or output.strip()}")
    return found


def _print_words(command: Command) -> tuple[str, ...]:
    return bakefile.print_words(command) if command.kind == BAKE else composefile.config_words(command)


def _engine(command: Command, environ: Mapping[str, str]) -> Engine:
    if command.client == BUILDCTL.name:
        return contexts.buildctl_engine(environ, command.builder)
    if command.by_context:
        return contexts.default_builder(environ, running.home(environ), command.builder)
    return contexts.buildx_engine(environ, command.builder)


def _form(command: Command, version: tuple[int, ...]) -> tuple[str, bool]:
    """Return how the client tells its progress, and whether that is ours to show."""
    if command.progress in (RAW, PLAIN):
        return command.progress, False
    if command.progress not in ("", "auto") or "--print" in command.words:
        return "", False
    if command.kind == COMPOSE or (version and version < _RAW_SINCE):
        return PLAIN, True
    return RAW, True


def _has_version(command: Command) -> bool:
    return command.client != BUILDCTL.name and bool(command.base)


def _version(command: Command, call: Call) -> tuple[int, ...]:
    """Return the version of the command's buildx, () when nobody knows."""
    if not _has_version(command):
        return ()
    code, output, _ = call.ask(bakefile.version_words(command))
    return () if code else bakefile.printed_version(output)


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return None


def _write(placed: Placed) -> None:
    for file in placed.files:
        handle = os.open(file.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write(file.content)
    for path in placed.folders:
        os.makedirs(path, exist_ok=True)
