"""Places caches into `docker compose build`: a further compose file behind all others.

Measured with compose 2.26.1 and 2.40.3: `cache_from` and `cache_to` of a service in several files are put
together; `extends` does not reach into a later file, so no other service gets them. `-f` stands before
`build` only and turns off the look-up of files. Where the command has none, the files go into COMPOSE_FILE
of the child instead: compose then takes the folder of the first for the project's, as it does by itself,
and still reads `.env` in the current directory.
"""

from __future__ import annotations

import os

from envd_cache.catalog.client_flags import (
    COMPOSE_ENV_FILE,
    COMPOSE_ENV_FILES,
    COMPOSE_FILES,
    COMPOSE_NO_ENV_FILE,
    COMPOSE_OVERRIDES,
    COMPOSE_SEPARATOR,
    COMPOSE_VARIABLE,
)
from envd_cache.diagnostics import Result
from envd_cache.emit.compose import interpolated
from envd_cache.emit.yamltext import scalar
from envd_cache.engine.optionfile import Variables
from envd_cache.engine.place import Placed, PlacedFile, truth, with_words, without_own
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from envd_cache.diagnostics import Diagnostic
    from envd_cache.emit.wire import WireEntry, WirePlan
    from envd_cache.engine.place import Command


class Service(Record):
    """A service that is built, and whether it has cache options of its own."""

    name: str
    exports: bool = False
    imports: bool = False


class Surroundings(Record):
    """What a compose command depends on: the current directory and its files.

    `read` returns the text of a file, None when there is none.
    """

    folder: str
    environ: Mapping[str, str]
    read: Callable[[str], str | None]


def config_words(command: Command) -> tuple[str, ...]:
    """Return the command that prints, as JSON on standard output, the services of the command."""
    # The services that the command names are named here too: that switches on their profiles.
    names = ("--", *command.names) if command.names else ()
    return (*command.words[: command.at - 1], "config", "--format", "json", *names)


def printed_services(text: str, command: Command) -> tuple[Service, ...] | None:
    """Return the services that the command builds, by what `config` wrote, or None when that is nothing."""
    import json  # noqa: PLC0415 - 4 ms, and a build is under way

    try:
        found: list[Service] = []
        for name, service in json.loads(text)["services"].items():
            build = service.get("build")
            if build is not None and (not command.names or name in command.names):
                found.append(Service(name, bool(build.get("cache_to")), bool(build.get("cache_from"))))
        return tuple(found)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def with_compose_file(
    command: Command,
    placed: Sequence[tuple[str, WirePlan]],
    services: Sequence[Service],
    file: str,
    around: Surroundings,
    *,
    progress: str = "",
) -> Result[Placed | str]:
    """Return a compose command that gives services their caches, or what is wrong, for a usage error.

    `placed` are names of services with their plans (`place.matched`), secrets as values; `file` is the
    absolute path of the file that the caller will write. A service that has caches of its own in a
    direction keeps them, with EC503.
    """
    known = {service.name: service for service in services}
    diagnostics: list[Diagnostic] = []
    said: dict[str, WirePlan] = {}
    for name, plan in placed:
        own = known.get(name, Service(name))
        rest, told = without_own(
            plan,
            command.settings,
            exports=own.exports,
            imports=own.imports,
            what=f"the service `{name}`",
        )
        diagnostics += told
        if rest.exports or rest.imports:
            said[name] = rest
    if not said:
        return Result(Placed(with_words(command, (), progress)), tuple(diagnostics))
    content, environ = _document(said)
    if command.files:
        end = command.at - 1
        words = (*command.words[:end], "-f", file, *command.words[end:])
        command = command.replace(words=words, at=command.at + 2)
    else:
        files = _files(command, around)
        if isinstance(files, str):
            return Result(files, tuple(diagnostics))
        environ |= _named((*files, file))
    words = with_words(command, (), progress)
    return Result(Placed(words, (PlacedFile(file, content),), environ), tuple(diagnostics))


def _document(said: Mapping[str, WirePlan]) -> tuple[str, dict[str, str]]:
    variables = Variables()
    lines = ["services:"]
    for name, plan in said.items():
        lines += [f"  {scalar(name)}:", "    build:"]
        for key, entries in (("cache_from", plan.imports), ("cache_to", plan.exports)):
            if entries:
                lines.append(f"      {key}:")
                lines += [f"        - {_option(entry, variables)}" for entry in entries]
    return "\n".join(lines) + "\n", variables.values


def _option(entry: WireEntry, variables: Variables) -> str:
    return scalar(interpolated(variables.text(entry)))


def _named(files: Sequence[str]) -> dict[str, str]:
    # Any text may part them; one of these is in no name.
    marks = (os.pathsep, ";", "|", "\n")
    separator = next((mark for mark in marks if not any(mark in name for name in files)), "\t")
    return {COMPOSE_VARIABLE: separator.join(files), COMPOSE_SEPARATOR: separator}


def _files(command: Command, around: Surroundings) -> tuple[str, ...] | str:
    """Return the files that compose would have read by itself."""
    environ, folder = around.environ, around.folder
    start = os.path.join(folder, command.project_directory)
    settings = {**_env_files(command, start, around), **environ}
    if COMPOSE_VARIABLE in settings:
        if "$" in settings[COMPOSE_VARIABLE] and COMPOSE_VARIABLE not in environ:
            return f"`{COMPOSE_VARIABLE}` in `{COMPOSE_ENV_FILE}` is put together; name the files with -f"
        return tuple(settings[COMPOSE_VARIABLE].split(settings.get(COMPOSE_SEPARATOR) or os.pathsep))
    at = os.path.normpath(start)
    while True:
        first = _first(COMPOSE_FILES, at, around)
        if first:
            return (*first, *_first(COMPOSE_OVERRIDES, at, around))
        above = os.path.dirname(at)
        if above == at:
            return "there is no compose file here or in a folder above"
        at = above


def _first(names: Sequence[str], folder: str, around: Surroundings) -> tuple[str, ...]:
    paths = [os.path.join(folder, name) for name in names]
    return tuple([path for path in paths if around.read(path) is not None][:1])


def _env_files(command: Command, folder: str, around: Surroundings) -> dict[str, str]:
    """Return the settings of compose itself in its `.env` files; later files win."""
    paths = [os.path.join(around.folder, name) for name in command.env_files]
    if not paths and (named := around.environ.get(COMPOSE_ENV_FILES)):
        paths = [os.path.join(around.folder, name) for name in named.split(",")]
    if not paths and not truth(around.environ.get(COMPOSE_NO_ENV_FILE)):
        paths = [os.path.join(folder, COMPOSE_ENV_FILE)]
    found: dict[str, str] = {}
    for path in paths:
        for line in (around.read(path) or "").splitlines():
            name, equals, value = line.strip().removeprefix("export ").partition("=")
            if equals and name.strip() in (COMPOSE_VARIABLE, COMPOSE_SEPARATOR):
                found[name.strip()] = _unquoted(value.strip())
    return found


def _unquoted(value: str) -> str:
    if value[:1] in ("'", '"'):
        return value[1:].partition(value[0])[0]
    return value.partition(" #")[0].strip()
