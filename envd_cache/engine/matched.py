"""Which declaration each import and export of a build belongs to, and what is to be said about it.

BuildKit names an import after its reference, or `type:number`, where the number is a hash of the entry
(`solver/llbsolver/bridge.go` `cmKey`: hashstructure v2 with FNV-1 of `CacheOptionsEntry{Type, Attrs}`;
measured with Docker Engine 26.1 and 28.5). It names an export after its kind alone. What cannot be told apart
is not guessed: several of one kind that ended alike are given out in order, others are "unclear".
"""

from __future__ import annotations

import re
import struct

from envd_cache.catalog.formats import split_reference
from envd_cache.catalog.model import EXPORT, IMPORT
from envd_cache.catalog.progress import DIRECTORY_TYPE, REFERENCE_TYPE
from envd_cache.diagnostics import ERROR, NOTE, WARNING, Diagnostic
from envd_cache.emit.losses import location_of
from envd_cache.emit.wire import shown
from envd_cache.engine.outcome import ExportOutcome, ImportOutcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    from envd_cache.catalog.model import Direction
    from envd_cache.diagnostics import Severity
    from envd_cache.emit.wire import WireEntry, WirePlan
    from envd_cache.engine.outcome import Outcome

    Either = TypeVar("Either", ImportOutcome, ExportOutcome)

_URL = re.compile(r"https?://([^/\s\"]+)/v2/([^\s\"]+?)/(?:blobs|manifests|tags)/")
_HOSTS = {"registry-1.docker.io": "docker.io", "index.docker.io": "docker.io"}

# What BuildKit and its clients say before a build when they refuse an export.
_REFUSED = re.compile(
    r'unknown cache exporter: "?(?P<unknown>[\w-]+)|(?P<kind>[\w-]+) cache exporter\b'
    r"|duplicate cache exports \[(?P<twice>[^\]]*)\]"
)
_REFUSED_ALL = re.compile(r"cache export is not supported|multiple cache exports", re.IGNORECASE)

# gRPC's words for a connection that broke or was never made, and docker's.
_GONE = re.compile(
    r"code = Unavailable|\bUnavailable: |error reading from server"
    r"|[Cc]annot connect to (?:the Docker daemon|buildkitd)"
)

_HINTS = (
    (re.compile("too large"), 'use `mode="min"`, or delete this cache and write a smaller one'),
    (
        # A digest can hold these digits too.
        re.compile(r"\b40[13]\b|unauthorized|denied|forbidden|authorization", re.IGNORECASE),
        "log in where the engine's client runs, and check what the account may do",
    ),
    (
        re.compile("connection refused|no such host|timeout|deadline exceeded", re.IGNORECASE),
        "check the address, and that the engine can reach it",
    ),
    (re.compile("unknown cache"), "the engine does not have this kind of cache"),
    (
        re.compile("no space left|insufficient storage|quota", re.IGNORECASE),
        "make room where the cache lies, or keep less of it",
    ),
    (
        re.compile("permission denied|read-only file system|not a directory|mkdir ", re.IGNORECASE),
        "name a directory that the client may make and write",
    ),
    (re.compile("content sha256:"), "a part of this directory is gone; delete it and build anew"),
)


def settled(
    outcome: Outcome,
    plan: WirePlan,
    target: str = "",
    digest_of: Callable[[str, str], str] = lambda _directory, _tag: "",
) -> Outcome:
    """Return the outcome with one import and one export for each entry of the plan, in its order.

    What belongs to no entry (a cache option of the command's own) follows. `target` is the bake target or
    compose service of the plan: what belongs to another one is left out. `digest_of` returns the digest of
    a tag in a directory, "" when there is none; it tells several imports of directories apart.
    """
    if outcome.matched:
        return outcome
    imports = [found for found in outcome.imports if not target or found.target in ("", target)]
    exports = [found for found in outcome.exports if not target or found.target in ("", target)]
    return outcome.replace(
        imports=_imports(imports, plan, outcome, digest_of),
        exports=_exports(exports, plan, outcome),
        matched=True,
    )


def diagnostics_of(outcome: Outcome, plan: WirePlan, target: str = "") -> tuple[Diagnostic, ...]:
    """Return a diagnostic for each declared cache that was not read (EC505) or not written (EC506)."""
    outcome = settled(outcome, plan, target)
    found = [_about_import(each, outcome) for each in outcome.imports if each.entry]
    found += [_about_export(each, outcome) for each in outcome.exports if each.entry]
    return tuple([each for each in (*found, _about_engine(outcome)) if each])


def _about_engine(outcome: Outcome) -> Diagnostic | None:
    """Tell of an engine that is not there, or no more."""
    if outcome.failed_step or any(each.fatal for each in outcome.exports) or not _GONE.search(outcome.error):
        return None
    what = "went away during the build" if outcome.seen else "did not answer"
    message = f"the engine {what}: {outcome.error}"
    return Diagnostic("EC509", ERROR, message, hint="check that it runs; its own log may say more")


