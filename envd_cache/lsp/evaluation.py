"""Evaluates one file as `envd-cache check FILE` does, with the texts of the editor in place of those on disk.

Runs in a process that may die (see `worker`). What comes out is plain data.
"""

from __future__ import annotations

import os

from envd_cache.check.bench import Bench
from envd_cache.check.between import between
from envd_cache.check.between import settings_of as settings_in
from envd_cache.check.one import Inspector
from envd_cache.check.result import Packer, source_reader, unpacked
from envd_cache.check.roots import Roots
from envd_cache.diagnostics import ERROR, Diagnostic, Result, in_order
from envd_cache.emit.wire import shown, wire
from envd_cache.evaluate.loader import MAX_BYTES, label_of, refused_text
from envd_cache.lint.context import known_part
from envd_cache.lint.engine import NAMES
from envd_cache.lint.fixes import with_fixes
from envd_cache.lint.summary import summary_of
from envd_cache.lsp.parts import part_of
from envd_cache.report.redact import Redactor
from envd_cache.source import SourceFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from envd_cache.check.bench import Checked, FileChecked
    from envd_cache.evaluate.facts import Facts
    from envd_cache.ir.model import CacheEntry
    from envd_cache.lint.engine import Settings


class _Bench(Bench):
    """A bench for which some files have a text that is not on disk."""

    def __init__(self, facts: Facts, time_limit: float, roots: Roots, texts: Mapping[str, str]) -> None:
        super().__init__(facts, time_limit, roots)
        self.texts = texts
        self.sources: dict[tuple[str, str], SourceFile] = {}

    def read(self, path: str) -> FileChecked:
        """Return a file without running it, as the editor has it."""
        absolute = os.path.abspath(path)
        checked = super().read(path)
        if absolute not in self.texts:
            return checked
        root = self.roots.of(os.path.dirname(absolute))
        label = label_of(absolute, root.value.folder)
        source = self._source(path, self.texts[absolute], label)
        self.memory.stamp(absolute)
        self.memory.keep(absolute, source.text)
        found = tuple([one for one in checked.diagnostics if one in root.diagnostics])
        refused = _refused(source)
        if refused:
            return checked.replace(source=None, diagnostics=found + refused)
        return checked.replace(source=source, diagnostics=found, sources=(source,))

    def _source(self, path: str, text: str, label: str) -> SourceFile:
        key = path, label
        if key not in self.sources:
            self.sources[key] = SourceFile(path, text, label)
        return self.sources[key]

    def _execute(self, run: Any) -> None:
        files = run.files
        for path, text in self.texts.items():
            self.memory.stamp(path)
            if path not in files._read:
                source = self._source(files.shown(path), text, files.label(path))
                refused = _refused(source)
                files._read[path] = Result(None if refused else source, refused)
        super()._execute(run)


def _refused(source: SourceFile) -> tuple[Diagnostic, ...]:
    """Return what `evaluate.loader.read_source` says of a text that no file on disk may have."""
    if len(source.text) > MAX_BYTES:
        return (Diagnostic("EC003", ERROR, f"`{source.path}` is too large", path=source.path),)
    return refused_text(source)


def evaluate(
    path: str, texts: Mapping[str, str], facts: Facts, time_limit: float, *, library: bool
) -> tuple[Any, ...]:
    """Return `(problems, alone, files, targets, inputs, parts)` of a file, as plain data.

    `problems` and `files` are as `check.result.Packer` packs them, with fixes; `alone` is what rules between
    targets find in this file as if it were the only one. `targets` are those of the file: function, label,
    exports, imports and declarations; each of them is `(path, start, end, directions)`, a direction
    `(direction, place, entry)` as texts. `inputs` are the paths of all files that were read, `parts` what
    `parts.part_of` makes of the file and of each that it loads. `library`: other files load this one, so
    that its functions need not be right by themselves.
    """
    roots = Roots(lambda: NAMES)
    bench = _Bench(facts, time_limit, roots, texts)
    listed: list[Any] = []
    inspector = Inspector(
        bench, lambda root: settings_of(root, roots), lambda one: listed.append(_listed(one))
    )
    result = inspector.library(path) if library else inspector.build_file(path)

    on_disk = source_reader()

    def source_of(shown_path: str, label: str) -> SourceFile | None:
        absolute = os.path.abspath(shown_path)
        if absolute in texts:
            return bench.sources.get((shown_path, label)) or SourceFile(shown_path, texts[absolute], label)
        return on_disk(shown_path, label)

    found = list(unpacked(result, source_of))
    results = [result]
    for name, _, _ in result.inputs:
        if name.endswith(".envd") and name != os.path.abspath(path):
            other = inspector.library(
                os.path.join(os.path.dirname(path), os.path.relpath(name, os.path.dirname(path)))
            )
            results.append(other)
            found += unpacked(other, source_of)
    ordered = in_order(found)
    settings = settings_of(result.root, roots)
    alone = between(results, settings, source_of, whole=False) if result.root else ()
    redactor = Redactor((*ordered, *alone))
    packer = Packer()
    packed = [
        packer.pack(
            [
                one.replace(message=redactor.text(one.message), hint=redactor.text(one.hint))
                for one in with_fixes(some)
            ]
        )
        for some in (ordered, alone)
    ]
    targets = [(name, label, *listing) for (name, label), listing in zip(result.targets, listed, strict=True)]
    inputs = tuple([name for name, _, _ in result.inputs])
    parts = tuple([part_of(one) for one in results])
    return packed[0], packed[1], tuple(packer.files), tuple(targets), inputs, parts


def settings_of(root: str, roots: Roots) -> Settings:
    """Return what the configuration of a root asks of the rules."""
    return settings_in(roots.of(root).value.config)


def _listed(target: Checked) -> tuple[Any, ...]:
    plan = target.plan
    summary = summary_of(target.evaluation, plan)
    wired = wire(plan)
    texts = {id(entry.origin): shown(entry) for entry in (*wired.exports, *wired.imports)}
    # A summary leaves out what depends on a fact that nobody knows here.
    known = known_part(plan)
    entries: tuple[CacheEntry, ...] = (*known.exports, *known.imports)
    by_declaration: dict[tuple[str, int, int], list[tuple[str, str, str]]] = {}
    for entry, short in zip(entries, summary.entries, strict=True):
        location = entry.decl.site.location
        if location is not None:
            key = os.path.abspath(location.source.path), location.span.start, location.span.end
            by_declaration.setdefault(key, []).append((entry.direction, short.text, texts[id(entry)]))
    declarations = tuple([(*key, tuple(directions)) for key, directions in by_declaration.items()])
    printed = tuple(target.evaluation.printed[:20])
    return len(plan.exports), len(plan.imports), declarations, plan.none, plan.by_default, printed
