"""Looks into a directory that holds caches: an OCI layout.

Facts: BuildKit v0.32.2 `client/ociindex/ociindex.go` (a tag is looked for in `io.containerd.image.name`, then
in `org.opencontainers.image.ref.name`, of any manifest in `index.json`), `cache/remotecache/local/local.go`.
"""

from __future__ import annotations

import json
import os

from envd_cache.remote.held import Absent, Held, held

# No index or manifest that BuildKit wrote is larger; one file must not fill the memory.
MAX_FILE = 64 * 2**20

_NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name")


def look(directory: str, tag: str = "latest", digest: str = "") -> Held | str:
    """Return what a directory holds under a tag, or under a digest; a str says why nothing."""
    if not digest:
        index = _read(os.path.join(directory, "index.json"))
        if isinstance(index, str):
            return index
        digest = _digest_in(index, tag)
        if not digest:
            return Absent(f"no tag `{tag}` in index.json")
    algorithm, _, name = digest.partition(":")
    if not (algorithm.isalnum() and name.isalnum()):
        return "this is no digest"
    document = _read(os.path.join(directory, "blobs", algorithm, name))
    return document if isinstance(document, str) else held(document, digest)


def digest_of(directory: str, tag: str = "latest") -> str:
    """Return the digest of a tag in a directory, "" when there is none."""
    index = _read(os.path.join(directory, "index.json"))
    return "" if isinstance(index, str) else _digest_in(index, tag)


def _digest_in(index: bytes, tag: str) -> str:
    try:
        value = json.loads(index)
    except (ValueError, RecursionError):
        return ""
    manifests = value.get("manifests") if isinstance(value, dict) else None
    found = [each for each in manifests if isinstance(each, dict)] if isinstance(manifests, list) else []
    for name in _NAMES:
        for each in found:
            annotations = each.get("annotations")
            if isinstance(annotations, dict) and annotations.get(name) == tag:
                return str(each.get("digest") or "")
    return ""


def _read(path: str) -> bytes | str:
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_FILE + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        return Absent(f"{os.path.basename(path)}: {str(error.strerror).lower()}")
    except (OSError, ValueError) as error:
        strerror = getattr(error, "strerror", None)
        return f"{os.path.basename(path)}: {str(strerror or error).lower()}"
    return content if len(content) <= MAX_FILE else f"{os.path.basename(path)} is too large"