# ---- imports ----


def _imports(
    found: list[ImportOutcome],
    plan: WirePlan,
    outcome: Outcome,
    digest_of: Callable[[str, str], str],
) -> tuple[ImportOutcome, ...]:
    chosen: dict[int, ImportOutcome] = {}
    used: set[int] = set()
    for index, entry in enumerate(plan.imports):
        names = _names(entry, digest_of)
        for number, each in enumerate(found):
            if each.source in names:
                # Two imports of one reference are one for BuildKit.
                chosen[index] = each
                used.add(number)
                break
    rest = [each for number, each in enumerate(found) if number not in used]
    for type_ in dict.fromkeys(entry.type for entry in plan.imports):
        open_ = [
            index
            for index, entry in enumerate(plan.imports)
            if entry.type == type_ and index not in chosen and type_ != REFERENCE_TYPE
        ]
        same = [each for each in rest if each.type == type_]
        given = _shared_out(open_, same)
        chosen.update(given)
        rest = [each for each in rest if each not in same] if given else rest
    made = []
    for index, entry in enumerate(plan.imports):
        each = chosen.get(index) or ImportOutcome("", "not asked" if outcome.known else "unknown")
        made.append(each.replace(source=place(entry, IMPORT), type=entry.type, entry=entry))
    return tuple(made) + tuple(rest)


def _names(entry: WireEntry, digest_of: Callable[[str, str], str]) -> set[str]:
    """Return all names that BuildKit can give to an import."""
    attrs = {name: value for name, value in entry.attrs if isinstance(value, str)}
    if entry.type == REFERENCE_TYPE:
        return {attrs.get("ref", "")}
    names = {attrs["src"]} if entry.type == DIRECTORY_TYPE and "src" in attrs else set()
    if len(attrs) == len(entry.attrs):
        names.add(import_key(entry.type, attrs))
        if "src" in attrs and (digest := digest_of(attrs["src"], attrs.get("tag", "latest"))):
            names.add(import_key(entry.type, {**attrs, "digest": digest}))
    return names


def import_key(type_: str, attrs: Mapping[str, str]) -> str:
    """Return BuildKit's name of an import that has no reference."""
    mapped = 0
    for name, value in attrs.items():
        mapped ^= _hash_pair(_hash(name.encode()), _hash(value.encode()))
    number = _hash(b"CacheOptionsEntry")
    for field, hashed in ((b"Type", _hash(type_.encode())), (b"Attrs", _hash_one(mapped))):
        number = _hash_one(number ^ _hash_pair(_hash(field), hashed))
    return f"{type_}:{number}"


def _hash(data: bytes) -> int:
    """Return FNV-1 in 64 bits."""
    number = 0xCBF29CE484222325
    for byte in data:
        number = (number * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF) ^ byte
    return number


def _hash_one(number: int) -> int:
    return _hash(struct.pack("<Q", number))


def _hash_pair(first: int, second: int) -> int:
    return _hash(struct.pack("<QQ", first, second))


def _about_import(found: ImportOutcome, outcome: Outcome) -> Diagnostic | None:
    entry = found.entry
    if entry is None or found.state in ("found", "read", "unknown"):
        return None
    name = f"`{shown(entry)}`"
    where = location_of(entry)
    if found.state == "missing":
        hint = "this is usual in a first build; an export to the same place makes it"
        return Diagnostic("EC505", NOTE, f"{name} was not there: {found.reason}", where, hint=hint)
    if found.state == "not asked":
        if outcome.error:
            return None
        hint = "the client left it out, or the engine did not need it"
        return Diagnostic("EC505", WARNING, f"{name} was never asked for", where, hint=hint)
    if found.state == "unclear":
        return Diagnostic("EC505", WARNING, f"{name} may not have been read: {found.reason}", where)
    message = f"{name} could not be read: {found.reason}"
    return Diagnostic("EC505", WARNING, message, where, hint=_hint(found.reason))


# ---- exports ----


def _exports(found: list[ExportOutcome], plan: WirePlan, outcome: Outcome) -> tuple[ExportOutcome, ...]:
    chosen: dict[int, ExportOutcome] = {}
    rest = list(found)
    for each in found:
        for index, entry in enumerate(plan.exports):
            if index not in chosen and each.type in ("", entry.type) and _names_place(each.reason, entry):
                chosen[index] = each
                rest.remove(each)
                break
    types = list(dict.fromkeys(entry.type for entry in plan.exports))
    for type_ in types:
        open_ = [
            index for index, entry in enumerate(plan.exports) if entry.type == type_ and index not in chosen
        ]
        # Docker 20.10 does not say what it writes, and has one kind.
        same = [each for each in rest if each.type == type_ or (not each.type and len(types) == 1)]
        given = _shared_out(open_, same)
        chosen.update(given)
        rest = [each for each in rest if each not in same] if given else rest
    made = []
    for index, entry in enumerate(plan.exports):
        each = chosen.get(index) or _never_begun(entry, outcome)
        if _names_directory(outcome.error, entry):
            # The client's own part: it made no folder, or could not note in it what had been written.
            each = each.replace(state="failed", reason=outcome.error, fatal=True, digest="", layers=0)
        if outcome.error and not each.fatal and each.reason.endswith(outcome.error):
            # Its own address, and then the other one's reason.
            each = each.replace(reason="stopped, because another export failed")
        made.append(each.replace(type=entry.type, where=place(entry, EXPORT), entry=entry))
    return tuple(made) + tuple(rest)


