"""What `envd build` can take of a plan: one export and one import (envd 1.3.6).

Which import is worth its place is asked where the cache lies: of a branch's cache and main's, the first
that is there. A local directory can be imported only with its digest, and only beside an export to the
same directory, because envd hands BuildKit no other content store.
"""

from __future__ import annotations

import os
from functools import partial

from envd_cache.catalog.local import BACKEND as LOCAL
from envd_cache.diagnostics import NOTE, WARNING, Diagnostic, Result
from envd_cache.emit.losses import location_of, said_of
from envd_cache.emit.wire import shown
from envd_cache.engine.ahead import ahead

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from envd_cache.emit.registry import Options
    from envd_cache.emit.wire import WireEntry, WirePlan


def for_envd(
    plan: WirePlan,
    options: Options,
    digest_of: Callable[[str, str], str],
    is_there: Callable[[WireEntry], bool | None],
) -> Result[WirePlan]:
    """Return the export and the import that envd is started with, and what is left out.

    `options.client` is envd. `digest_of` returns the digest of a tag in a directory, "" when there is
    none; `is_there` says whether a cache can be read now, None when nobody knows, and is called in threads.
    """
    said = said_of(plan.replace(imports=()), options)
    exports = said.value.exports
    diagnostics = list(said.diagnostics)
    usable: list[WireEntry] = []
    for entry in plan.imports:
        alone = said_of(plan.replace(exports=(), imports=(entry,)), options)
        if alone.value.imports:
            usable += alone.value.imports
            diagnostics += alone.diagnostics
        elif _directory(entry, "src") in {_directory(export, "dest") for export in exports}:
            digest = digest_of(_directory(entry, "src"), _attr(entry, "tag") or "latest")
            if digest:
                usable.append(_with_digest(entry, digest))
            else:
                diagnostics.append(_nothing_yet(entry))
        else:
            diagnostics += alone.diagnostics
    chosen = usable[:1]
    if len(usable) > 1:
        asked = [(entry, ahead(partial(is_there, entry))) for entry in usable]
        there = [entry for entry, answer in asked if answer() is not False]
        chosen = there[:1] or chosen
        hint = f"`{shown(chosen[0])}` is the first that can be read" if there else "none of them is there yet"
        diagnostics += [_left_out(entry, chosen[0], hint) for entry in usable if entry is not chosen[0]]
    return Result(said.value.replace(imports=tuple(chosen)), tuple(diagnostics))


def _left_out(entry: WireEntry, chosen: WireEntry, hint: str) -> Diagnostic:
    """Tell of an import that envd does not get."""
    # Of the keys of one declaration only one was wanted, so nothing is lost.
    severity = NOTE if entry.origin.decl is chosen.origin.decl else WARNING
    message = f"envd takes one import: `{shown(entry)}` is left out"
    return Diagnostic("EC402", severity, message, location_of(entry), hint=hint)


def _directory(entry: WireEntry, attribute: str) -> str:
    """Return the directory of a local entry as one name for it, "" for another kind."""
    value = _attr(entry, attribute) if entry.type == LOCAL.name else ""
    return os.path.normpath(value) if value else ""


def _attr(entry: WireEntry, name: str) -> str:
    return next((value for known, value in entry.attrs if known == name and isinstance(value, str)), "")


def _with_digest(entry: WireEntry, digest: str) -> WireEntry:
    kept = tuple([(name, value) for name, value in entry.attrs if name not in ("digest", "tag")])
    return entry.replace(attrs=(*kept, ("digest", digest)))


def _nothing_yet(entry: WireEntry) -> Diagnostic:
    message = f"`{_attr(entry, 'src')}` holds no cache yet"
    return Diagnostic("EC505", NOTE, message, location_of(entry), hint="this build writes it")
