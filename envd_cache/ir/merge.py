"""Makes one plan of many declarations: repeats collapse, two writers of one place are refused.

BuildKit v0.32.2 compares raw strings (`control/control.go`), so `r` and `r:latest` are both pushed and
the later one wins; here places are compared as what they mean.
"""

from __future__ import annotations

import posixpath

from envd_cache.catalog.reference import split_reference
from envd_cache.diagnostics import ERROR, WARNING, Diagnostic, Label
from envd_cache.ir.declare import entries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from envd_cache.catalog.model import Backend, Direction, Param
    from envd_cache.ir.model import CacheDecl, CacheEntry, CachePlan

    Merged = tuple[tuple[CacheEntry, ...], tuple[CacheEntry, ...], tuple[Diagnostic, ...]]


def merge(declarations: Iterable[CacheDecl]) -> Merged:
    """Return the exports, the imports and what is wrong between declarations, in declared order."""
    diagnostics: list[Diagnostic] = []
    seen: dict[object, CacheDecl] = {}
    exports: list[CacheEntry] = []
    imports: list[CacheEntry] = []
    written: dict[object, CacheEntry] = {}
    read: dict[object, CacheEntry] = {}
    for decl in declarations:
        exported, imported = entries(decl)
        meant = [normalised(entry) for entry in imported]
        meaning = (tuple([normalised(entry) for entry in exported]), tuple(meant))
        if meaning in seen:
            diagnostics.append(_repeated(decl, seen[meaning]))
            continue
        seen[meaning] = decl
        diagnostics += _claimed(exported, written, exports)
        for entry, means in zip(imported, meant, strict=True):
            first = read.setdefault(_identity(entry, means), entry)
            if first is entry:
                imports.append(entry)
            elif normalised(first) != means:
                diagnostics.append(_two_readers(entry, first))
    return tuple(exports), tuple(imports), tuple(diagnostics)


def between_targets(plans: Sequence[CachePlan]) -> tuple[Diagnostic, ...]:
    """Return what is wrong between targets: two that write one place with different settings, and two build
    files that mean two directories and name one, because a path counts from where the client runs.
    """
    found = _claimed([entry for plan in plans for entry in plan.exports], {}, [])
    return (*found, *_one_directory(plans))


def _one_directory(plans: Sequence[CachePlan]) -> Iterator[Diagnostic]:
    seen: dict[object, tuple[CachePlan, CacheEntry]] = {}
    for plan in plans:
        for entry in plan.exports:
            directory = _relative_directory(entry)
            if not directory:
                continue
            for place in places(entry):
                other, first = seen.setdefault(place, (plan, entry))
                if other.label.rpartition(":")[0] == plan.label.rpartition(":")[0]:
                    continue
                message = f"`{plan.label}` and `{other.label}` write one directory, `{directory}`, seen from "
                message += "where the client runs"
                labels = _first(first.decl, "the other export")
                hint = 'name the folder of each, as in `path="team/app/cache"`'
                yield Diagnostic("EC206", WARNING, message, entry.decl.site.location, labels, hint)


def _relative_directory(entry: CacheEntry) -> str:
    """Return the directory that an export writes, "" when it writes none or names it from the root."""
    for param in entry.decl.backend.params:
        value = entry.attr(param.wire_name(entry.direction)) if param.format == "path" else None
        if isinstance(value, str) and not value.startswith("/"):
            return value
    return ""


def _identity(entry: CacheEntry, means: object) -> object:
    """Return what makes two imports one to BuildKit: the reference, or all attributes of other types.

    `means` is the entry as `normalised` gives it. Source: BuildKit v0.32.2 `solver/llbsolver/bridge.go`
    merges registry imports by their `ref` alone.
    """
    return places(entry) if entry.attr("ref") is not None else means


def _claimed(
    made: Iterable[CacheEntry], written: dict[object, CacheEntry], exports: list[CacheEntry]
) -> list[Diagnostic]:
    """Add the exports to places that nobody has yet; return what is wrong with the others."""
    diagnostics: list[Diagnostic] = []
    for entry in made:
        first = _claim(entry, written)
        if first is None:
            exports.append(entry)
        elif normalised(first) != normalised(entry):
            diagnostics.append(_two_writers(entry, first))
    return diagnostics