def _names_place(reason: str, entry: WireEntry) -> bool:
    """Say whether an error is about the registry and repository of an entry.

    The first address counts: an export that was stopped because of another one names that one's after its
    own.
    """
    ref = entry.origin.attr("ref")
    address = _URL.search(reason)
    if not isinstance(ref, str):
        return False
    if address is None:
        return ref in reason
    host = _HOSTS.get(address[1], address[1])
    return split_reference(ref).normalised.startswith((f"{host}/{address[2]}:", f"{host}/{address[2]}@"))


def _names_directory(error: str, entry: WireEntry) -> bool:
    """Say whether an error is about the directory of an entry: `mkdir kept: not a directory`."""
    directory = dict(entry.attrs).get("dest")
    if entry.type != DIRECTORY_TYPE or not isinstance(directory, str) or not directory:
        return False
    return bool(re.search(rf'\w "?{re.escape(directory.rstrip("/"))}(?=[/:" ])', error))


def _never_begun(entry: WireEntry, outcome: Outcome) -> ExportOutcome:
    """Return the outcome of an export without a vertex: refused before the build, or not reached."""
    error = outcome.error
    if error and _REFUSED_ALL.search(error):
        return ExportOutcome(entry.type, "failed", reason=error, fatal=True)
    if found := _REFUSED.search(error):
        kinds = (found["unknown"] or found["kind"] or found["twice"] or "").split(" ")
        if entry.type in kinds:
            return ExportOutcome(entry.type, "failed", reason=error, fatal=True)
    return ExportOutcome(entry.type, "not reached" if outcome.known else "unknown")


def _about_export(found: ExportOutcome, outcome: Outcome) -> Diagnostic | None:
    entry = found.entry
    if entry is None or found.state in ("written", "unknown"):
        return None
    name = f"`{shown(entry)}`"
    where = location_of(entry)
    if found.state == "not reached":
        if outcome.error:
            return None
        hint = "the client left it out, or the build had no image to put it into"
        return Diagnostic("EC506", WARNING, f"{name} was not written, and nobody says why", where, hint=hint)
    if found.state == "unclear":
        return Diagnostic("EC506", WARNING, f"{name} may not have been written: {found.reason}", where)
    severity: Severity = ERROR if found.fatal else WARNING
    end = "" if found.fatal or outcome.error else "; the build went on"
    message = f"{name} was not written: {found.reason}{end}"
    return Diagnostic("EC506", severity, message, where, hint=_hint(found.reason))


# ---- both ----


def _shared_out(open_: list[int], found: list[Either]) -> dict[int, Either]:
    """Give outcomes of one kind to the entries of that kind that have none.

    They can be told apart by nothing, so that is done only when it makes no difference or is certain.
    """
    if not open_ or not found:
        return {}
    alike = len({(each.state, each.reason) for each in found}) == 1
    if alike or len(open_) == len(found) == 1:
        # Fewer outcomes than entries: two entries that are one for BuildKit, or one that was left out.
        return dict(zip(open_, found, strict=False))
    bad = [each for each in found if each.reason]
    reasons = "; ".join(dict.fromkeys(each.reason for each in bad))
    says = f"of {len(found)} of this kind {len(bad)} failed, and BuildKit does not say which: {reasons}"
    unclear = found[0].replace(state="unclear", reason=says, seconds=None)
    if isinstance(unclear, ExportOutcome):
        unclear = unclear.replace(digest="", layers=0, fatal=False)
    return dict.fromkeys(open_, unclear)


def _hint(reason: str) -> str:
    """Return what to do about the reasons that are met most."""
    for pattern, hint in _HINTS:
        if pattern.search(reason):
            return hint
    return ""


def place(entry: WireEntry, direction: Direction) -> str:
    """Return where a cache lies, in the words of the declaration: a reference, a directory, a bucket."""
    decl = entry.origin.decl
    # What an environment fills in is no word of the declaration.
    wanted = [
        param.wire_name(direction)
        for name in decl.backend.place
        if (param := decl.backend.param(name)) and (name in decl.places or not param.env)
    ]
    if direction == IMPORT and entry.type == DIRECTORY_TYPE:
        wanted = ["src", *wanted]
    values = {name: value for name, value in entry.attrs if isinstance(value, str)}
    if not any(name in values for name in wanted):
        wanted = ["ref"]
    return " ".join(dict.fromkeys(values[name] for name in wanted if name in values))
