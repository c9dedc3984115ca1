"""Recorded progress of real builds (`tests/engine/recorded`), and the declarations that they were built with.

A name is `CASE.CLIENT.rawjson` or `CASE.CLIENT.txt`; envd's log is in `CASE.envd.stderr.txt`. The engine is
Docker 26.1 unless the case begins with `docker20_` or `docker28_`. Only folders were renamed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from envd_cache.emit.wire import wire
from envd_cache.engine.plaintext import PlainText
from envd_cache.engine.rawjson import RawJson

if TYPE_CHECKING:
    from envd_cache.emit.wire import WirePlan
    from envd_cache.engine.outcome import Outcome
    from tests.emit.workshop import Workshop

FOLDER = Path(__file__).parent / "recorded"
NAMES = sorted(path.name for path in FOLDER.iterdir() if ".stderr." not in path.name)

_HERE = "127.0.0.1:40377"

# The declarations of a case, as the body of a build file; those of one case are the same for all clients.
DECLARED = {
    "export": f'cache.registry(ref="{_HERE}/c:1", mode="max", use="export")',
    "import_hit": (
        f'cache.registry(ref="{_HERE}/c:1", use="import")\n'
        f'    cache.registry(ref="{_HERE}/c:2", mode="max", use="export")'
    ),
    "missing": f'cache.registry(ref="{_HERE}/nothing:1", use="import")',
    "imports_bad": (
        'cache.registry(ref="127.0.0.1:1/x:1", use="import")\n'
        f'    cache.registry(ref="{_HERE}/base:1", use="import")\n'
        '    cache.local(src="nodir")\n'
        '    cache.s3(bucket="b", region="r", use="import")'
    ),
    "local": 'cache.local(dest="lc", mode="max")',
    "local_in": 'cache.local(src="lc")\n    cache.local(dest="lc2", mode="max")',
    "inline": "cache.inline()",
    "refused": 'cache.registry(ref="127.0.0.1:1/x:1", use="export")',
    "refused_ignored": 'cache.registry(ref="127.0.0.1:1/x:1", use="export", ignore_error=True)',
    "unknown_export": 'cache.s3(bucket="b", region="r", use="export")',
    "failing": (
        f'cache.registry(ref="{_HERE}/c:1", use="import")\n'
        f'    cache.registry(ref="{_HERE}/c:3", use="export")'
    ),
    "two_registries": (
        f'cache.registry(ref="{_HERE}/c:5", mode="max", use="export")\n'
        '    cache.registry(ref="127.0.0.1:1/y:1", use="export", ignore_error=True)'
    ),
    "two_registries_fatal": (
        f'cache.registry(ref="{_HERE}/c:5", mode="max", use="export")\n'
        '    cache.registry(ref="127.0.0.1:1/y:1", use="export")'
    ),
    "two_locals": (
        'cache.local(src="lc")\n    cache.local(src="lc2")\n    cache.local(src="nodir2")\n'
        '    cache.s3(bucket="b", region="r", name="x", use="import")\n'
        '    cache.s3(bucket="c", region="r", name="y", use="import")'
    ),
    "gha_dropped": "cache.gha()",
    "inline_nooutput": "cache.inline()",
}


def replayed(name: str, size: int = 0) -> RawJson | PlainText:
    """Return a reader that was fed a recording, in pieces of so many bytes when that is not 0."""
    data = (FOLDER / name).read_bytes()
    reader: RawJson | PlainText = RawJson() if name.endswith(".rawjson") else PlainText()
    for at in range(0, len(data), size or max(len(data), 1)):
        reader.feed(data[at : at + (size or len(data))])
    log = FOLDER / name.replace(".envd.txt", ".envd.stderr.txt")
    if isinstance(reader, PlainText) and log.name != name and log.exists():
        reader.feed(log.read_bytes(), "stderr")
    reader.close()
    return reader


def outcome_of(name: str) -> Outcome:
    """Return the outcome of a recorded build."""
    return replayed(name).outcome()


def plan_of(workshop: Workshop, body: str) -> WirePlan:
    """Return the plan of a build file whose target has these declarations."""
    return wire(workshop.plan_of(f'def build():\n    base(image="a:1")\n    {body}\n'))
