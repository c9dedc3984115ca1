"""How a credential gets to an engine without standing in the list of processes.

A client that fills in an attribute from its own environment gets it there: the attribute is left out of the
option and the variable is set for the child alone. A variable is one for all entries of a type, and for
whatever else the child does with it (a login helper, `--secret id=…,env=…`), so it is only set where it was
not set to something else, and only when every entry of the type means the same by it. What has no other way
is written on the command line, and EC504 says so. Files for bake and compose refer to variables of ours.
"""

from __future__ import annotations

from envd_cache.catalog.client_flags import FILLED, FILLED_SECRETS, FLAGS, READS
from envd_cache.catalog.model import Secret
from envd_cache.diagnostics import WARNING, Diagnostic, Result
from envd_cache.emit.losses import location_of, unset
from envd_cache.emit.wire import resolved, secrets_of
from envd_cache.engine.place import truth
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envd_cache.catalog.client_flags import Filling, Reading
    from envd_cache.emit.wire import WireEntry, WirePlan


class Routes(Record):
    """A plan whose secrets are values or left out, and the variables that carry what was left out.

    Both hold credentials: the plan is for the command, `environ` for the environment of the child alone.
    """

    plan: WirePlan
    environ: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return f"Routes({self.plan.label!r}, {sorted(self.environ)})"


def secret_routes(
    plan: WirePlan, client: str, environ: Mapping[str, str], kind: str = FLAGS
) -> Result[Routes]:
    """Return how the secrets of a plan get to a client: a name in `catalog.clients`, envd among them.

    `environ` is the environment of the child as it would be, and where secrets are looked up. `kind` is that
    of the command (`Command.kind`). EC406, an error: a secret is not set. EC504, a warning, for each
    credential on a command line. `filled` is done too.
    """
    without = tuple(unset(plan, environ))
    if without:
        return Result(Routes(plan), without)
    plan = filled(plan, client, environ)
    if kind != FLAGS:
        return Result(Routes(_valued(plan, environ)))
    added: dict[str, str] = {}
    for reading in READS.get(client, ()):
        entries = [entry for entry in (*plan.exports, *plan.imports) if entry.type == reading.type]
        route = _route(reading, entries, environ)
        if route:
            added |= {name: value for name, value in route.items() if environ.get(name, "") != value}
            plan = _without(plan, reading, route, environ)
    return Result(Routes(_valued(plan, environ), added), tuple(_told(plan, client)))


def filled(plan: WirePlan, client: str, environ: Mapping[str, str]) -> WirePlan:
    """Return a plan with what a client does not take from its environment itself (`ACTIONS_*`: envd)."""
    fillings = FILLED.get(client, ())
    if not fillings:
        return plan
    return plan.replace(
        exports=tuple([_filled(entry, fillings, environ) for entry in plan.exports]),
        imports=tuple([_filled(entry, fillings, environ) for entry in plan.imports]),
    )


def _filled(entry: WireEntry, fillings: tuple[Filling, ...], environ: Mapping[str, str]) -> WireEntry:
    given = dict(entry.attrs)
    for filling in fillings:
        if entry.type != filling.type or filling.attr in given:
            continue
        if filling.when_attr:
            wanted = given.get(filling.when_attr)
            if wanted != filling.when_value and (
                wanted is not None or not truth(environ.get(filling.when_set))
            ):
                continue
        value = next((environ[name] for name in filling.variables if environ.get(name)), "")
        if value:
            given[filling.attr] = value
    return entry.replace(attrs=tuple(given.items()))


def _valued(plan: WirePlan, environ: Mapping[str, str]) -> WirePlan:
    entries = (*plan.exports, *plan.imports)
    names = {secret.name for entry in entries for _, secret in secrets_of(entry)}
    return resolved(plan, {name: environ[name] for name in names})


def _route(reading: Reading, entries: list[WireEntry], environ: Mapping[str, str]) -> dict[str, str] | None:
    """Return values for all variables of a reading that mean the same to every entry, or None."""
    wanted = [_wanted(reading, entry, environ) for entry in entries]
    relying = [values for entry, values in zip(entries, wanted, strict=True) if _relies(reading, entry)]
    attrs = {attr for attr, _ in reading.variables}
    for entry, values in zip(entries, wanted, strict=True):
        if values is None or attrs.isdisjoint(name for name, _ in secrets_of(entry)):
            continue
        elsewhere = any(environ.get(name, "") not in ("", value) for name, value in values.items())
        if not elsewhere and all(other == values for other in relying):
            return values
    return None


def _wanted(reading: Reading, entry: WireEntry, environ: Mapping[str, str]) -> dict[str, str] | None:
    """Return the variables with which the client fills in just what the entry says, or None."""
    given = {name: environ[value.name] if isinstance(value, Secret) else value for name, value in entry.attrs}
    complete = all(attr in given for attr in reading.pair)
    wanted: dict[str, str] = {}
    for attr, variable in reading.variables:
        # Beside a whole pair a client looks for nothing more, so nothing more may be there.
        alone = complete and reading.pair and attr not in reading.pair
        wanted[variable] = given.get(attr, "" if alone else environ.get(variable, ""))
        if not wanted[variable] and attr in (*reading.pair, *given) and not _gives_nothing(reading, entry):
            return None
    return wanted


def _gives_nothing(reading: Reading, entry: WireEntry) -> bool:
    return {attr for attr, _ in reading.variables}.isdisjoint(name for name, _ in entry.attrs)


def _relies(reading: Reading, entry: WireEntry) -> bool:
    """Say whether the client would look into its environment for an entry as it stands."""
    given = {name for name, _ in entry.attrs}
    needed = reading.pair or tuple([attr for attr, _ in reading.variables])
    return not given.issuperset(needed)


def _without(
    plan: WirePlan, reading: Reading, route: Mapping[str, str], environ: Mapping[str, str]
) -> WirePlan:
    """Leave out what the client fills in from its environment."""
    attrs = {attr for attr, _ in reading.variables}

    def leave_out(entry: WireEntry) -> WireEntry:
        if entry.type != reading.type or _wanted(reading, entry, environ) != route:
            return entry
        return entry.replace(attrs=tuple([pair for pair in entry.attrs if pair[0] not in attrs]))

    return plan.replace(
        exports=tuple([leave_out(entry) for entry in plan.exports]),
        imports=tuple([leave_out(entry) for entry in plan.imports]),
    )


def _told(plan: WirePlan, client: str) -> Iterator[Diagnostic]:
    for entry in (*plan.exports, *plan.imports):
        for name, value in entry.attrs:
            taken = name in FILLED_SECRETS and entry.origin.attr(name) is None
            if isinstance(value, Secret) or taken:
                message = f"`{name}` stands on the command line, where every user of the machine can read it"
                hint = _way_out(entry, name, client)
                yield Diagnostic("EC504", WARNING, message, location_of(entry, name), hint=hint)


def _way_out(entry: WireEntry, attribute: str, client: str) -> str:
    for reader in (client, "buildx"):
        for reading in READS.get(reader, ()):
            variable = dict(reading.variables).get(attribute) if reading.type == entry.type else None
            if variable and reader == client:
                return f"name the secret `{variable}`, which the client reads by itself"
            if variable:
                return f"docker buildx reads it from `{variable}`"
    return "docker buildx bake and docker compose take it from a file"
