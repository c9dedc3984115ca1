"""What is known of one file after it was checked, as plain data: it crosses processes and is kept on disk.

The texts of files are not in it. A place is the number of a file and two offsets; whoever shows it reads
the file again.
"""

from __future__ import annotations

import os

from envd_cache.diagnostics import Diagnostic, Edit, Fix, Label
from envd_cache.record import Record
from envd_cache.source import Location, SourceFile, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeAlias

    # The path as shown, and the label in the repository.
    FileName: TypeAlias = tuple[str, str]
    # code, severity, message, place, labels, hint, path, fix, redact
    Packed: TypeAlias = tuple[Any, ...]
    SourceOf: TypeAlias = Callable[[str, str], SourceFile | None]


class FileResult(Record):
    """The outcome of one file; every field is a tuple of plain values, a text, a number or a bool.

    `root` is the folder of its repository. `files` are the names that places count by; `problems` are
    packed diagnostics; `targets` pairs of function and label, `summaries` of the targets as
    `lint.summary.as_data` makes them, `listings` what `--list` shows, if asked for. `allowances` are the
    fields of the comments that allow something, `used` the numbers of those that did. `inputs` are triples
    of absolute path, digest and signature of every file that was read; `asked` are the facts that were
    asked for, with a digest of the answer. With `whole` the two are all that the result depends on.
    """

    path: str
    root: str
    files: tuple[FileName, ...] = ()
    problems: tuple[Packed, ...] = ()
    targets: tuple[tuple[str, str], ...] = ()
    summaries: tuple[Any, ...] = ()
    listings: tuple[Any, ...] = ()
    allowances: tuple[tuple[Any, ...], ...] = ()
    used: tuple[int, ...] = ()
    inputs: tuple[tuple[str, bytes, tuple[int, ...]], ...] = ()
    asked: tuple[tuple[str, str, bytes], ...] = ()
    whole: bool = False

    def data(self) -> tuple[Any, ...]:
        """Return the fields as one tuple."""
        return tuple([getattr(self, name) for name in self._fields])


class Report(Record):
    """What a check found: how many build files and targets there were, what is wrong, what `--list` shows."""

    files: int
    targets: int
    diagnostics: tuple[Diagnostic, ...]
    results: tuple[tuple[Any, ...], ...]


class Packer:
    """Turns diagnostics into plain values, and keeps the names of the files that they are in."""

    def __init__(self) -> None:
        self.files: dict[FileName, int] = {}

    def pack(self, problems: Iterable[Diagnostic]) -> tuple[Packed, ...]:
        """Return diagnostics as plain values."""
        return tuple([self._one(problem) for problem in problems])

    def _one(self, problem: Diagnostic) -> Packed:
        fix = problem.fix and (
            problem.fix.title,
            tuple([(self._place(edit.location), edit.text) for edit in problem.fix.edits]),
            problem.fix.safe,
        )
        return (
            problem.code,
            problem.severity,
            problem.message,
            self._place(problem.location),
            tuple([(self._place(label.location), label.text) for label in problem.labels]),
            problem.hint,
            problem.path,
            fix,
            problem.redact,
        )

    def _place(self, location: Location | None) -> tuple[int, int, int] | None:
        if location is None:
            return None
        name = location.source.path, location.source.label
        number = self.files.setdefault(name, len(self.files))
        return number, location.span.start, location.span.end


def unpacked(result: FileResult, source_of: SourceOf) -> tuple[Diagnostic, ...]:
    """Return the diagnostics of a result. `source_of` reads a file again, by its path and label.

    A place in a file that is gone by now becomes the file's path; one in a file that got shorter its end.
    """

    def place(packed: tuple[int, int, int] | None) -> Location | None:
        if packed is None:
            return None
        number, start, end = packed
        source = source_of(*result.files[number])
        if source is None:
            return None
        size = len(source.text)
        return Location(source, Span(min(start, size), min(end, size)))

    def fixed(packed: Packed | None) -> Fix | None:
        if packed is None:
            return None
        title, edits, safe = packed
        made = [(place(where), text) for where, text in edits]
        return Fix(title, tuple([Edit(where, text) for where, text in made if where]), safe)

    found = []
    for code, severity, message, where, labels, hint, path, fix, redact in result.problems:
        location = place(where)
        if where is not None and location is None:
            path = result.files[where[0]][0]  # noqa: PLW2901 - the file is all that is left of the place
        made = [(place(spot), text) for spot, text in labels]
        found.append(
            Diagnostic(
                code,
                severity,
                message,
                location,
                tuple([Label(spot, text) for spot, text in made if spot]),
                hint,
                path,
                fixed(fix),
                redact,
            )
        )
    return tuple(found)


def source_reader() -> SourceOf:
    """Return what reads a file again for showing places in it, once each; None when it is gone."""
    known: dict[str, SourceFile | None] = {}

    def source_of(path: str, label: str) -> SourceFile | None:
        if path not in known:
            known[path] = _read(path, label)
        return known[path]

    return source_of


def _read(path: str, label: str) -> SourceFile | None:
    """Return a file for showing places in it, None when it is gone."""
    try:
        if not os.path.isfile(path):
            return None
        with open(path, "rb") as file:
            return SourceFile(path, file.read().decode(errors="replace"), label)
    except (OSError, ValueError):
        return None
