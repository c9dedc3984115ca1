"""What an output cannot say, found before it is written, so that nothing is lost in silence."""

from __future__ import annotations

from envd_cache.catalog.model import BOTH, EXPORT, IMPORT
from envd_cache.diagnostics import ERROR, WARNING, Diagnostic, Result, has_errors
from envd_cache.emit.wire import resolved, secrets_of, shown, without_secrets
from envd_cache.evaluate.facts import is_utf8

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envd_cache.catalog.clients import Client, Drop
    from envd_cache.catalog.model import Direction
    from envd_cache.emit.registry import Options
    from envd_cache.emit.wire import WireEntry, WirePlan
    from envd_cache.source import Location


def reduced(plan: WirePlan, options: Options) -> Result[WirePlan]:
    """Return the part of a plan that an output can say, and a diagnostic for each entry it cannot."""
    diagnostics: list[Diagnostic] = []
    exports = _kept(plan.exports, EXPORT, options, diagnostics)
    imports = _kept(plan.imports, IMPORT, options, diagnostics)
    return Result(plan.replace(exports=exports, imports=imports), tuple(diagnostics))


def said_of(plan: WirePlan, options: Options) -> Result[WirePlan]:
    """Return what an output says of a plan, with secrets filled in if that was asked for."""
    found = reduced(plan, options)
    if options.secrets is None:
        return found
    said = found.value
    diagnostics = (*found.diagnostics, *unset(said, options.secrets))
    if not has_errors(diagnostics):
        said = resolved(said, options.secrets)
    return Result(said, diagnostics)


def unset(plan: WirePlan, environ: Mapping[str, str]) -> Iterator[Diagnostic]:
    """Tell of each secret of a plan that has no value, or none in UTF-8."""
    for entry in (*plan.exports, *plan.imports):
        for name, secret in secrets_of(entry):
            what = f"the environment variable `{secret.name}` for `{name}`"
            place = location_of(entry, name)
            if secret.name not in environ:
                hint = "set it where this command runs"
                yield Diagnostic("EC406", ERROR, f"{what} is not set", place, hint=hint)
            elif not is_utf8(environ[secret.name]):
                hint = "give it a value in UTF-8"
                yield Diagnostic("EC406", ERROR, f"{what} is not UTF-8", place, hint=hint)


def _kept(
    entries: tuple[WireEntry, ...],
    direction: Direction,
    options: Options,
    diagnostics: list[Diagnostic],
) -> tuple[WireEntry, ...]:
    client = options.client
    kept: list[WireEntry] = []
    if options.frontend and direction == EXPORT:
        return ()
    for entry in entries:
        if client is not None:
            if drop := _drop(client, entry, direction, options):
                diagnostics.append(_loss("EC403", entry, drop.reason, drop.hint))
                # What the client drops by itself is still said: it may run elsewhere.
                if not drop.driver and not any(need.env for need in drop.needs):
                    continue
            if not client.keeps_newlines and (name := _broken_line(entry, options.secrets)):
                message = f"{client.title} cannot take a line end, and `{name}` has one"
                diagnostics.append(_loss("EC405", entry, message, attribute=name))
                continue
            if found := _read_twice(entry, client, options.secrets):
                name, what = found
                message = f"`{name}` holds {what}, which some releases of {client.title} fill in again"
                diagnostics.append(_loss("EC407", entry, message, "use a value without it", attribute=name))
            limit = client.max_exports if direction == EXPORT else client.max_imports
            if limit and len(kept) >= limit:
                message = f"{client.title} takes one {direction}: `{shown(entry)}` is left out"
                code = "EC401" if direction == EXPORT else "EC402"
                diagnostics.append(_loss(code, entry, message, "the first in the file is used"))
                continue
        kept.append(_without_unsayable(entry, options, diagnostics))
    return tuple(kept)


def _drop(client: Client, entry: WireEntry, direction: Direction, options: Options) -> Drop | None:
    given = {name for name, _ in entry.attrs}
    for drop in client.drops:
        if drop.type != entry.type or drop.direction not in (BOTH, direction):
            continue
        if drop.driver and drop.driver != options.driver:
            continue
        if drop.needs and all(
            given.intersection(need.attrs) or any(options.environ.get(name) for name in need.env)
            for need in drop.needs
        ):
            continue
        return drop
    return None


def _texts(entry: WireEntry, secrets: Mapping[str, str] | None) -> Iterator[tuple[str, str, bool]]:
    """Yield name and text of each attribute that is written, and whether the text is that of a secret."""
    for name, value in entry.attrs:
        if isinstance(value, str):
            yield name, value, False
        elif secrets is not None:
            yield name, secrets.get(value.name, ""), True


def _broken_line(entry: WireEntry, secrets: Mapping[str, str] | None) -> str:
    for name, text, _ in _texts(entry, secrets):
        if not set(text).isdisjoint("\r\n"):
            return name
    return ""


def _read_twice(
    entry: WireEntry, client: Client, secrets: Mapping[str, str] | None
) -> tuple[str, str] | None:
    for name, text, hidden in _texts(entry, secrets):
        for mark in client.reads_twice:
            if mark in text:
                return name, "a mark" if hidden else f"`{mark}`"
    return None


def _without_unsayable(entry: WireEntry, options: Options, diagnostics: list[Diagnostic]) -> WireEntry:
    secrets = secrets_of(entry)
    if not secrets or options.secrets is not None or not (options.null or options.binary or options.frontend):
        return entry
    form = (
        "protobuf"
        if options.binary
        else "an attribute"
        if options.frontend
        else "an argument without a shell"
    )
    for name, secret in secrets:
        message = f"`{name}` is left out: {form} cannot refer to the environment variable `{secret.name}`"
        hint = "`--resolve-secrets` writes its value"
        diagnostics.append(_loss("EC404", entry, message, hint, attribute=name))
    return without_secrets(entry)


def _loss(code: str, entry: WireEntry, message: str, hint: str = "", attribute: str = "") -> Diagnostic:
    return Diagnostic(code, WARNING, message, location_of(entry, attribute), hint=hint)


def location_of(entry: WireEntry, attribute: str = "") -> Location | None:
    """Return where an attribute was given, or where the entry was declared."""
    from envd_cache.evaluate.locate import argument_location  # noqa: PLC0415 - only for problems

    decl, direction = entry.origin.decl, entry.origin.direction
    names = [param.name for param in decl.backend.params if param.wire_name(direction) == attribute]
    argument = next((decl.places[name] for name in names if name in decl.places), None)
    return argument_location(decl.site, argument)