def _claim(entry: CacheEntry, claimed: dict[object, CacheEntry]) -> CacheEntry | None:
    """Return the entry that has one of this entry's places already, or claim them for it."""
    found = places(entry)
    for place in found:
        if place in claimed:
            return claimed[place]
    for place in found:
        claimed[place] = entry
    return None


def places(entry: CacheEntry) -> tuple[tuple[str, ...], ...]:
    """Return where an entry's cache lies, so that equal tuples are one place.

    A backend that keeps several names in one entry (`name=a;b`) has a place for each.
    """
    backend = entry.decl.backend
    parts: list[tuple[str, ...]] = [(entry.type,)]
    for name in backend.place if entry.type == backend.name else ("ref",):
        param = backend.param(name)
        value = _place_value(entry, name, param)
        choices = value.split(";") if param and param.format == "names" else [value]
        parts = [(*part, choice) for part in parts for choice in choices]
    return tuple(parts)


def _place_value(entry: CacheEntry, name: str, param: Param | None) -> str:
    wires = {name} if param is None else {param.wire_name("export"), param.wire_name("import"), name}
    # A directory is `dest` when it is written and `src` when it is read.
    if name == "dest":
        wires.add("src")
    for wire, value in entry.attrs:
        if wire in wires:
            return _normal(param.format if param else "reference", value)
    return str(param.default if param and param.default is not None else "")


def _normal(form: str, value: object) -> str:
    text = str(value)
    if form == "reference":
        return split_reference(text).normalised
    if form in ("path", "folder"):
        return posixpath.normpath(text) if text else text
    return text.rstrip("/") if form == "url" else text


def normalised(entry: CacheEntry) -> tuple[object, ...]:
    """Return what an entry means: its type, its attributes, places as in `places`."""
    attrs = []
    params = params_by_wire(entry.decl.backend, entry.direction)
    for name, value in entry.attrs:
        param = params.get(name)
        # What is written as BuildKit would take it anyway makes no difference.
        if param is None or param.default is None or value != param.default:
            attrs.append((name, _normal(param.format, value) if param and isinstance(value, str) else value))
    return (entry.type, tuple(attrs))


_by_wire: dict[tuple[str, str], tuple[Backend, Mapping[str, Param]]] = {}


def params_by_wire(backend: Backend, direction: Direction) -> Mapping[str, Param]:
    """Return the parameters of a backend by BuildKit's names for them in one direction."""
    known, made = _by_wire.get((backend.name, direction), (None, {}))
    if known is not backend:
        made = {}
        for param in backend.params:
            made.setdefault(param.wire_name(direction), param)
        _by_wire[backend.name, direction] = backend, made
    return made


def _first(decl: CacheDecl, text: str) -> tuple[Label, ...]:
    location = decl.site.location
    return (Label(location, text),) if location else ()


def _repeated(decl: CacheDecl, first: CacheDecl) -> Diagnostic:
    message = "this cache is declared already"
    return Diagnostic(
        "EC201",
        WARNING,
        message,
        decl.site.location,
        _first(first, "first declared here"),
        "delete one of them",
    )


def _two_writers(entry: CacheEntry, first: CacheEntry) -> Diagnostic:
    message = f"two exports write {described(entry)} with different settings"
    hint = "give each its own place, or the same settings"
    return Diagnostic(
        "EC202", ERROR, message, entry.decl.site.location, _first(first.decl, "the other export"), hint
    )


def _two_readers(entry: CacheEntry, first: CacheEntry) -> Diagnostic:
    message = f"two imports read {described(entry)} with different settings"
    hint = "BuildKit takes the first and says nothing"
    return Diagnostic(
        "EC203", WARNING, message, entry.decl.site.location, _first(first.decl, "the other import"), hint
    )


def described(entry: CacheEntry) -> str:
    """Return an entry's place in words."""
    place = [part for part in places(entry)[0][1:] if part]
    return f"one place ({entry.type} `{' '.join(place)}`)" if place else f"one place ({entry.type})"
