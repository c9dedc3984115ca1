"""What repository rules need of a target, in plain values: it crosses processes and is kept on disk.

A place is a tuple of texts, equal for equal places. Paths of the `local` kind that are relative count from
the folder of the build file. Values of credentials are never in a summary. What another run may do in
another way, or nobody knows here, is said in it: see `lint.unknowns`.
"""

from __future__ import annotations

import posixpath

from envd_cache.catalog.formats import split_reference
from envd_cache.catalog.model import Secret
from envd_cache.evaluate.facts import PLACEHOLDER
from envd_cache.ir.merge import normalised, params_by_wire, places
from envd_cache.lint.context import is_guess, known_part, shown
from envd_cache.lint.places import CHANGING, PULL_REQUEST, named_by, stem
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from envd_cache.evaluate.model import CallSite, Evaluation
    from envd_cache.ir.model import CacheEntry, CachePlan

BASE, COPY, INLINE = "the base image", "an image that is copied from", "the image that holds the inline cache"


class Spot(Record):
    """A place in a file: its path as shown, its label (`//team/build.envd`), code points, half open."""

    path: str
    label: str
    start: int
    end: int


class EntrySummary(Record):
    """One export or import. `text` names its place for people; `settings` are all attributes that matter.

    `default_place` says that the place was left to BuildKit's default name. `by` is the function that
    declared it, which for an import of an image is another one than its type. `loose`: a fact that changes
    from run to run is in the place, and not in the key alone.
    """

    direction: str
    type: str
    places: tuple[tuple[str, ...], ...]
    text: str
    settings: tuple[tuple[str, str | int | bool], ...]
    default_place: bool
    spot: Spot | None
    by: str = ""
    loose: bool = False


class ImageUse(Record):
    """An image that a target uses as an image: its normalised reference, and what it is there."""

    reference: str
    what: str
    spot: Spot | None


class TargetSummary(Record):
    """One target: `//team/service:build`, the file as shown, its caches and its images.

    `guessed` are entries that are left out, because a fact in them is unknown here: direction, type, and
    the place without its key, () when the fact is in that, too. `changing`: it asked for a fact that another
    run may answer in another way. `hiding`: because of the answer it may declare less here than elsewhere: it
    declares nothing, or a pull request is built. `broken`: an error keeps something from being known.

    With an empty `function` it tells of a file what none of its targets tells, and has no entries.
    """

    label: str
    path: str
    function: str
    entries: tuple[EntrySummary, ...] = ()
    images: tuple[ImageUse, ...] = ()
    guessed: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    changing: bool = False
    hiding: bool = False
    broken: bool = False


class RepositoryContext:
    """All targets of a repository. `writers` and `readers` are made once for all rules."""

    __slots__ = ("readers", "summaries", "writers")

    def __init__(
        self,
        summaries: tuple[TargetSummary, ...],
        writers: Mapping[tuple[str, ...], list[tuple[TargetSummary, EntrySummary]]],
        readers: Mapping[tuple[str, ...], list[tuple[TargetSummary, EntrySummary]]],
    ) -> None:
        self.summaries = summaries
        self.writers = writers
        self.readers = readers


def summary_of(evaluation: Evaluation, plan: CachePlan, *, invented: bool = False) -> TargetSummary:
    """Return the summary of one target. `invented`: it asked for a fact that nobody knows."""
    source = evaluation.source
    folder = posixpath.dirname(source.label) if source else "//"
    known = known_part(plan)
    values = tuple(dict.fromkeys([read.value for read in plan.facts if read.name in CHANGING]))
    guessed: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    if known is not plan:
        entries_of_all = (*plan.exports, *plan.imports)
        guessed = tuple([_guess(one, folder, values) for one in entries_of_all if is_guess(one.decl)])
    entries = tuple([_entry(entry, folder, values) for entry in (*known.exports, *known.imports)])
    path = source.path if source else evaluation.target.path
    images = tuple(_images(evaluation, known))
    changing = invented or bool(values) or bool(guessed)
    in_pull_request = any(read.value for read in plan.facts if read.name == PULL_REQUEST)
    hiding = in_pull_request or (changing and not entries and not guessed)
    return TargetSummary(plan.label, path, plan.name, entries, images, guessed, changing, hiding)


def summary_of_file(path: str, label: str, *, changing: bool, broken: bool) -> TargetSummary:
    """Return what is to be said of a whole file: that not all of its targets are known, or may be others."""
    return TargetSummary(label, path, "", changing=changing, broken=broken)


def spot_of(site: CallSite) -> Spot | None:
    """Return the outermost place of a call: where the build file itself asks for it."""
    if not site.frames:
        return None
    location = site.frames[-1].location
    return Spot(location.source.path, location.source.label, location.span.start, location.span.end)


def images_of(evaluation: Evaluation) -> list[tuple[str, str, CallSite]]:
    """Return the images that a target starts from or copies from: normalised, what they are, where."""
    found = []
    for call in evaluation.calls:
        function = call.function
        if function == "base":
            image, what = call.kwargs.get("image", call.args[0] if call.args else None), BASE
        elif function == "io.copy":
            image, what = call.kwargs.get("image", call.args[2] if len(call.args) > 2 else None), COPY
        else:
            continue
        if isinstance(image, str) and image and PLACEHOLDER not in image:
            found.append((split_reference(image).normalised, what, call.site))
    return found


