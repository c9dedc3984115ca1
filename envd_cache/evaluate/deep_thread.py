"""Runs an action on a stack deep enough for envd's recursion."""

from __future__ import annotations

import _thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# envd's interpreter stops at 99,998 nested calls. That many fit into a stack of 256 MiB, of which the
# system hands out only what is used.
MAX_CALLS = 100_000
FEW_CALLS = 500
STACK_BYTES = 256 * 1024 * 1024


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
