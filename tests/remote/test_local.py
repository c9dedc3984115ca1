"""What a directory holds, and what BuildKit cannot read."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from envd_cache.diagnostics import WARNING
from envd_cache.remote.held import CACHE_CONFIG, LIMIT, Absent, Held, held, too_large
from envd_cache.remote.local import digest_of, look

if TYPE_CHECKING:
    from pathlib import Path

# An image manifest, as BuildKit v0.21 and later write it.
MANIFEST = json.dumps(
    {
        "config": {"mediaType": CACHE_CONFIG, "digest": "sha256:c", "size": 50},
        "layers": [
            {"digest": "sha256:a", "size": 1000},
            {"digest": "sha256:b", "size": 10},
            {"digest": "sha256:a", "size": 1000},
        ],
    }
).encode()
DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"


def layout(folder: Path, *names: dict[str, str]) -> str:
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True)
    (blobs / DIGEST.removeprefix("sha256:")).write_bytes(MANIFEST)
    manifests = [{"digest": DIGEST, "annotations": name} for name in names]
    (folder / "index.json").write_text(json.dumps({"manifests": [5, {}, {"annotations": 1}, *manifests]}))
    return str(folder)


def test_a_tag(tmp_path: Path) -> None:
    folder = layout(
        tmp_path,
        {"org.opencontainers.image.ref.name": "latest"},
        {"io.containerd.image.name": "a/b:1", "org.opencontainers.image.ref.name": "1"},
    )
    expected = Held(DIGEST, len(MANIFEST), 50, 2, 1010)
    for tag in ("latest", "a/b:1", "1"):
        assert look(folder, tag) == expected
        assert digest_of(folder, tag) == DIGEST
    assert look(folder) == expected
    assert look(folder, digest=DIGEST) == expected
    assert look(folder, digest="sha256:ab") == Absent("ab: no such file or directory")
    assert look(folder, "other") == "no tag `other` in index.json"
    assert isinstance(look(folder, "other"), Absent)
    assert digest_of(folder, "other") == ""


def test_nothing_there(tmp_path: Path) -> None:
    folder = str(tmp_path / "nothing")
    assert look(folder) == "index.json: no such file or directory"
    assert isinstance(look(folder), Absent)
    assert digest_of(folder) == ""
    assert not (tmp_path / "nothing").exists()
    (tmp_path / "index.json").mkdir()
    assert look(str(tmp_path)) == "index.json: is a directory"
    assert not isinstance(look(str(tmp_path)), Absent)
    assert look("a\0b") == "index.json: embedded null byte"


@pytest.mark.parametrize("index", ["", "{", "[]", '{"manifests": 5}', "[" * 100_000, "\ufeff{}"])
def test_a_broken_index(tmp_path: Path, index: str) -> None:
    (tmp_path / "index.json").write_text(index)
    assert look(str(tmp_path)) == "no tag `latest` in index.json"
    assert digest_of(str(tmp_path)) == ""


@pytest.mark.parametrize("digest", ["../../etc/passwd", "sha256:../x", "sha256:", "x"])
def test_a_digest_that_is_a_path(tmp_path: Path, digest: str) -> None:
    name = {"org.opencontainers.image.ref.name": "latest"}
    (tmp_path / "index.json").write_text(json.dumps({"manifests": [{"digest": digest, "annotations": name}]}))
    assert look(str(tmp_path)) == "this is no digest"


def test_a_blob_that_is_gone(tmp_path: Path) -> None:
    folder = layout(tmp_path, {"org.opencontainers.image.ref.name": "latest"})
    (tmp_path / "blobs/sha256" / DIGEST.removeprefix("sha256:")).unlink()
    assert look(folder) == f"{DIGEST.removeprefix('sha256:')}: no such file or directory"


@pytest.mark.parametrize(
    ("manifest", "config", "part"),
    [
        (LIMIT, LIMIT, ""),
        (LIMIT + 1, 1, "manifest"),
        (1, LIMIT + 1, "configuration"),
        (LIMIT + 1, LIMIT + 2, "configuration"),
    ],
)
def test_the_limit(manifest: int, config: int, part: str) -> None:
    found = too_large(Held("sha256:1", manifest, config, 1, 1), "r:1")
    assert (found is not None) == bool(part)
    if found:
        size = max(manifest, config)
        assert (found.code, found.severity) == ("EC507", WARNING)
        assert found.message == (
            f"the {part} of `r:1` has {size} bytes; BuildKit reads at most 1048576 and will refuse it"
        )


def test_the_configuration_is_no_layer() -> None:
    found = held(MANIFEST, "d")
    assert isinstance(found, Held)
    assert (found.layers, found.config) == (2, 50)
