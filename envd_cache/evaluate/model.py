"""What an evaluation gets and leaves behind: the world; calls with their places, facts that were read."""

from __future__ import annotations

from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envd_cache.source import Location, SourceFile, Target


class Facts(Record):
    """The world as one compile sees it.

    `environ` are environment variables, `given` facts from the command line (`branch`, `env.NAME`, …),
    which win. `machine` is the processor as `uname -m` says it. `clones` is the folder in which envd
    keeps what `include` cloned ("" to use none). An empty `Facts()` knows nothing and reads only git.
    """

    environ: Mapping[str, str] = {}
    given: Mapping[str, str] = {}
    machine: str = "x86_64"
    clones: str = ""
    use_git: bool = True


class Frame(Record):
    """One call of a call chain: the function that was called, and the whole call expression."""

    function: str
    location: Location


class CallSite:
    """Where a call was written. The places are worked out when somebody looks, which is for problems only."""

    __slots__ = ("_frames", "_work_out")

    def __init__(self, work_out: Callable[[], tuple[Frame, ...]]) -> None:
        self._work_out = work_out
        self._frames: tuple[Frame, ...] | None = None

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The call itself, then the calls that led to it, outward; empty when none is in a file."""
        if self._frames is None:
            self._frames = self._work_out()
        return self._frames

    @property
    def location(self) -> Location | None:
        """The innermost place in a file of the user's."""
        return self.frames[0].location if self.frames else None


class RecordedCall(Record, apart=("site",)):
    """One call of a builtin, with its values as Python has them.

    A Starlark tuple is a `tuple`, a list a `list`; a value without a Python form is a `Foreign`.
    """

    function: str
    args: tuple[object, ...]
    kwargs: Mapping[str, object]
    site: CallSite


class FactRead(Record, apart=("site",)):
    """One thing that the build file asked about the world, the answer, and where the answer came from.

    `argument` is the name of the variable for `env` and `secret`. A secret has no value here, ever.
    """

    name: str
    argument: str
    value: str
    origin: str
    site: CallSite


class Evaluation(Record):
    """What one target of one build file did."""

    target: Target
    label: str
    source: SourceFile | None
    calls: tuple[RecordedCall, ...] = ()
    facts: tuple[FactRead, ...] = ()
    printed: tuple[str, ...] = ()
    by_default: str = ""
