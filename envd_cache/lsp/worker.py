"""The process that evaluates, and what runs in it: a server that forks a child for each evaluation.

Frames go both ways over its standard streams: four bytes of length, then `marshal` data. A request is
`(number, path, texts, library)`, an answer `(number, kind, data)` with the kinds "done", "died" (data: the
signal, 0 for too late) and "wrong" (data: a traceback, a fault of ours). A child costs a few milliseconds
and nothing that a file does reaches beyond it. Whoever sends a request ends the one before it.
"""

from __future__ import annotations

import os
import select
from time import monotonic

from envd_cache.check.frames import frame, frames_in, write
from envd_cache.check.limits import GRACE, MOST_TARGETS, allow_seconds, confine
from envd_cache.lsp.child import Child

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from envd_cache.evaluate.facts import Facts

DONE, DIED, WRONG = "done", "died", "wrong"


def main(take: int, give: int) -> None:
    """Read the facts from the first frame, and serve."""
    from envd_cache.evaluate.facts import Facts  # noqa: PLC0415 - only in this process

    received = bytearray()
    requests = begin(take, received)
    if not requests:
        return
    environ, given, machine, clones, time_limit = requests[0]
    Forker(Facts(environ, given, machine, clones), time_limit, give).serve(take, received, requests[1:])


def begin(take: int, received: bytearray) -> list[Any]:
    """Return the first requests, which wait in a pipe; none when the other side closed it.

    What is not whole yet is left in `received`.
    """
    requests: list[Any] = []
    while not requests:
        data = os.read(take, 1 << 18)
        if not data:
            break
        received += data
        requests = frames_in(received)
    return requests


class Forker:
    """Answers requests, each in a child; a new one ends the child of the one before."""

    def __init__(self, facts: Facts, time_limit: float, give: int) -> None:
        self._facts = facts
        self._limit = time_limit
        self._give = give
        self._child: _Child | None = None

    def serve(self, take: int, received: bytearray, waiting: list[Any]) -> None:
        """Answer requests until the other side closes the pipe; `waiting` came with the first frame."""
        import gc  # noqa: PLC0415 - only in this process

        _warm(self._facts, self._limit)
        gc.freeze()
        self._begin(waiting)
        while True:
            child = self._child
            watched = [take] if child is None else [take, child.pipe]
            wait = None if child is None else max(child.deadline - monotonic(), 0.0)
            ready, _, _ = select.select(watched, [], [], wait)
            if child is not None:
                if child.pipe in ready and not child.read():
                    write(self._give, frame(child.answer()))
                    self._child = None
                elif not ready:
                    child.end()
                    write(self._give, frame((child.number, DIED, 0)))
                    self._child = None
            if take in ready:
                data = os.read(take, 1 << 18)
                if not data:
                    self._end()
                    return
                received += data
                self._begin(frames_in(received))

    def _begin(self, requests: list[Any]) -> None:
        """Begin with the last of some requests; one without a path only ends what runs."""
        if requests:
            self._end()
            if requests[-1][1]:
                self._child = _Child(requests[-1], self._facts, self._limit)

    def _end(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None


def _warm(facts: Facts, time_limit: float) -> None:
    """Load everything that an evaluation may need, so that a child has it from the start.

    A wrong value has lark and typeguard loaded.
    """
    from envd_cache.lsp.evaluation import evaluate  # noqa: PLC0415 - only in this process

    path = os.path.join(os.sep, "nowhere", "build.envd")
    evaluate(
        path, {path: "def build():\n    base()\n    cache.gha(scope=1)\n"}, facts, time_limit, library=False
    )


class _Child(Child):
    """One evaluation."""

    def __init__(self, request: Any, facts: Facts, time_limit: float) -> None:
        self.number: int = request[0]
        self.deadline = monotonic() + time_limit * MOST_TARGETS + GRACE
        super().__init__(lambda give: _be_child(request, give, facts, time_limit))

    def answer(self) -> tuple[int, str, Any]:
        """Return what came of the child, which has closed its pipe."""
        status = self.wait()
        for kind, data in self.told():
            return self.number, kind, data
        return self.number, DIED, os.WTERMSIG(status) if os.WIFSIGNALED(status) else -1


def _be_child(request: Any, give: int, facts: Facts, time_limit: float) -> None:
    from envd_cache.evaluate.interpreter import in_deep_thread  # noqa: PLC0415 - loaded before the fork

    _, path, texts, library = request
    confine()
    allow_seconds(time_limit * MOST_TARGETS + GRACE)

    def work() -> None:
        from envd_cache.lsp.evaluation import evaluate  # noqa: PLC0415 - loaded before the fork

        try:
            made = DONE, evaluate(path, texts, facts, time_limit, library=library)
        except Exception:
            import traceback  # noqa: PLC0415 - only for a fault of ours

            made = WRONG, traceback.format_exc()  # type: ignore[assignment]
        write(give, frame(made))

    in_deep_thread(work, lambda: None)
