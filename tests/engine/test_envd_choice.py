"""What of a plan envd is started with: one export, one import, a directory with its digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envd_cache.catalog.clients import ENVD
from envd_cache.emit.registry import Options
from envd_cache.engine.envd import for_envd
from tests.emit.workshop import Workshop
from tests.engine.placing import plan_of

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = f"sha256:{'1' * 64}"
REF = 'cache.registry(ref="h.example/r:c", mode="max")'


@pytest.mark.parametrize(
    ("body", "digest", "imports", "codes"),
    [
        # What was written there before is read again, by its digest.
        ('cache.local(path="c")', DIGEST, [{"type": "local", "src": "c", "digest": DIGEST}], []),
        ('cache.local(path="./c/")', DIGEST, [{"type": "local", "src": "./c/", "digest": DIGEST}], []),
        ('cache.local(path="c", tag="t")', DIGEST, [{"type": "local", "src": "c", "digest": DIGEST}], []),
        # Before the first build nothing is there, which is no loss.
        ('cache.local(path="c")', "", [], ["EC505"]),
        # A directory without an export to it cannot be read at all.
        ('cache.local(path="c", use="import")', DIGEST, [], ["EC403"]),
        (
            'cache.local(path="c", use="export")\n    cache.local(path="d", use="import")',
            DIGEST,
            [],
            ["EC403"],
        ),
        (REF, DIGEST, [{"type": "registry", "ref": "h.example/r:c"}], []),
    ],
)
def test_choice(
    tmp_path: Path, body: str, digest: str, imports: list[dict[str, str]], codes: list[str]
) -> None:
    asked: list[tuple[str, str]] = []

    def digest_of(directory: str, tag: str) -> str:
        asked.append((directory, tag))
        return digest

    plan = plan_of(Workshop(tmp_path), body)
    found = for_envd(plan, Options(client=ENVD, environ={}), digest_of, lambda _: True)
    assert [{"type": entry.type, **dict(entry.attrs)} for entry in found.value.imports] == imports
    assert [one.code for one in found.diagnostics] == codes
    expected = [("c", "t" if "tag" in body else "latest")] if imports and "src" in imports[0] else []
    assert asked == (expected or [("c", "latest")] * (codes == ["EC505"]))
