"""Checks many files: finds them, takes what is known from before, has the rest done, looks between targets.

The order of what comes out is that of the paths and places, however the work was shared out.
"""

from __future__ import annotations

import marshal
import os
import signal

from envd_cache.check.kept import run_key
from envd_cache.check.limits import ADDRESS_SPACE
from envd_cache.check.result import FileResult, Packer, Report, source_reader, unpacked
from envd_cache.check.roots import Roots
from envd_cache.check.store import Store
from envd_cache.check.world import World, digest, digest_of
from envd_cache.diagnostics import ERROR, Diagnostic, in_order
from envd_cache.record import Record
from envd_cache.source import lies_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from envd_cache.check.bench import Checked
    from envd_cache.check.unchanged import Unchanged
    from envd_cache.check.workers import Died, Pool
    from envd_cache.evaluate.facts import Facts
    from envd_cache.lint.engine import Settings

BUILD, LIBRARY = 0, 1

# From so many files on it pays to make a worker's records quicker.
MANY = 60

_PATH, _ROOT, _PROBLEMS, _TARGETS, _SUMMARIES, _ALLOWANCES, _USED, _INPUTS = (
    FileResult._fields.index(name)
    for name in ("path", "root", "problems", "targets", "summaries", "allowances", "used", "inputs")
)


class Wish(Record):
    """How to check. `walked` are the absolute folders of which everything is looked at: of a repository that
    lies in one of them rules between targets can tell what nobody writes or reads. `store` is the folder for
    results, "" for none, and `key` is `run_key`, if it is known; `listing` makes what `--list` shows of a
    target. `progress` is called now and then with how many files are done and were found.
    """

    facts: Facts
    time_limit: float
    workers: int
    store: str = ""
    key: str = ""
    walked: tuple[str, ...] = ()
    listing: Callable[[Checked], object] | None = None
    progress: Callable[[int, int], None] | None = None

    def is_whole(self, root: str) -> bool:
        """Say whether everything in a repository is looked at."""
        return any(lies_in(root, folder) for folder in self.walked)


def check(
    paths: Iterable[str],
    wish: Wish,
    roots: Roots | None = None,
    last: Unchanged | None = None,
    missed: list[Diagnostic] | None = None,
) -> Report:
    """Check the build files at some paths, as `discover` yields them; `last` keeps the report if it may.

    `missed` are the folders that it cannot read.
    """
    run = _Run(wish, roots or Roots(), [] if missed is None else missed)
    try:
        run.build_files(paths)
        run.libraries()
        run.defaults(last)
        diagnostics = run.diagnostics()
    finally:
        run.close()
    all_kept = run.all_kept
    run.save()
    results = tuple([run.results[path] for path in sorted(run.results)])
    targets = sum(len(data[_TARGETS]) for data in results)
    report = Report(run.build_files_seen, targets, diagnostics, results)
    if last and all_kept:
        last.keep(report)
    return report