def _images(evaluation: Evaluation, plan: CachePlan) -> list[ImageUse]:
    images = [ImageUse(reference, what, spot_of(site)) for reference, what, site in images_of(evaluation)]
    for decl in plan.declarations:
        if decl.backend.export_only and decl.exports:
            images += [
                ImageUse(split_reference(str(entry.attr("ref"))).normalised, INLINE, spot_of(decl.site))
                for entry in plan.imports
                if entry.decl is decl
            ]
    return images


def _guess(entry: CacheEntry, folder: str, values: Sequence[str]) -> tuple[str, str, tuple[str, ...]]:
    place = stem(_places(entry, folder)[0])
    unknown = len(place) < 2 or any(PLACEHOLDER in part for part in place) or named_by(place, values)
    return (entry.direction, entry.type, () if unknown else place)


def _places(entry: CacheEntry, folder: str) -> tuple[tuple[str, ...], ...]:
    found = places(entry)
    if entry.type == entry.decl.backend.name:
        found = tuple([_anchored(place, entry, folder) for place in found])
    return found


def _entry(entry: CacheEntry, folder: str, values: Sequence[str]) -> EntrySummary:
    backend = entry.decl.backend
    own = entry.type == backend.name
    found = _places(entry, folder)
    place = " ".join([part for part in found[0][1:] if part])
    key = backend.key.param if backend.key else ""
    return EntrySummary(
        direction=entry.direction,
        type=entry.type,
        places=found if len(found[0]) > 1 else (),
        text=f"{entry.type} `{shown(place)}`",
        settings=tuple([(name, _plain(name, value, entry)) for name, value in _settings(entry)]),
        default_place=own and bool(backend.place) and key not in entry.decl.values and not entry.decl.keys,
        spot=spot_of(entry.decl.site),
        by=backend.name,
        loose=bool(values) and any(named_by(stem(one), values) for one in found),
    )


def _anchored(place: tuple[str, ...], entry: CacheEntry, folder: str) -> tuple[str, ...]:
    parts = list(place)
    for number, name in enumerate(entry.decl.backend.place, 1):
        param = entry.decl.backend.param(name)
        if param and param.format == "path" and not parts[number].startswith("/"):
            parts[number] = posixpath.normpath(posixpath.join(folder, parts[number]))
    return tuple(parts)


def _settings(entry: CacheEntry) -> tuple[tuple[str, object], ...]:
    """Return the attributes of an entry without those that say where it lies."""
    backend = entry.decl.backend
    params = params_by_wire(backend, entry.direction)
    meant: tuple[tuple[str, object], ...] = normalised(entry)[1]  # type: ignore[assignment]
    found = []
    for name, value in meant:
        param = params.get(name)
        is_place = param is not None and (param.name in backend.place or param.format == "path")
        if name != "ref" and not is_place:
            found.append((name, value))
    return tuple(found)


def _plain(name: str, value: object, entry: CacheEntry) -> str | int | bool:
    if isinstance(value, Secret):
        return f"${value.name}"
    param = params_by_wire(entry.decl.backend, entry.direction).get(name)
    if param is not None and param.secret:
        return "set"
    return value if isinstance(value, (bool, int)) else str(value)


# ---- as plain values ----


def as_data(summary: TargetSummary) -> list[object]:
    """Return a summary as lists of texts, numbers and booleans."""
    entries = [
        [
            entry.direction,
            entry.type,
            [list(place) for place in entry.places],
            entry.text,
            [list(setting) for setting in entry.settings],
            entry.default_place,
            entry.by,
            entry.loose,
            _spot_data(entry.spot),
        ]
        for entry in summary.entries
    ]
    images = [[image.reference, image.what, _spot_data(image.spot)] for image in summary.images]
    guessed = [[direction, kind, list(place)] for direction, kind, place in summary.guessed]
    unknown = [guessed, summary.changing, summary.hiding, summary.broken]
    return [summary.label, summary.path, summary.function, entries, images, unknown]


def from_data(data: Sequence[Any]) -> TargetSummary:
    """Return the summary that `as_data` made a list of; ValueError or TypeError when it has another form."""
    label, path, function, entries, images, (guessed, changing, hiding, broken) = data
    return TargetSummary(
        label,
        path,
        function,
        tuple([_entry_from(entry) for entry in entries]),
        tuple([ImageUse(reference, what, _spot_from(spot)) for reference, what, spot in images]),
        tuple([(direction, kind, tuple(place)) for direction, kind, place in guessed]),
        changing,
        hiding,
        broken,
    )


def _entry_from(data: Sequence[Any]) -> EntrySummary:
    direction, type_, where, text, settings, default_place, by, loose, spot = data
    places = tuple([tuple(place) for place in where])
    plain = tuple([(name, value) for name, value in settings])
    return EntrySummary(direction, type_, places, text, plain, default_place, _spot_from(spot), by, loose)


def _spot_data(spot: Spot | None) -> list[object] | None:
    return None if spot is None else [spot.path, spot.label, spot.start, spot.end]


def _spot_from(data: Any) -> Spot | None:
    if data is None:
        return None
    path, label, start, end = data
    return Spot(path, label, start, end)
