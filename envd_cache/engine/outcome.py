"""What a build did with its caches, as data.

A reader (`engine.rawjson`, `engine.plaintext`) makes an `Outcome` of a client's progress; `engine.matched`
says which declaration each part belongs to; `engine.telling` writes it.
"""

from __future__ import annotations

from envd_cache.record import Record

# The error of a client that failed and gave no reason; its exit code follows.
SILENT = "exit code "

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, TypeAlias

    from envd_cache.emit.wire import WireEntry

    # "read": asked without an error by an importer that does not tell a missing cache from an empty one.
    # "not asked": the build never came to it, or the client sent nothing. "unclear": BuildKit names the
    # kind of cache only, and several of one kind ended in different ways. "unknown": no progress was seen.
    ImportState: TypeAlias = Literal["found", "read", "missing", "failed", "not asked", "unclear", "unknown"]
    ExportState: TypeAlias = Literal["written", "failed", "not reached", "unclear", "unknown"]


class ImportOutcome(Record, apart=("entry",)):
    """One import. `source` is the reference or directory, or `type:number`, BuildKit's name of others.

    `target` is the bake target or compose service, "" when one thing was built. `seconds` is how long the
    manifest took, None when nobody says.
    """

    source: str
    state: ImportState
    reason: str = ""
    type: str = ""
    target: str = ""
    seconds: float | None = None
    entry: WireEntry | None = None


class ExportOutcome(Record, apart=("entry",)):
    """One export.

    `bytes` is the size of all its layers where somebody looked; BuildKit's progress has no sizes.
    `digest` is that of the manifest. `fatal`: this export made the build fail.
    """

    type: str
    state: ExportState
    where: str = ""
    bytes: int | None = None
    seconds: float | None = None
    digest: str = ""
    layers: int = 0
    reason: str = ""
    fatal: bool = False
    target: str = ""
    entry: WireEntry | None = None


class Steps(Record):
    """The steps of the build file; the image that it starts from and the engine's own work are none.

    `left` are the steps that were planned and never began.
    """

    cached: int = 0
    run: int = 0
    failed: int = 0
    left: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.cached + self.run + self.failed + self.left


class Outcome(Record):
    """What a build did. `error` is why it failed, "" when it did not.

    `seconds` is None when the progress has no times. `failed_step` and `failed_log` (its last lines) belong
    to the step that failed. `seen` is the number of vertices of the progress; with 0 nothing is known.
    `matched` says that `engine.matched` has put the imports and exports into the order of the plan.
    """

    imports: tuple[ImportOutcome, ...] = ()
    exports: tuple[ExportOutcome, ...] = ()
    steps: Steps = Steps()
    seconds: float | None = None
    error: str = ""
    failed_step: str = ""
    failed_log: tuple[str, ...] = ()
    seen: int = 0
    matched: bool = False

    @property
    def known(self) -> bool:
        """Whether the client said anything at all: of the build, or why there was none."""
        return bool(self.seen or (self.error and not self.error.startswith(SILENT)))
