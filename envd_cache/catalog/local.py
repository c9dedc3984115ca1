"""`cache.local`: the cache as an OCI layout in a directory of the client.

Facts: BuildKit v0.32.2 `client/solve.go`, `client/ociindex/ociindex.go`, `cache/remotecache/local/local.go`.
"""

from __future__ import annotations

from envd_cache.catalog.common import COMPRESSION_PARAMS, DIGEST, IGNORE_ERROR, MODE
from envd_cache.catalog.model import EXPORT, IMPORT, Backend, Key, Param

BACKEND = Backend(
    name="local",
    title="Local directory",
    doc="Keep the build cache in a directory of the machine that runs the client.",
    since="v0.4.0",
    url="https://docs.docker.com/build/cache/backends/local/",
    params=(
        Param(
            "path",
            str,
            wire="dest",
            wire_import="src",
            format="path",
            doc="Directory that is written and read.",
            note="Relative to the folder in which the client runs; nothing in it is expanded.",
        ),
        Param("dest", str, direction=EXPORT, format="path", since="v0.4.0", doc="Directory that is written."),
        Param("src", str, direction=IMPORT, format="path", since="v0.4.0", doc="Directory that is read."),
        Param(
            "tag",
            str,
            format="nonempty",
            default="latest",
            since="v0.11.0",
            since_note="imports: v0.7.0 of the client library",
            doc="Name of the cache in the directory's index.",
        ),
        DIGEST,
        Param(
            "reset",
            bool,
            direction=EXPORT,
            default=False,
            since="v0.31.0",
            since_note="buildx v0.35.0; older clients ignore it",
            doc="After a successful build, delete what the index no longer refers to.",
            transport=True,
        ),
        MODE,
        *COMPRESSION_PARAMS,
        IGNORE_ERROR,
    ),
    key=Key("tag", "value"),
    place=("dest", "tag"),
    exports_when=("path", "dest"),
    imports_when=("path", "src"),
    exclusive=(("path", "dest"), ("path", "src"), ("tag", "digest")),
)
