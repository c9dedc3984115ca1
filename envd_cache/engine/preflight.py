"""What would go wrong with the caches of a plan on the engine at hand, told before the build.

BuildKit tells of an export that it does not have after the client has waited for seconds, of an import that
it does not have in a failed step of a build that goes on, and of an attribute that is too new not at all.
"""

from __future__ import annotations

from envd_cache.catalog.clients import CLIENTS
from envd_cache.catalog.engines import FULL_ENGINE, KINDS, READ_BY_CLIENT, SERVICE_VERSIONS
from envd_cache.catalog.model import EXPORT
from envd_cache.diagnostics import ERROR, WARNING, Diagnostic
from envd_cache.emit.losses import location_of
from envd_cache.emit.wire import shown
from envd_cache.engine.probe import newer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envd_cache.catalog.clients import Client, Need
    from envd_cache.diagnostics import Severity
    from envd_cache.emit.wire import WireEntry, WirePlan
    from envd_cache.engine.probe import Abilities

# What Go takes for true in a variable (strconv.ParseBool).
_TRUE = ("1", "t", "T", "TRUE", "true", "True")


def preflight(
    plan: WirePlan, abilities: Abilities, client: Client, environ: Mapping[str, str]
) -> tuple[Diagnostic, ...]:
    """Return what stands between a plan and an engine: exports first, each direction in declared order.

    EC501, an error: the engine does not have this export, or takes no more of them. EC502, a warning: it
    does not have this import. EC511: the service behind the cache is not known, an error for an export and
    a warning for an import. EC512, a warning: the engine's BuildKit is older than an attribute.

    `environ` is the environment of the client. What the client itself cannot say (EC401 to EC407) is told
    by `emit.losses`; entries past its limits are not looked at here.
    """
    return (
        *_exports(plan.exports[: client.max_exports or None], abilities, client, environ),
        *_imports(plan.imports[: client.max_imports or None], abilities, client, environ),
    )


def services(
    plan: WirePlan, environ: Mapping[str, str], severity: Severity = ERROR
) -> tuple[Diagnostic, ...]:
    """Return EC511 for each cache of a plan in a service of which nobody says where it is or how to get in.

    It is for a client that refuses such an entry, which is left out before `preflight` could see it.
    `severity` is that of an export; an import is a warning.
    """
    return (
        *[told for entry in plan.exports for told in _service(entry, severity, environ)],
        *[told for entry in plan.imports for told in _service(entry, WARNING, environ)],
    )


def _exports(
    entries: tuple[WireEntry, ...], abilities: Abilities, client: Client, environ: Mapping[str, str]
) -> Iterator[Diagnostic]:
    taken = 0
    for entry in entries:
        if abilities.exports is not None and entry.type not in abilities.exports:
            message = f"{abilities.engine} has no {entry.type} cache export"
            yield _problem("EC501", ERROR, entry, message, _way_out(entry, abilities, client))
            continue
        if abilities.max_exports and taken == abilities.max_exports:
            count = "one export" if taken == 1 else f"{taken} exports"
            message = f"{abilities.engine} takes {count}: `{shown(entry)}` is one too many"
            yield _problem("EC501", ERROR, entry, message, "keep the export that counts")
            continue
        taken += 1
        yield from _service(entry, ERROR, environ)
        yield from _too_new(entry, abilities, environ)


def _imports(
    entries: tuple[WireEntry, ...], abilities: Abilities, client: Client, environ: Mapping[str, str]
) -> Iterator[Diagnostic]:
    for entry in entries:
        if abilities.imports is not None and entry.type not in abilities.imports:
            message = f"{abilities.engine} has no {entry.type} cache import, and would build without it"
            yield _problem("EC502", WARNING, entry, message, _way_out(entry, abilities, client))
            continue
        yield from _service(entry, WARNING, environ)
        yield from _too_new(entry, abilities, environ)


def _way_out(entry: WireEntry, abilities: Abilities, client: Client) -> str:
    """Return the one thing to do so that the engine has this type: a setting of it, or another engine."""
    kinds = {kind.name: kind for kind in KINDS}
    kind = kinds.get(abilities.kind)
    better = kinds.get(kind.becomes) if kind else None
    if kind and better:
        types = better.exports if entry.origin.direction == EXPORT else better.imports
        if entry.type in types:
            return kind.setting
    return dict(FULL_ENGINE).get(client.name, "use another engine")


def _service(entry: WireEntry, severity: Severity, environ: Mapping[str, str]) -> Iterator[Diagnostic]:
    """Tell of a cache in a service of a CI system of which nobody says where it is or how to get in."""
    given = {name for name, _ in entry.attrs}
    missing = [
        need
        for need in _needs(entry.type)
        if not given.intersection(need.attrs) and not any(environ.get(name) for name in need.env)
    ]
    if not missing:
        return
    variables = " and ".join([f"`{need.env[0]}`" for need in missing])
    are = "is" if len(missing) == 1 else "are"
    attributes = " and ".join([" or ".join([f"`{name}`" for name in need.attrs]) for need in missing])
    message = f"the service of this {entry.type} cache is not known: {variables} {are} not set"
    yield _problem("EC511", severity, entry, message, f"run it in a job that sets them, or give {attributes}")


def _needs(backend: str) -> tuple[Need, ...]:
    """Return what an entry must have: the needs of the client that finds most of them in its environment.

    They hold for every client: envd is given what it does not find by itself, buildctl finds the same.
    """
    found = [drop.needs for client in CLIENTS for drop in client.drops if drop.type == backend and drop.needs]
    return max(found, key=lambda needs: sum(len(need.env) for need in needs), default=())


def _too_new(entry: WireEntry, abilities: Abilities, environ: Mapping[str, str]) -> Iterator[Diagnostic]:
    direction = entry.origin.direction
    given = [name for name, _ in entry.attrs if (entry.type, name) not in READ_BY_CLIENT]
    since = {param.wire_name(direction): param.since for param in entry.origin.decl.backend.params}
    for name in given:
        # What we filled in from the environment is told below.
        if entry.origin.attr(name) is not None and newer(since.get(name, ""), abilities.version):
            message = (
                f"`{name}` is read since BuildKit {since[name]}, and {abilities.engine} has none newer "
                f"than {abilities.version}"
            )
            yield _problem(
                "EC512", WARNING, entry, message, "leave it out, or use a newer engine", attribute=name
            )
    for backend, variable, name in SERVICE_VERSIONS:
        if (
            entry.type == backend
            and entry.origin.attr(name) is None
            and environ.get(variable) in _TRUE
            and newer(since.get(name, ""), abilities.version)
        ):
            message = (
                f"`{variable}` asks for a service that BuildKit knows since {since[name]}, and "
                f"{abilities.engine} has none newer than {abilities.version}"
            )
            yield _problem("EC512", WARNING, entry, message, "use a newer engine")


def _problem(
    code: str, severity: Severity, entry: WireEntry, message: str, hint: str, *, attribute: str = ""
) -> Diagnostic:
    return Diagnostic(code, severity, message, location_of(entry, attribute), hint=hint)
