"""Worker processes that evaluate files, and the watch over them. A worker that dies costs one file.

Workers are forked, so they start with everything loaded. Forking is safe because nothing here runs
threads: a worker starts its one thread, whose stack is deep enough for envd, after the fork. Tasks go out
in chunks and results come back in chunks, both as `marshal` data over pipes. What a worker is at stands in
a page of shared memory: the number of the task and since when, so that the parent can tell which file a
dead worker died of, and which worker hangs.
"""

from __future__ import annotations

import gc
import marshal
import mmap
import os
import select
import signal
import struct
from time import monotonic

from envd_cache.check.forked import forked
from envd_cache.check.frames import HEAD, frame, framed, frames_in, write
from envd_cache.check.limits import GRACE, MOST_TARGETS, allow_seconds, confine
from envd_cache.evaluate.interpreter import in_deep_thread
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Self, TypeAlias

    # A task and a result are plain data: tuples, texts, numbers.
    Task: TypeAlias = tuple[object, ...]
    Work: TypeAlias = Callable[[Task, Callable[[], None]], object]

CHUNK = 24
# Little of what a file leaves is in circles, and looking for them takes time.
COLLECT_EVERY = 20
# Results are sent at the latest after this time, so that little is done again when a worker dies.
FLUSH_SECONDS = 0.02
WATCH_SECONDS = 0.1
# A worker that has tasks and is at none for so long does not work: its thread may have found no memory.
IDLE_SECONDS = 30.0

# What asks a check to end.
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# Tasks sent ahead to a worker that may be busy with sending results: with more, both could wait for ever.
MOST_AHEAD = 16 * 1024
# A worker that dies between two tasks did not die of one. The system may have ended it for want of memory.
MOST_ACCIDENTS = 5

# What a worker is at: the number of the task, -1 between tasks; when it began, when its present target began.
_NUMBER = struct.Struct("=q")
_TIMES = struct.Struct("=dd")
_SLOT = _NUMBER.size + _TIMES.size


class Died(Record):
    """Why a task has no result: the signal that ended its worker, or that it took too long (0).

    `fault` is the name of the exception that `work` raised, and where; then the signal is 0 too.
    """

    signal: int
    seconds: float
    fault: str = ""


class _Worker:
    """One process: its pipes, and the tasks that it has and has not answered.

    `held` is the end of the pipe by which it knows that we live.
    """

    def __init__(self, slot: int, pid: int, to: int, back: int, held: int) -> None:
        self.slot = slot
        self.pid = pid
        self.to = to
        self.back = back
        self.held = held
        self.tasks: dict[int, Task] = {}
        self.received = bytearray()
        self.moved_at = monotonic()
        self.late_at = -1
        self.killed_at = -1

    def close(self) -> None:
        """Close our ends of its pipes."""
        for end in (self.to, self.back, self.held):
            os.close(end)


