"""Parameters that several backends share, worded once.

Facts: BuildKit v0.32.2 `control/control.go`, `cache/remotecache/*`, `util/compression/attrs.go`.
"""

from __future__ import annotations

from envd_cache.catalog.model import EXPORT, IMPORT, Param

USE = Param(
    "use",
    str,
    choices=("both", "export", "import"),
    default="both",
    doc="Whether the cache is written, read, or both.",
)
KEY = Param(
    "key",
    str | list[str],
    format="key",
    doc="Names of the cache in this place: the first is written, all are read, in this order.",
    note='`key=[cache.branch(), "main"]` says "this branch, else main".',
)
MODE = Param(
    "mode",
    str,
    choices=("min", "max"),
    direction=EXPORT,
    default="min",
    since="v0.3.0",
    doc="`min` keeps the layers of the result, `max` those of every step.",
    note="BuildKit takes any other word for `min` and says nothing.",
)
IGNORE_ERROR = Param(
    "ignore_error",
    bool,
    wire="ignore-error",
    direction=EXPORT,
    default=False,
    since="v0.11.0",
    doc="Let the build succeed when the export fails.",
    note="Covers the upload, not a wrong configuration.",
    transport=True,
)
COMPRESSION = Param(
    "compression",
    str,
    choices=("uncompressed", "gzip", "estargz", "zstd"),
    direction=EXPORT,
    default="gzip",
    since="v0.10.0",
    doc="How new layers are compressed.",
    note="Layers that exist already keep theirs, unless `force_compression` is set.",
)
COMPRESSION_LEVEL = Param(
    "compression_level",
    int,
    wire="compression-level",
    direction=EXPORT,
    format="compression-level",
    since="v0.10.0",
    doc="Compression level: 0 to 9 for gzip and estargz, 0 to 22 for zstd.",
    note="BuildKit itself fails at the end of the build for gzip, and clamps zstd without a word.",
)
FORCE_COMPRESSION = Param(
    "force_compression",
    bool,
    wire="force-compression",
    direction=EXPORT,
    default=False,
    since="v0.10.0",
    doc="Compress layers again that exist with another compression.",
)
OCI_MEDIATYPES = Param(
    "oci_mediatypes",
    bool,
    wire="oci-mediatypes",
    direction=EXPORT,
    default=True,
    since="v0.8.0",
    doc="Use OCI media types in the manifest.",
)
IMAGE_MANIFEST = Param(
    "image_manifest",
    bool,
    wire="image-manifest",
    direction=EXPORT,
    default=True,
    since="v0.12.0",
    doc="Store the cache as an image manifest rather than an index; needs OCI media types.",
    note="The default was false before v0.21.0; it is false when `oci_mediatypes` is false.",
)
COMPRESSION_PARAMS = (COMPRESSION, COMPRESSION_LEVEL, FORCE_COMPRESSION, OCI_MEDIATYPES, IMAGE_MANIFEST)


DIGEST = Param(
    "digest",
    str,
    direction=IMPORT,
    format="digest",
    since="v0.4.0",
    doc="Digest of the manifest to read, in place of a tag.",
)
