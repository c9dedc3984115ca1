"""Evaluates targets of build files: one engine, one run at a time, on a stack deep enough for envd."""

from __future__ import annotations

import _thread
import os

from envd_cache.evaluate.engine import Engine
from envd_cache.evaluate.loader import relative_path
from envd_cache.evaluate.run import Run
from envd_cache.source import Target, target_label

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from envd_cache.config import Root
    from envd_cache.diagnostics import Result
    from envd_cache.evaluate.engine import Answer
    from envd_cache.evaluate.model import Evaluation, Facts

TIME_LIMIT = 10.0

# envd's interpreter stops at 99,998 nested calls. That many fit into a stack of 256 MiB, of which the
# system hands out only what is used.
MAX_CALLS = 100_000
FEW_CALLS = 500
STACK_BYTES = 256 * 1024 * 1024


class Interpreter:
    """Evaluates targets, one after the other, with one prelude."""

    def __init__(self, *, alone: bool = False) -> None:
        """`alone`: the process does nothing else meanwhile, which allows a quicker start."""
        self._run: Run | None = None
        self._engine = Engine(self._called, self._printed, alone=alone)

    def evaluate(
        self, target: Target, root: Root, facts: Facts, time_limit: float = TIME_LIMIT
    ) -> Result[Evaluation]:
        """Return what one target does. Errors never raise; what was recorded before one is kept.

        The top level runs, then the function, without arguments; when neither declares a cache and the
        repository has a default, that runs too.
        """
        path = os.path.abspath(target.path)
        relative = relative_path(path, root.folder).replace(os.sep, "/")
        folder, _, name = relative.rpartition("/")
        label = facts.given.get("target") or target_label(folder, name, target.function)
        # The interpreter clears room for every call that it allows: 2 ms for as many as envd allows.
        # Hardly a file calls deeper than a few, so the deep one is run again.
        run = Run(self._engine, target, label, root, facts, max_calls=FEW_CALLS)
        self._execute(run, time_limit)
        if any(found.code == "EC010" for found in run.diagnostics):
            run = Run(self._engine, target, label, root, facts, max_calls=MAX_CALLS)
            self._execute(run, time_limit)
        return run.result()

    def _execute(self, run: Run, time_limit: float) -> None:
        self._run = run
        try:
            with self._engine.border():
                in_deep_thread(lambda: run.execute(time_limit), run.interrupt)
        finally:
            self._run = None

    def _called(self, function: str, args: list[object], kwargs: dict[str, object], frames: str) -> Answer:
        return self._run.recorder.called(function, args, kwargs, frames) if self._run else None

    def _printed(self, text: str) -> None:
        if self._run is not None:
            self._run.recorder.printed.append(text)


def in_deep_thread(action: Callable[[], None], interrupt: Callable[[], None]) -> None:
    """Run an action on a stack of 256 MiB, and wait for it; exceptions are raised here.

    Ctrl-C reaches the waiting thread: it calls `interrupt` and waits for the action to stop.
    """
    raised: list[BaseException] = []
    done = _thread.allocate_lock()
    done.acquire()

    def body() -> None:
        try:
            action()
        except BaseException as error:
            raised.append(error)
        finally:
            done.release()

    before = _thread.stack_size()
    try:
        _thread.stack_size(STACK_BYTES)
        _thread.start_new_thread(body, ())
    except (ValueError, RuntimeError, MemoryError):
        # No room for such a stack (a tight memory limit): the ordinary one does for ordinary files.
        action()
        return
    finally:
        _thread.stack_size(before)
    try:
        done.acquire()
    except KeyboardInterrupt:
        interrupt()
        done.acquire()
        raise
    if raised:
        raise raised[0]