class _Run:
    def __init__(self, wish: Wish, roots: Roots, missed: list[Diagnostic]) -> None:
        self.wish = wish
        self.roots = roots
        self._missed = missed
        self._missed_defaults: list[Diagnostic] = []
        self.world = World(wish.facts)
        self.results: dict[str, tuple[Any, ...]] = {}
        self.build_files_seen = 0
        self._died: list[Diagnostic] = []
        self._source_of = source_reader()
        self._settings: dict[str, Settings] = {}
        self._pool: Pool | None = None
        self._store: Store | None = None
        if wish.store and wish.listing is None:
            self._store = Store(wish.store, wish.key or run_key(wish.facts), self.world, roots)

    def close(self) -> None:
        """End the workers."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    @property
    def all_kept(self) -> bool:
        """Whether every result was kept: whatever else it depended on, it was none of these."""
        return self._store is not None and self._store.kept == len(self.results)

    def save(self) -> None:
        """Write the results for the next run."""
        if self._store:
            self._store.save(everything=self.wish.is_whole(os.path.abspath("")))

    # ---- files ----

    def build_files(self, paths: Iterable[str]) -> None:
        """Check build files."""
        self._work((BUILD, path) for path in paths)
        self.build_files_seen = len(self.results)

    def libraries(self) -> None:
        """Look at the files that build files load, once each."""
        here = os.path.abspath("")
        seen = {os.path.normpath(f"{here}/{path}") if path[:1] != "/" else path for path in self.results}
        loaded: dict[str, None] = {}
        for data in self.results.values():
            for path, _, _ in data[_INPUTS]:
                if path not in seen and path.endswith(".envd"):
                    loaded[path] = None
        self._work((LIBRARY, os.path.relpath(path)) for path in loaded)

    def defaults(self, last: Unchanged | None) -> None:
        """Look whether the default of each repository is there, also when no target needs it."""
        from envd_cache.pipeline import wrong_defaults  # noqa: PLC0415 - not where all is known

        absolute = any(os.path.isabs(path) for path in self.results)
        for folder in {data[_ROOT] for data in self.results.values()} - {""}:
            root = self.roots.of(folder).value
            path = root.config.defaults.rpartition(":")[0]
            if path:
                if last:
                    last.trail.stamp(os.path.normpath(os.path.join(root.folder, path.lstrip("/"))))
                config = root.config.path
                self._missed_defaults += wrong_defaults(root, config if absolute else os.path.relpath(config))

    def _work(self, tasks: Iterable[tuple[int, str]]) -> None:
        found = 0

        def unknown() -> Iterator[tuple[int, str]]:
            nonlocal found
            for kind, path in tasks:
                found += 1
                known = self._store.find(_key(kind, path)) if self._store else None
                if known is None:
                    yield kind, path
                else:
                    self.results[path] = known
                    self._tell(found)

        for (kind, path), data in self._done(unknown()):
            if not isinstance(data, tuple):
                self._died.append(_obituary(path, data))
                self.results[path] = FileResult(path, "").data()
            else:
                self.results[path] = data
                if self._store:
                    self._store.keep(_key(kind, path), data)
            self._tell(found)

    def _tell(self, found: int) -> None:
        if self.wish.progress:
            self.wish.progress(len(self.results), found)

    def _done(self, tasks: Iterator[tuple[int, str]]) -> Iterator[tuple[Any, Any]]:
        """Yield tasks and their results; the first one starts the workers."""
        if not hasattr(os, "fork"):  # Windows: a deadly file takes the check with it
            work = self._work_here(quick=False)
            for task in tasks:
                yield task, work(task, lambda: None)
            return
        for first in tasks:
            if self._pool is None:
                from envd_cache.check import one  # noqa: F401, PLC0415 - so that no worker has to load it
                from envd_cache.check.workers import Pool  # noqa: PLC0415 - not where all is known

                self._pool = Pool(self.wish.workers, self._work_here, self.wish.time_limit)
            yield from self._pool.run(_chained(first, tasks))

    def _work_here(self, *, quick: bool = True) -> Callable[[Any, Callable[[], None]], Any]:
        """Return what does a task in this process. With `quick` the process does nothing else."""
        from envd_cache.check.bench import Bench  # noqa: PLC0415 - not where all is known
        from envd_cache.check.one import Inspector  # noqa: PLC0415 - not where all is known
        from envd_cache.check.quicken import quicken  # noqa: PLC0415 - not where all is known

        bench = Bench(self.wish.facts, self.wish.time_limit, self.roots, alone=quick)
        inspector = Inspector(bench, self._settings_of, self.wish.listing)
        done = 0

        def work(task: Any, began: Callable[[], None]) -> tuple[Any, ...]:
            nonlocal done
            done += 1
            if quick and done == MANY:
                quicken()
            kind, path = task
            with bench.engine.border():
                made = inspector.library(path) if kind == LIBRARY else inspector.build_file(path, began)
            return made.data()

        return work

    def _settings_of(self, root: str) -> Settings:
        """Return what the configuration of a root asks of the rules."""
        from envd_cache.check.between import settings_of  # noqa: PLC0415 - not where all is known

        found = self._settings.get(root)
        if found is None:
            found = self._settings[root] = settings_of(self.roots.of(root).value.config)
        return found

    # ---- findings ----

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Return what is wrong in and between all files, in the order of paths and places."""
        # A configuration can be wrong where there is no build file.
        found = [*self._died, *self.roots.problems(), *self._missed, *self._missed_defaults]
        by_root: dict[str, list[tuple[Any, ...]]] = {}
        for path in sorted(self.results):
            data = self.results[path]
            by_root.setdefault(data[_ROOT], []).append(data)
            if data[_PROBLEMS]:
                found += unpacked(FileResult(*data), self._source_of)
        basis = [
            (
                root,
                self._configured(root),
                self._is_known(root, group),
                *[(data[_PATH], data[_SUMMARIES], data[_ALLOWANCES], data[_USED]) for data in group],
            )
            for root, group in sorted(by_root.items())
        ]
        of = digest_of(marshal.dumps(basis, 2)) if self._store else b""
        packed = self._store.between(of) if self._store else None
        if packed is None:
            packed = self._between(by_root)
            if self._store:
                self._store.keep_between(of, packed)
        files, problems = packed
        found += unpacked(FileResult("", "", files, problems), self._source_of)
        return in_order(found)

    def _configured(self, root: str) -> bytes:
        config = self.roots.of(root).value.config if root else None
        return digest(repr(config))

    def _is_known(self, root: str, group: Iterable[tuple[Any, ...]]) -> bool:
        """Say whether all targets of a repository are known: none is left out, and no file is broken."""
        whole = self.wish.is_whole(root) and not self._missed and not self._died
        return whole and not any(
            problem[1] == ERROR and problem[0][2] != "3" for data in group for problem in data[_PROBLEMS]
        )

    def _between(self, by_root: Mapping[str, list[tuple[Any, ...]]]) -> Any:
        """Return what is wrong between the targets of each repository, packed."""
        from envd_cache.check.between import between  # noqa: PLC0415 - not where all is known

        packer = Packer()
        problems: list[Diagnostic] = []
        for root, group in sorted(by_root.items()):
            if root:
                results = [FileResult(*data) for data in group]
                whole = self._is_known(root, group)
                problems += between(results, self._settings_of(root), self._source_of, whole=whole)
        packed = packer.pack(problems)
        return tuple(packer.files), packed


def _key(kind: int, path: str) -> str:
    """Return the name of a result: a file can be checked as a build file and as one that others load."""
    return path if kind == BUILD else f"{path}\0"


def _chained(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rest


def _obituary(path: str, died: Died) -> Diagnostic:
    """Return what to say of a file that its worker did not survive."""
    if died.fault.startswith("MemoryError"):
        died = died.replace(signal=int(signal.SIGABRT), fault="")
    if died.fault:
        message = f"envd-cache failed on this file: {died.fault}"
        hint = "this is a fault of envd-cache; please report it with the file"
        return Diagnostic("EC019", ERROR, message, path=path, hint=hint)
    if not died.signal:
        message = f"the evaluation was stopped after {died.seconds:.0f} seconds"
        hint = "one operation takes that long; look for huge numbers, lists or texts"
        return Diagnostic("EC009", ERROR, message, path=path, hint=hint)
    name = signal.Signals(died.signal).name
    size = ADDRESS_SPACE // 1024 // 1024
    message = f"the interpreter ended with {name}: the file needs more than {size} MiB, or nests too deeply"
    return Diagnostic("EC008", ERROR, message, path=path, hint="look for huge lists and texts")
