"""`envd-cache check`: every target of every build file, and what is wrong in and between them."""

from __future__ import annotations

import os
import sys

from envd_cache import __version__
from envd_cache.check.discover import discover
from envd_cache.check.kept import run_key
from envd_cache.check.result import FileResult
from envd_cache.check.roots import Roots
from envd_cache.check.unchanged import Unchanged
from envd_cache.check.world import World
from envd_cache.cli import checked, process
from envd_cache.diagnostics import folded, in_order

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from envd_cache.check.repository import Wish
    from envd_cache.check.result import Report
    from envd_cache.cli.options import Values
    from envd_cache.diagnostics import Diagnostic

LEVELS = ("error", "warning", "note")
NEVER = "never"

# A fix can make room for another one; two that undo each other must not go on for ever.
MOST_ROUNDS = 10


def check(values: Values) -> int:
    """Run the command and return the exit code: 1 for a finding at or above `--fail-on`."""
    paths = _paths(values)
    if values.get("list") and (refused := checked.refuse_listing(process.text(values, "format") or "text")):
        raise process.UsageError(refused)
    roots = Roots(_rule_names)
    _refuse_labels(paths, roots)
    report, found = _checked(paths, roots, values)
    unsafe = bool(values.get("unsafe_fixes"))
    if values.get("diff"):
        new = checked.fixes(found, unsafe=unsafe)
        from envd_cache.report.text import printable  # noqa: PLC0415 - only with `--diff`

        shown, hidden = checked.without_credentials(new, found)
        for source in hidden:
            name = printable(source.path)
            sys.stderr.write(f"`{name}` holds a credential: its difference is not shown\n")
        process.write(checked.difference(shown), process.text(values, "output"))
        return process.FINDINGS if new else process.DONE
    fixed = 0
    if values.get("fix") or unsafe:
        for _ in range(MOST_ROUNDS):
            try:
                changed = checked.write_fixes(checked.fixes(found, unsafe=unsafe))
            except OSError as error:
                raise process.UsageError(f"`{error.filename}` cannot be written: {error.strerror}") from None
            if not changed:
                break
            fixed += changed
            roots = Roots(_rule_names)
            report, found = _checked(paths, roots, values)
    _write(report, found, values, fixed)
    fail_on = process.text(values, "fail_on") or roots.of(_folder(paths)).value.config.fail_on
    return process.FINDINGS if fails(found, fail_on) else process.DONE


def fails(diagnostics: tuple[Diagnostic, ...], fail_on: str) -> bool:
    """Say whether any finding is at or above a level; none is with `never`."""
    if fail_on == NEVER:
        return False
    counted = LEVELS[: LEVELS.index(fail_on) + 1]
    return any(found.severity in counted for found in diagnostics)


def _paths(values: Values) -> list[str]:
    given = values.get("paths")
    return [given] if isinstance(given, str) else given if isinstance(given, list) else []


def _refuse_labels(paths: list[str], roots: Roots) -> None:
    """Refuse a label such as `//team`, which other commands take, with the path that it means."""
    for path in paths:
        if path.startswith("//") and not os.path.lexists(path):
            root = roots.of(os.getcwd()).value.folder
            below = path.partition(":")[0].strip("/").removesuffix(process.EVERYWHERE).rstrip("/")
            meant = os.path.relpath(os.path.join(root, below))
            raise process.UsageError(f"`{path}` is no path, and check takes paths: write `{meant}`")


def _folder(paths: list[str]) -> str:
    """Return the folder whose repository counts for the whole of a check."""
    first = os.path.abspath(paths[0]) if paths else os.getcwd()
    return first if os.path.isdir(first) else os.path.dirname(first)


