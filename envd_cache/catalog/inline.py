"""`cache.inline`: the cache inside the image's own configuration.

Facts: BuildKit v0.32.2 `cache/remotecache/inline/inline.go` reads no attribute at all; there is no
inline importer (`cmd/buildkitd/main.go`), so the image is imported as a registry cache.
"""

from __future__ import annotations

from envd_cache.catalog.model import IMPORT, Backend, Key, Param

BACKEND = Backend(
    name="inline",
    title="Inline",
    doc="Keep the build cache inside the image that is pushed; only the layers of the result.",
    since="v0.4.0",
    url="https://docs.docker.com/build/cache/backends/inline/",
    params=(
        Param(
            "ref",
            str,
            direction=IMPORT,
            format="reference",
            since="v0.4.0",
            doc="The image whose cache is read, as a registry import.",
            note="BuildKit has no inline import. Without `ref` the cache is only written.",
        ),
    ),
    key=Key("ref", "tag"),
    place=(),
    export_only=True,
    import_type="registry",
    imports_when=("ref",),
)
