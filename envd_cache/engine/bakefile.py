"""Places caches into `docker buildx bake`: a further definition file behind all others.

Measured with buildx 0.13.1 and 0.29.1: of a target in several files, `cache-to` is that of the last file
and `cache-from` all of them together. `-f` turns off the look-up of files in the current directory, so
those are named first. With a definition from elsewhere `-f cwd://PATH` adds a file of this machine and
leaves the look-up there as it is. A target gets the caches of the targets that it inherits from, even of
those in a later file; `--set TARGET.cache-to=` takes them away again.
"""

from __future__ import annotations

import os

from envd_cache.catalog import BACKENDS
from envd_cache.catalog.client_flags import (
    BAKE_ALLOWS_SINCE,
    BAKE_FILES,
    BAKE_FILES_SINCE,
    BAKE_FILES_SWAPPED,
    BAKE_SEPARATOR,
    BAKE_VARIABLE,
)
from envd_cache.catalog.local import BACKEND as LOCAL
from envd_cache.diagnostics import Result
from envd_cache.emit.bake import template
from envd_cache.emit.jsontext import dumps
from envd_cache.emit.wire import csv_field
from envd_cache.engine.optionfile import Variables
from envd_cache.engine.place import Placed, PlacedFile, with_words, without_own
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from envd_cache.diagnostics import Diagnostic
    from envd_cache.emit.wire import WirePlan
    from envd_cache.engine.place import Command


class BakeTarget(Record):
    """A target as `bake --print` shows it, with its own cache options in the form `type=…,key=value`."""

    name: str
    exports: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()


class Where(Record):
    """What a placed bake command depends on: the current directory, and which files are in it.

    `version` of buildx as numbers; empty when nobody knows. `exists` takes a path as bake would.
    """

    folder: str
    environ: Mapping[str, str]
    exists: Callable[[str], bool]
    version: tuple[int, ...] = ()


def print_words(command: Command) -> tuple[str, ...]:
    """Return the command that prints, as JSON on standard output, what the command would build."""
    return with_words(command, ["--print"])


def version_words(command: Command) -> tuple[str, ...]:
    """Return the command that prints the version of the same docker buildx."""
    return (*command.base, "version")


def printed_version(text: str) -> tuple[int, ...]:
    """Return the version in what `docker buildx version` wrote as numbers; empty when there is none.

    It is `github.com/docker/buildx v0.29.1 a1b2c3`, and in Debian `github.com/docker/buildx 0.29.1+ds1 …`.
    """
    fields = text.split()
    release = fields[1].removeprefix("v").partition("+")[0].partition("-")[0] if len(fields) > 1 else ""
    parts = release.split(".")
    return tuple([int(part) for part in parts]) if all(part.isdecimal() for part in parts) else ()


