"""`cache.gha`: the cache of GitHub Actions.

Facts: BuildKit v0.32.2 `cache/remotecache/gha/gha.go`; buildx v0.36.1 `build/opt.go`.
"""

from __future__ import annotations

from envd_cache.catalog.common import IGNORE_ERROR, MODE
from envd_cache.catalog.model import EXPORT, Backend, Env, Key, Param, Secret

BACKEND = Backend(
    name="gha",
    title="GitHub Actions",
    doc="Keep the build cache in the cache service of GitHub Actions.",
    since="v0.9.0",
    url="https://docs.docker.com/build/cache/backends/gha/",
    status="experimental",
    capability="cache.gha",
    params=(
        Param(
            "scope",
            str,
            default="buildkit",
            since="v0.9.0",
            doc="Name of the cache in the repository; each build needs its own, it is overwritten whole.",
        ),
        MODE,
        Param(
            "url",
            str,
            format="url",
            env=(
                Env("ACTIONS_CACHE_URL", "buildctl"),
                Env("ACTIONS_CACHE_URL", "buildx"),
                Env("ACTIONS_RESULTS_URL", "buildctl"),
                Env("ACTIONS_RESULTS_URL", "buildx"),
            ),
            since="v0.9.0",
            doc="Address of the cache service, version 1.",
        ),
        Param(
            "url_v2",
            str,
            format="url",
            env=(Env("ACTIONS_RESULTS_URL", "buildctl"), Env("ACTIONS_RESULTS_URL", "buildx")),
            since="v0.20.0",
            since_note="buildx v0.21.0",
            doc="Address of the cache service, version 2; GitHub shut version 1 down in April 2025.",
        ),
        Param(
            "token",
            Secret,
            secret=True,
            env=(Env("ACTIONS_RUNTIME_TOKEN", "buildctl"), Env("ACTIONS_RUNTIME_TOKEN", "buildx")),
            since="v0.9.0",
            doc="The run-time token of the job.",
            transport=True,
        ),
        Param(
            "version",
            int,
            choices=(1, 2),
            since="v0.20.0",
            since_note="buildx v0.21.0",
            doc="Version of the cache service; found out from the address when not given.",
            transport=True,
        ),
        Param(
            "timeout",
            str,
            format="duration",
            default="10m",
            since="v0.13.0",
            doc="How long requests are tried again when the service limits their rate.",
            transport=True,
        ),
        Param(
            "repository",
            str,
            needs="ghtoken",
            direction=EXPORT,
            format="repository",
            since="v0.14.0",
            doc="`owner/repository`, to list existing entries at once; needs `ghtoken`.",
            transport=True,
        ),
        Param(
            "ghtoken",
            Secret,
            needs="repository",
            direction=EXPORT,
            secret=True,
            since="v0.14.0",
            doc="GitHub token that may read Actions, for `repository`.",
            transport=True,
        ),
        IGNORE_ERROR,
    ),
    key=Key("scope", "value"),
    # `repository` and `ghtoken` only list what is there (`gha.go:131`); the token's repository is the job's.
    place=("url", "url_v2", "scope"),
)
