"""What rules between targets need of each file, as plain data, and what they find in files that are open."""

from __future__ import annotations

import os

from envd_cache.check.between import between as between_results
from envd_cache.check.between import settings_of
from envd_cache.check.result import FileResult
from envd_cache.check.roots import Roots
from envd_cache.diagnostics import in_order
from envd_cache.lint.chance import DOUBT
from envd_cache.lint.engine import NAMES
from envd_cache.source import SourceFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from typing import Any, TypeAlias

    from envd_cache.diagnostics import Diagnostic

    # Absolute path, root, summaries, allowances, numbers of those that allowed something.
    Part: TypeAlias = tuple[str, str, tuple[Any, ...], tuple[Any, ...], tuple[int, ...]]


def part_of(result: FileResult, folder: str = "/") -> Part:
    """Return what rules between targets need of a checked file; its paths count from `folder`."""

    def absolute(path: str) -> str:
        return os.path.normpath(os.path.join(folder, path))

    def placed(spot: list[Any] | None) -> list[Any] | None:
        return spot and [absolute(spot[0]), *spot[1:]]

    summaries = [
        (
            label,
            absolute(path),
            function,
            [[*entry[:-1], placed(entry[-1])] for entry in entries],
            [[*image[:-1], placed(image[-1])] for image in images],
            guessed,
        )
        for label, path, function, entries, images, guessed in result.summaries
    ]
    allowances = tuple([(absolute(fields[0]), *fields[1:]) for fields in result.allowances])
    return absolute(result.path), result.root, tuple(summaries), allowances, result.used


def between(parts: Iterable[Part], texts: Mapping[str, str], mine: Collection[str]) -> tuple[Diagnostic, ...]:
    """Return what is wrong between all targets, as far as it is in open files: no others are read.

    `texts` are those of the open files by their absolute paths, `mine` the files whose parts were made with
    them; the other parts speak of what is on disk.
    """

    def source_of(path: str, label: str) -> SourceFile | None:
        key = path, label
        if key not in sources:
            sources[key] = SourceFile(path, texts.get(path, ""), label)
        return sources[key]

    sources: dict[tuple[str, str], SourceFile] = {}
    roots = Roots(lambda: NAMES)
    by_root: dict[str, list[FileResult]] = {}
    for path, root, summaries, allowances, used in parts:
        kept = [
            (fields, number in used)
            for number, fields in enumerate(allowances)
            if fields[0] in texts and (path in mine or number in used or fields[-1] == DOUBT)
        ]
        result = FileResult(
            path,
            root,
            summaries=summaries,
            allowances=tuple([fields for fields, _ in kept]),
            used=tuple([number for number, (_, is_used) in enumerate(kept) if is_used]),
        )
        by_root.setdefault(root, []).append(result)
    found: list[Diagnostic] = []
    for root, results in sorted(by_root.items()):
        if root:
            settings = settings_of(roots.of(root).value.config)
            found += between_results(results, settings, source_of, whole=True)
    return tuple([one for one in in_order(found) if one.location and one.location.source.path in texts])