def printed_targets(text: str) -> tuple[BakeTarget, ...] | None:
    """Return the targets of what `--print` wrote, in its order, or None when it is nothing of the kind."""
    import json  # noqa: PLC0415 - 4 ms, and a build is under way

    try:
        read = json.loads(text)["target"]
        return tuple(
            [
                BakeTarget(name, _options(target.get("cache-to")), _options(target.get("cache-from")))
                for name, target in read.items()
            ]
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def with_bake_file(
    command: Command,
    placed: Sequence[tuple[str, WirePlan]],
    targets: Sequence[BakeTarget],
    file: str,
    where: Where,
    *,
    progress: str = "",
) -> Result[Placed | str]:
    """Return a bake command that gives targets their caches, or what is wrong, for a usage error.

    `placed` are names of targets with their plans (`place.matched`), secrets as values; `targets` is all
    that is built; `file` the absolute path of the file that the caller will write. A target that has caches
    of its own in a direction keeps them, with EC503.
    """
    known = {target.name: target for target in targets}
    diagnostics: list[Diagnostic] = []
    said: dict[str, WirePlan] = {}
    for name, plan in placed:
        own = known.get(name, BakeTarget(name))
        rest, told = without_own(
            plan,
            command.settings,
            exports=bool(own.exports),
            imports=bool(own.imports),
            what=f"the bake target `{name}`",
        )
        diagnostics += told
        if rest.exports or rest.imports:
            said[name] = rest
    if not said:
        return Result(Placed(with_words(command, (), progress)), tuple(diagnostics))
    before = _files_before(command, where)
    if isinstance(before, str):
        return Result(before, tuple(diagnostics))
    content, environ = _document(said)
    allowed, folders = _allowed(said, where)
    own_file = ("-f", f"cwd://{file}" if command.remote else file)
    if command.files:
        # Behind the last of the user's, wherever that stands.
        end = command.files_end
        command = command.replace(words=(*command.words[:end], *own_file, *command.words[end:]))
    else:
        before = (*before, *own_file)
    words = with_words(command, (*before, *allowed, *_taken_away(said, targets)), progress)
    return Result(Placed(words, (PlacedFile(file, content),), environ, folders), tuple(diagnostics))


def _files_before(command: Command, where: Where) -> tuple[str, ...] | str:
    """Return `-f` for each file that bake would have read by itself."""
    if command.files or command.remote:
        return ()
    if where.environ.get(BAKE_VARIABLE):
        separator = where.environ.get(BAKE_SEPARATOR) or os.pathsep
        named = where.environ[BAKE_VARIABLE].split(separator)
        found = [name.strip() for name in named if name.strip()]
    else:
        found = [name for name in BAKE_FILES if where.exists(name)]
        first, second = BAKE_FILES_SWAPPED
        if first in found and second in found and where.version < BAKE_FILES_SINCE:
            if not where.version:
                return f"releases of bake differ in the order of `{first}` and `{second}`; name them with -f"
            at = found.index(first)
            found[at : at + 2] = second, first
    return tuple([word for name in found for word in ("-f", name)])


def _document(said: Mapping[str, WirePlan]) -> tuple[str, dict[str, str]]:
    variables = Variables()
    targets: dict[str, object] = {}
    for name, plan in said.items():
        target: dict[str, object] = {}
        if plan.imports:
            target["cache-from"] = [template(variables.text(entry)) for entry in plan.imports]
        if plan.exports:
            target["cache-to"] = [template(variables.text(entry)) for entry in plan.exports]
        targets[name] = target
    document: dict[str, object] = {"target": targets}
    if variables.values:
        document = {"variable": {name: {} for name in variables.values}, **document}
    return dumps(document) + "\n", variables.values


def _allowed(said: Mapping[str, WirePlan], where: Where) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the flags that let bake use the declared directories, and those directories.

    bake asks for the nearest folder that exists, so the directory itself must be there to be asked for.
    """
    if where.version < BAKE_ALLOWS_SINCE:
        return (), ()
    flags: dict[str, None] = {}
    folders: dict[str, None] = {}
    for plan in said.values():
        for entry in (*plan.exports, *plan.imports):
            if entry.type != LOCAL.name:
                continue
            for right, attribute in (("fs.write", "dest"), ("fs.read", "src")):
                path = dict(entry.attrs).get(attribute)
                if isinstance(path, str) and not _inside(path, where.folder):
                    flags[f"--allow={right}={path}"] = None
                    folders[path] = None
    return tuple(flags), tuple(folders)


def _inside(path: str, folder: str) -> bool:
    whole = os.path.normpath(os.path.join(folder, path))
    return whole == folder or whole.startswith(folder.rstrip("/") + "/")


def _taken_away(said: Mapping[str, WirePlan], targets: Sequence[BakeTarget]) -> list[str]:
    """Return `--set` for the targets that could inherit caches which were not declared for them."""
    words: list[str] = []
    some_exports = any(plan.exports for plan in said.values())
    some_imports = any(plan.imports for plan in said.values())
    for target in targets:
        plan = said.get(target.name)
        if some_exports and not (plan and plan.exports) and not any(map(_has_secret, target.exports)):
            for option in target.exports or ("",):
                words += ["--set", f"{target.name}.cache-to={option}"]
        # One import more than it has does no harm; the first one could be the wrong one.
        if some_imports and not (plan and plan.imports) and not target.imports:
            words += ["--set", f"{target.name}.cache-from="]
    return words


_CREDENTIALS = frozenset(
    [param.wire or param.name for backend in BACKENDS for param in backend.params if param.secret]
)


def _has_secret(option: str) -> bool:
    return any(f"{name}=" in option.lower() for name in _CREDENTIALS)


def _options(found: object) -> tuple[str, ...]:
    """Return cache options as strings; releases from 0.19 on print them as objects."""
    if not isinstance(found, list):
        return ()
    return tuple([option if isinstance(option, str) else _joined(option) for option in found])


def _joined(option: Mapping[str, object]) -> str:
    fields = [("type", option.get("type")), *[pair for pair in option.items() if pair[0] != "type"]]
    return ",".join([csv_field(f"{name}={value}") for name, value in fields])