class Pool:
    """Processes that do one kind of work. Use it in a `with` statement: none is left behind.

    `setup` runs once in each process and returns a `work`. That gets a task, and a function to call when a
    target of it begins; it returns plain data and must not raise. `time_limit` is in seconds, for each
    target.
    """

    def __init__(self, count: int, setup: Callable[[], Work], time_limit: float) -> None:
        self._count = count
        self._setup = setup
        self._limit = time_limit
        self._page = mmap.mmap(-1, max(mmap.PAGESIZE, _SLOT * count))
        self._workers: dict[int, _Worker] = {}
        self._queue: list[tuple[int, Task]] = []
        self._poll = select.poll()
        self._accidents = 0
        self._chunks = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every process that is left, by its id, and wait for it."""
        for worker in list(self._workers.values()):
            _kill(worker.pid)
        for worker in list(self._workers.values()):
            self._forget(worker)

    def run(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, object]]:
        """Yield each task with its result, or with a `Died`, in the order in which they are done.

        `tasks` is read as it is needed, so a search for files can go on meanwhile.
        """
        source = enumerate(tasks)
        exhausted = False
        while True:
            while not exhausted and len(self._queue) < CHUNK * self._count:
                pair = next(source, None)
                if pair is None:
                    exhausted = True
                    break
                self._queue.append(pair)
            self._hand_out(exhausted=exhausted)
            if exhausted and not self._queue and not any(w.tasks for w in self._workers.values()):
                return
            yield from self._collect()

    # ---- handing out ----

    def _hand_out(self, *, exhausted: bool) -> None:
        """Give tasks to the workers that have few; start workers while there is more to do."""
        while self._queue:
            free = [worker for worker in self._workers.values() if len(worker.tasks) < CHUNK]
            if len(self._workers) < self._count and not any(not worker.tasks for worker in free):
                free = [self._start()]
            if not free:
                return
            # Near the end the chunks get smaller, so that all finish together.
            share = -(-len(self._queue) // (2 * self._count)) if exhausted else CHUNK
            chunk = self._queue[: max(1, min(CHUNK, share))]
            worker = min(free, key=lambda one: len(one.tasks))
            message = marshal.dumps(chunk)
            if worker.tasks and len(message) > MOST_AHEAD:
                return
            del self._queue[: len(chunk)]
            worker.tasks.update(chunk)
            worker.moved_at = monotonic()
            try:
                write(worker.to, framed(message))
            except BrokenPipeError:
                return  # it is dead; `_collect` sees the end of its other pipe

    def _start(self) -> _Worker:
        slot = min(set(range(self._count)) - {worker.slot for worker in self._workers.values()})
        _NUMBER.pack_into(self._page, slot * _SLOT, -1)
        take, to = os.pipe()
        back, give = os.pipe()
        # Who is told to end between the fork and the note of it would leave the worker behind.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        try:
            pid, held = forked(lambda: self._be_worker(slot, take, give, before), (to, back))
            for end in (take, give):
                os.close(end)
            self._poll.register(back, select.POLLIN)
            worker = self._workers[back] = _Worker(slot, pid, to, back, held)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return worker

    # ---- in the worker ----

    def _be_worker(self, slot: int, take: int, give: int, mask: Iterable[int]) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for other in self._workers.values():
            other.close()
        confine()
        gc.freeze()
        gc.disable()  # see `_serve`
        work = self._setup()
        in_deep_thread(lambda: self._serve(work, slot, take, give), lambda: None)

    def _serve(self, work: Work, slot: int, take: int, give: int) -> None:
        at = slot * _SLOT
        while (chunk := _receive(take)) is not None:
            allow_seconds(self._limit * MOST_TARGETS * len(chunk) + GRACE)
            done: list[tuple[int, object, str]] = []
            flushed = monotonic()
            for number, task in chunk:
                now = monotonic()
                if done and now - flushed > FLUSH_SECONDS:
                    write(give, frame(done))
                    done, flushed = [], now
                # The times first: the parent reads them only where it finds a number.
                _TIMES.pack_into(self._page, at + _NUMBER.size, now, now)
                _NUMBER.pack_into(self._page, at, number)
                try:
                    done.append((number, work(task, lambda: self._began(at)), ""))
                except Exception as error:
                    # What this process holds may be half done: another one goes on.
                    write(give, frame([*done, (number, None, _fault(error))]))
                    return
                _NUMBER.pack_into(self._page, at, -1)
            write(give, frame(done))
            self._chunks += 1
            if self._chunks % COLLECT_EVERY == 0:
                gc.collect()

    def _began(self, at: int) -> None:
        since, _ = _TIMES.unpack_from(self._page, at + _NUMBER.size)
        _TIMES.pack_into(self._page, at + _NUMBER.size, since, monotonic())

    # ---- collecting ----

    def _collect(self) -> Iterator[tuple[Task, object]]:
        for back, _ in self._poll.poll(WATCH_SECONDS * 1000):
            worker = self._workers[back]
            data = os.read(back, 1 << 18)
            if not data:
                yield from self._buried(worker)
                continue
            worker.received += data
            worker.moved_at = monotonic()
            for results in frames_in(worker.received):
                for number, result, fault in results:
                    yield worker.tasks.pop(number), Died(0, 0, fault) if fault else result
        for worker in self._workers.values():
            self._watch(worker)

    def _watch(self, worker: _Worker) -> None:
        """Kill a worker that is at one task for too long; seen twice, because it may just go on."""
        at = worker.slot * _SLOT
        (number,) = _NUMBER.unpack_from(self._page, at)
        since, target_since = _TIMES.unpack_from(self._page, at + _NUMBER.size)
        now = monotonic()
        late = now - target_since > self._limit + GRACE or now - since > self._limit * MOST_TARGETS + GRACE
        if number < 0 and worker.tasks and now - worker.moved_at > IDLE_SECONDS:
            _kill(worker.pid)
        elif number not in worker.tasks or not late:
            worker.late_at = -1
        elif worker.late_at != number:
            worker.late_at = number
        elif worker.killed_at < 0:
            worker.killed_at = number
            _kill(worker.pid)

    def _buried(self, worker: _Worker) -> Iterator[tuple[Task, object]]:
        """Take leave of a dead worker: one task died with it, the others are done by another."""
        at = worker.slot * _SLOT
        (number,) = _NUMBER.unpack_from(self._page, at)
        since, _ = _TIMES.unpack_from(self._page, at + _NUMBER.size)
        status = self._forget(worker)
        overdue = worker.killed_at >= 0
        task = None
        if not overdue or worker.killed_at == number:
            task = worker.tasks.pop(number, None)
        self._queue[:0] = worker.tasks.items()
        if task is not None:
            ended_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
            yield task, Died(0 if overdue else ended_by, monotonic() - since)
            return
        self._accidents += not overdue and status != 0
        if self._accidents > MOST_ACCIDENTS:
            raise RuntimeError(f"workers end by themselves, with status {status}")

    def _forget(self, worker: _Worker) -> int:
        self._poll.unregister(worker.back)
        worker.close()
        del self._workers[worker.back]
        _, status = os.waitpid(worker.pid, 0)
        return status


# ---- pipes ----


def _receive(pipe: int) -> list[tuple[int, Task]] | None:
    """Return the next chunk, None when the parent closed the pipe or is gone."""
    head = _exactly(pipe, HEAD.size)
    if head is None:
        return None
    message = _exactly(pipe, *HEAD.unpack(head))
    chunk: list[tuple[int, Task]] | None = None if message is None else marshal.loads(message)  # noqa: S302 - the parent's
    return chunk


def _exactly(pipe: int, size: int) -> bytes | None:
    data = b""
    while len(data) < size:
        piece = os.read(pipe, size - len(data))
        if not piece:
            return None
        data += piece
    return data


def _fault(error: Exception) -> str:
    """Return the name of an exception and the last place of ours; its text could quote a file."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    place = f" in {os.path.basename(at.tb_frame.f_code.co_filename)}:{at.tb_lineno}" if at else ""
    return f"{type(error).__name__}{place}"


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
