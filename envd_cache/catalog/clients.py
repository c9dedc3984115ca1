"""The programs that take cache options: their flags, and what each of them loses without a word.

Facts, measured: envd 1.3.6; buildx v0.36.1 (`build/opt.go`); buildctl v0.32.2; Docker Engine 26 and 28.
"""

from __future__ import annotations

from envd_cache.catalog.model import BOTH, EXPORT, IMPORT
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.catalog.model import Direction


class Need(Record):
    """What an entry must have: one of the attributes, or one of the variables where the client runs."""

    attrs: tuple[str, ...]
    env: tuple[str, ...] = ()


class Drop(Record):
    """An entry that a client accepts and then does not use.

    It applies to entries of `type` in `direction`, unless every one of `needs` is there. With `driver`,
    only when that buildx driver is asked for.
    """

    type: str
    direction: Direction
    reason: str
    hint: str = ""
    needs: tuple[Need, ...] = ()
    driver: str = ""


class Client(Record):
    """A program that takes cache options. A limit of 0 is no limit.

    `reads_twice` are marks that one release of the program takes as they are and another fills in.
    """

    name: str
    title: str
    export_flag: str
    import_flag: str
    max_exports: int = 0
    max_imports: int = 0
    keeps_newlines: bool = True
    reads_twice: tuple[str, ...] = ()
    drops: tuple[Drop, ...] = ()


_GHA = (Need(("token",)), Need(("url", "url_v2")))
_GHA_OR_ENV = (
    Need(("token",), ("ACTIONS_RUNTIME_TOKEN",)),
    Need(("url", "url_v2"), ("ACTIONS_RESULTS_URL", "ACTIONS_CACHE_URL")),
)
_DOCKER = "the docker driver"

BUILDCTL = Client(
    name="buildctl",
    title="buildctl build",
    export_flag="--export-cache",
    import_flag="--import-cache",
)

BUILDX = Client(
    name="buildx",
    title="docker buildx",
    export_flag="--cache-to",
    import_flag="--cache-from",
    drops=(
        Drop(
            "gha",
            BOTH,
            "docker buildx drops this entry in silence: it has no token, or no address of the service",
            hint="run it where ACTIONS_RUNTIME_TOKEN and ACTIONS_RESULTS_URL are set",
            needs=_GHA_OR_ENV,
        ),
        Drop("s3", BOTH, f"{_DOCKER} has no s3 cache", driver="docker"),
        Drop("azblob", BOTH, f"{_DOCKER} has no azblob cache", driver="docker"),
    ),
)

ENVD = Client(
    name="envd",
    title="envd build",
    export_flag="--export-cache",
    import_flag="--import-cache",
    max_exports=1,
    max_imports=1,
    keeps_newlines=False,
    drops=(
        Drop(
            "local",
            IMPORT,
            "plain envd cannot import a local directory: it asks BuildKit without the directory's digest",
            hint="import from a registry, or build with docker buildx or buildctl",
        ),
        Drop(
            "gha",
            IMPORT,
            "plain envd cannot import from GitHub Actions: it reads no ACTIONS_* variable",
            hint="give `token` and `url_v2`, or build with docker buildx",
            needs=_GHA,
        ),
        Drop(
            "gha",
            EXPORT,
            "envd reads no ACTIONS_* variable: BuildKit refuses this export without a token and an address",
            hint="give `token` and `url_v2`, or build with docker buildx",
            needs=_GHA,
        ),
    ),
)

# Newer releases of compose hand the work to bake, which reads what compose has filled in once more.
COMPOSE = Client(
    name="compose",
    title="docker compose",
    export_flag="cache_to",
    import_flag="cache_from",
    reads_twice=("${", "%{"),
    drops=BUILDX.drops,
)

GITHUB_ACTION = Client(
    name="build-push-action",
    title="docker/build-push-action",
    export_flag="cache-to",
    import_flag="cache-from",
)

CLIENTS: tuple[Client, ...] = (BUILDCTL, BUILDX, ENVD, COMPOSE, GITHUB_ACTION)
