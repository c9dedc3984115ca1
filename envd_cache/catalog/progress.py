"""What BuildKit's progress calls the work on caches, and which backends keep silent about a missing one.

Facts: BuildKit v0.32.2 `cache/remotecache/*` (`Name()` of each exporter), measured with Docker Engine 20.10,
26.1 and 28.5. A step that writes a cache is named after the kind of backend, never after its place.
"""

from __future__ import annotations

from envd_cache.catalog.azblob import BACKEND as AZBLOB
from envd_cache.catalog.gha import BACKEND as GHA
from envd_cache.catalog.inline import BACKEND as INLINE
from envd_cache.catalog.local import BACKEND as LOCAL
from envd_cache.catalog.registry import BACKEND as REGISTRY
from envd_cache.catalog.s3 import BACKEND as S3

# The name of the step, and the type of the cache that it writes; "" when the name does not tell.
EXPORT_STEPS: dict[str, str] = {
    "exporting cache to registry": REGISTRY.name,
    "exporting cache to client directory": LOCAL.name,
    "exporting to GitHub Actions Cache": GHA.name,
    "exporting cache to Amazon S3": S3.name,
    "exporting cache to Azure Blob Storage": AZBLOB.name,
    "exporting inline cache": INLINE.name,
    # Docker 20.10 writes an inline cache only; BuildKit before v0.11 says this of all of them.
    "exporting cache": "",
}
IMPORT_STEP = "importing cache manifest from "

# A line of the step that exports the image: the cache is then a part of the image's configuration.
INLINE_STATUS = "preparing layers for inline cache"
MANIFEST_STATUSES = ("writing cache manifest ", "writing cache image manifest ")
LAYER_STATUS = "writing layer "

# A line of an import that proves that there was something.
FOUND_STATUSES = ("inferred cache manifest type: ", "found ")

# These importers take a missing cache for an empty one and report no error (`gha.go`, `s3.go`,
# `azblob/importer.go`: the load function returns new, empty chains).
SILENT_WHEN_MISSING = frozenset((GHA.name, S3.name, AZBLOB.name))

INLINE_TYPE = INLINE.name
REFERENCE_TYPE = REGISTRY.name
DIRECTORY_TYPE = LOCAL.name
