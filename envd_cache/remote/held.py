"""What a place holds under the name of a cache: the sizes that decide whether BuildKit can read it."""

from __future__ import annotations

import json

from envd_cache.diagnostics import WARNING, Diagnostic
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.source import Location

# BuildKit v0.32.2 `cache/remotecache/import.go` `readBlob`: `maxBlobSize := int64(1 << 20)`; a larger
# manifest or configuration is refused with `blob … is too large`. Writing one is not refused.
LIMIT = 1 << 20

CACHE_CONFIG = "application/vnd.buildkit.cacheconfig.v0"

# The kinds of manifest that a cache is written as, and those of images (an inline cache).
MEDIA_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


class Absent(str):
    """A reason that is certain: the place answered, and it holds nothing under that name."""

    __slots__ = ()


class Held(Record):
    """A cache's manifest: sizes in bytes, of the layers in all (each once).

    `config` is 0 when the manifest names no BuildKit configuration: then it is an image, not a cache.
    """

    digest: str
    manifest: int
    config: int
    layers: int
    layer_bytes: int

    @property
    def is_cache(self) -> bool:
        """Whether this is a cache of its own, and no image with one inside."""
        return self.config > 0

    @property
    def total(self) -> int:
        """All bytes that the cache takes."""
        return self.manifest + self.config + self.layer_bytes


def held(document: bytes, digest: str, size: int = 0) -> Held | str:
    """Read a manifest or an index; a str says why it is none."""
    try:
        value = json.loads(document)
    except (ValueError, RecursionError):
        return "the manifest is no JSON"
    if not isinstance(value, dict):
        return "the manifest is no JSON object"
    parts = [each for name in ("manifests", "layers") for each in _list(value.get(name))]
    if isinstance(value.get("config"), dict):
        parts.append(value["config"])
    if not parts:
        return "the manifest names nothing"
    config = 0
    layers: dict[str, int] = {}
    for part in parts:
        length = part.get("size")
        if not isinstance(length, int) or isinstance(length, bool) or length < 0:
            continue
        if part.get("mediaType") == CACHE_CONFIG:
            config = length
        elif part is not value.get("config"):
            layers[str(part.get("digest"))] = length
    return Held(digest, size or len(document), config, len(layers), sum(layers.values()))


def _list(value: object) -> list[dict[str, object]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def too_large(found: Held, what: str, location: Location | None = None) -> Diagnostic | None:
    """Return the problem of a cache that BuildKit has written and will refuse to read."""
    part, size = max(("manifest", found.manifest), ("configuration", found.config), key=lambda each: each[1])
    if size <= LIMIT:
        return None
    message = f"the {part} of `{what}` has {size} bytes; BuildKit reads at most {LIMIT} and will refuse it"
    hint = 'use `mode="min"`, or split the build so that each cache has fewer layers'
    return Diagnostic("EC507", WARNING, message, location, hint=hint)
