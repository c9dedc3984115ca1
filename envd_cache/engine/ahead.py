"""Asks something while something else is done: an engine or a registry, which take their time to answer."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    Answer = TypeVar("Answer")


def ahead(ask: Callable[[], Answer]) -> Callable[[], Answer]:
    """Begin to ask in a thread; return what waits for the answer, and raises what asking raised.

    Nobody has to wait: the thread does not keep the process from its end. Where none can be started, it
    is asked when the answer is wanted.
    """
    import threading  # noqa: PLC0415 - for those who ask

    answers: list[Answer] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            answers.append(ask())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return ask

    def answer() -> Answer:
        thread.join()
        if errors:
            raise errors[0]
        return answers[0]

    return answer
