"""The engines that run a build: which cache exports and imports each kind of them has.

Facts, measured by solving on Debian's engines (docker 20.10.24, 26.1.5 and 28.5.2; the latter two with the
containerd image store and with the classic one), and read in moby `builder-next/controller.go` (28.x):
dockerd links neither s3 nor azblob. Its containerd image store has remote caches since 24.0
(moby/moby#44079). Several exports in one build: BuildKit v0.11.0 (moby/buildkit#3024), so docker 24.0.
An export that is missing fails after seconds with `unknown cache exporter: "…"`, an import that is missing
is a failed step of a build that goes on.
"""

from __future__ import annotations

from envd_cache.catalog import BACKENDS
from envd_cache.record import Record


class EngineKind(Record):
    """One kind of engine: what people call it, and the types of cache that it has.

    `max_exports` of 0 is no limit. `becomes` names the kind that a setting of the same engine makes of it,
    `setting` says which.
    """

    name: str
    title: str
    exports: tuple[str, ...]
    imports: tuple[str, ...]
    max_exports: int = 0
    becomes: str = ""
    setting: str = ""


BUILDKIT = EngineKind(
    name="buildkit",
    title="BuildKit",
    exports=tuple([backend.name for backend in BACKENDS]),
    imports=tuple([backend.name for backend in BACKENDS if not backend.export_only]),
)

DOCKER_CONTAINERD = EngineKind(
    name="docker-containerd",
    title="containerd image store",
    exports=("registry", "inline", "local", "gha"),
    imports=("registry", "local", "gha"),
)

DOCKER_CLASSIC = EngineKind(
    name="docker-classic",
    title="classic image store",
    exports=("inline",),
    imports=("registry", "local"),
    becomes=DOCKER_CONTAINERD.name,
    setting="turn on docker's containerd image store",
)

# Up to 23.0 (API 1.42) neither store has more, and BuildKit answers a second export with
# `specifying multiple cache exports is not supported currently`.
DOCKER_OLD = EngineKind(
    name="docker-old",
    title="older than 24.0",
    exports=("inline",),
    imports=("registry", "local"),
    max_exports=1,
)

KINDS: tuple[EngineKind, ...] = (BUILDKIT, DOCKER_CONTAINERD, DOCKER_CLASSIC, DOCKER_OLD)

# The first docker whose containerd image store has remote caches, and that takes several exports.
DOCKER_SINCE_API = "1.43"
# What `GET /info` has in `DriverStatus` with the containerd image store, and only then.
CONTAINERD_STORE = "io.containerd.snapshotter.v1"
# The first BuildKit that takes several exports.
SEVERAL_EXPORTS_SINCE = "v0.11.0"

# (version of docker's API, the newest BuildKit of any docker with it), from the release notes of docker
# 25.0.2, 26.1.1, 27.5.0 and 29.0.0, and measured on 20.10. An API between two rows has at most the BuildKit
# of the later one. Docker itself tells no version that can be trusted: Debian's say `v0.0.0+unknown`.
DOCKER_BUILDKIT: tuple[tuple[str, str], ...] = (
    ("1.41", "v0.8.3"),
    ("1.44", "v0.12.5"),
    ("1.45", "v0.13.2"),
    ("1.47", "v0.18.2"),
    ("1.51", "v0.25.2"),
)

# Attributes that the client's library reads and the engine does not: the engine's version says nothing of
# them (BuildKit v0.32.2 `client/solve.go` parseCacheOptions).
READ_BY_CLIENT: tuple[tuple[str, str], ...] = (
    ("local", "dest"),
    ("local", "src"),
    ("local", "tag"),
    ("local", "digest"),
    ("local", "reset"),
)

# (type, variable, attribute): a runner that sets the variable makes clients use a version of the service
# that engines without this attribute do not know. They then send nothing, and say nothing (docker 26.1.5).
SERVICE_VERSIONS: tuple[tuple[str, str, str], ...] = (("gha", "ACTIONS_CACHE_SERVICE_V2", "url_v2"),)

# What a client needs for an engine with everything, by the client's name.
FULL_ENGINE: tuple[tuple[str, str], ...] = (
    ("envd", "use `envd context create --name full --builder docker-container --use`"),
    ("buildx", "use a builder of `docker buildx create --driver docker-container`"),
    ("compose", "use a builder of `docker buildx create --driver docker-container`"),
    ("buildctl", "use a BuildKit of its own: `buildkitd`"),
)
