"""`cache.azblob`: the cache in a container of Azure Blob Storage.

Facts: BuildKit v0.32.2 `cache/remotecache/azblob/utils.go`, `importer.go` (which loads every name).
"""

from __future__ import annotations

from envd_cache.catalog.common import IGNORE_ERROR, MODE
from envd_cache.catalog.model import Backend, Env, Key, Param, Secret

BACKEND = Backend(
    name="azblob",
    title="Azure Blob Storage",
    doc="Keep the build cache in a container of Azure Blob Storage.",
    since="v0.11.0",
    url="https://docs.docker.com/build/cache/backends/azblob/",
    status="experimental",
    capability="cache.azblob",
    params=(
        Param(
            "account_url",
            str,
            required=True,
            format="url",
            env=(Env("BUILDKIT_AZURE_STORAGE_ACCOUNT_URL", "buildkitd"),),
            since="v0.11.0",
            doc="Address of the storage account.",
        ),
        Param(
            "account_name",
            str,
            format="nonempty",
            env=(Env("BUILDKIT_AZURE_STORAGE_ACCOUNT_NAME", "buildkitd"),),
            since="v0.12.0",
            doc="Name of the storage account; by default the first part of the host of `account_url`.",
            transport=True,
        ),
        Param(
            "container",
            str,
            format="nonempty",
            default="buildkit-cache",
            env=(Env("BUILDKIT_AZURE_STORAGE_CONTAINER", "buildkitd"),),
            since="v0.11.0",
            doc="Container that holds the cache; created when it is missing, on an import too.",
        ),
        Param(
            "prefix",
            str,
            format="folder",
            default="",
            env=(Env("BUILDKIT_AZURE_STORAGE_PREFIX", "buildkitd"),),
            since="v0.11.0",
            doc="Folder inside the container; joined with `/`.",
        ),
        Param(
            "name",
            str,
            format="names",
            default="buildkit",
            since="v0.11.0",
            doc="Name of the manifest. `a;b` writes and reads both.",
        ),
        Param(
            "blobs_prefix", str, format="folder", default="blobs", since="v0.11.0", doc="Folder of the blobs."
        ),
        Param(
            "manifests_prefix",
            str,
            format="folder",
            default="manifests",
            since="v0.11.0",
            doc="Folder of the manifests.",
        ),
        Param(
            "secret_access_key",
            Secret,
            secret=True,
            since="v0.11.0",
            doc="Key of the account; without it, the identity of the BuildKit daemon.",
            transport=True,
        ),
        MODE,
        IGNORE_ERROR,
    ),
    key=Key("name", "joined"),
    place=("account_url", "container", "prefix", "manifests_prefix", "name"),
)
