"""`cache.registry`: the cache as an image of its own in a registry.

Facts: BuildKit v0.32.2 `cache/remotecache/registry/registry.go`, `client/solve.go`.
"""

from __future__ import annotations

from envd_cache.catalog.common import COMPRESSION_PARAMS, IGNORE_ERROR, MODE
from envd_cache.catalog.model import Backend, Key, Param

BACKEND = Backend(
    name="registry",
    title="Registry",
    doc="Keep the build cache in a container registry, apart from the image.",
    since="v0.4.0",
    url="https://docs.docker.com/build/cache/backends/registry/",
    params=(
        Param(
            "ref",
            str,
            required=True,
            format="reference",
            since="v0.4.0",
            doc="Image reference of the cache; not the image's own, which it would overwrite.",
            note="Without a tag, `latest`. A digest can be imported, not exported.",
        ),
        MODE,
        *COMPRESSION_PARAMS,
        Param(
            "insecure",
            bool,
            wire="registry.insecure",
            default=False,
            since="v0.12.0",
            doc="Skip TLS verification and fall back to plain HTTP for this registry.",
            transport=True,
        ),
        IGNORE_ERROR,
    ),
    key=Key("ref", "tag"),
    place=("ref",),
)