def _checked(paths: list[str], roots: Roots, values: Values) -> tuple[Report, tuple[Diagnostic, ...]]:
    """Return what was checked, and the findings that were asked for."""
    facts, seconds = process.given_facts(values), process.time_limit(values)
    uncached = values.get("no_cache") or values.get("list")
    store = "" if uncached else process.cache_folder("envd-cache", "check")
    revision = process.text(values, "changed")
    key, last = "", None
    if store:
        key = run_key(facts)
    # Only a walk notes all that it depends on; and `--changed` asks for the results themselves.
    if store and not revision and all(os.path.isdir(path) for path in paths):
        last = Unchanged(store, key, paths, World(facts))
        if report := last.report():
            return report, folded(report.diagnostics)
    import signal  # noqa: PLC0415 - not when nothing changed

    from envd_cache.check.repository import Wish  # noqa: PLC0415 - not when nothing changed
    from envd_cache.check.repository import check as check_files  # noqa: PLC0415 - not when nothing changed

    # Who ends us must not leave the workers behind; like Ctrl-C it leads through all that cleans up.
    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, process.ended)
    progress = checked.Progress() if sys.stderr.isatty() else None
    wish = Wish(
        facts,
        seconds,
        workers=_processors(),
        store=store,
        key=key,
        walked=tuple([os.path.abspath(path) for path in paths or ["."] if os.path.isdir(path)]),
        listing=checked.listed if values.get("list") else None,
        progress=progress.show if progress else None,
    )
    missed: list[Diagnostic] = []
    try:
        found = discover(paths or ["."], roots, last.trail if last else None, missed)
        report = check_files(found, wish, roots, last, missed)
    finally:
        if progress:
            progress.clear()
    if revision:
        return report, folded(_touched(report, revision, _folder(paths), roots, wish))
    return report, folded(report.diagnostics)


def _rule_names() -> Mapping[str, str]:
    from envd_cache.lint.engine import NAMES  # noqa: PLC0415 - hardly a configuration names rules

    return NAMES


def _processors() -> int:
    """Return how many processors this process may use, which a container limits."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _touched(report: Report, revision: str, folder: str, roots: Roots, wish: Wish) -> tuple[Diagnostic, ...]:
    """Return the findings that a change since a revision has to do with, at their place or at another."""
    from envd_cache.check import changed  # noqa: PLC0415 - starts git
    from envd_cache.check.before import Scene, brought  # noqa: PLC0415 - only here

    results = [FileResult(*data) for data in report.results]
    loads = {one.path: ([path for path, _, _ in one.inputs], one.whole) for one in results}
    try:
        change = changed.change_since(folder, revision, os.environ)
        files = changed.touched(loads, change.files, {one.root for one in results if one.root})

        def concerns(path: str) -> bool:
            # A configuration is in no list of what was checked.
            return path in files or os.path.realpath(path) in change.files

        found: list[Diagnostic] = []
        aside: list[Diagnostic] = []
        for one in report.diagnostics:
            places = [one.location.source.path if one.location else one.path]
            places += [label.location.source.path for label in one.labels]
            (found if any(map(concerns, places)) else aside).append(one)
        found += brought(aside, change, Scene(results, files, folder, roots, wish), os.environ)
    except changed.GitError as error:
        raise process.UsageError(f"--changed {revision}: {error}") from None
    except OSError as error:
        reason = f"temporary files cannot be written: {error.strerror}"
        raise process.UsageError(f"--changed {revision}: {reason}") from None
    return in_order(found)


def _write(report: Report, found: tuple[Diagnostic, ...], values: Values, fixed: int) -> None:
    form = process.text(values, "format") or "text"
    output = process.text(values, "output")
    listing = bool(values.get("list"))
    if form == "json":
        content = checked.as_json(report, found, listing=listing)
    elif form == "sarif":
        content = checked.as_sarif(found, __version__)
    elif form == "github":
        content = checked.as_github(found)
    else:
        wish = values.get("color") or "auto"
        terminal = sys.stdout.isatty() and not output and not os.environ.get("NO_COLOR")
        coloured = wish == "always" or (wish == "auto" and terminal)
        content = checked.as_text(report, found, coloured=coloured, listing=listing)
    process.write(content, output)
    if fixed:
        sys.stderr.write(f"fixed {fixed} file{'' if fixed == 1 else 's'}\n")
