"""The pool of processes by itself: order of blame, deaths, hangs, interruption."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.program import environment
from tests.support.processes import is_running, until

if TYPE_CHECKING:
    from pathlib import Path

# In a process of its own: pytest runs threads, with which nobody should fork.
HEAD = """
import os, signal, sys, time
from envd_cache.check.workers import Died, Pool

def setup():
    def work(task, began):
        what, number = task
        if what == "kill":
            signal.raise_signal(number)  # in this thread, as a fault of the interpreter is
        if what == "hang":
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
            time.sleep(3600)
        if what == "slow":
            for _ in range(number):
                began()
                time.sleep(0.4)
        if what == "raise":
            raise ValueError("a text that nobody may see")
        if what == "large":
            return "x" * number
        return number, os.getpid()
    return work

def outcome(tasks, count=2, limit=1.0):
    with Pool(count, setup, limit) as pool:
        return list(pool.run(tasks))
"""


def run(code: str) -> Any:
    """Run some code behind HEAD and return what its last line printed, evaluated."""
    done = subprocess.run(
        [sys.executable, "-c", HEAD + textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=environment(),
    )
    assert done.returncode == 0, done.stderr
    return eval(done.stdout)


def test_every_task_has_one_result() -> None:
    found = run("""
        tasks = [("plain", number) for number in range(1000)]
        found = outcome(iter(tasks))
        same = all(result[0] == task[1] for task, result in found)
        print([sorted(task[1] for task, _ in found) == list(range(1000)), same])
    """)
    assert found == [True, True]


def test_work_is_shared() -> None:
    assert (
        run("""
        found = outcome(iter([("slow", 1)] * 40), limit=5)
        print(len({result[1] for _, result in found}))
    """)
        == 2
    )


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL])
def test_a_death_costs_one_task(number: int) -> None:
    found = run(f"""
        tasks = [("plain", n) if n % 10 else ("kill", {int(number)}) for n in range(60)]
        found = outcome(iter(tasks))
        dead = [(task, result.signal) for task, result in found if isinstance(result, Died)]
        print([len(found), len(dead), set(dead)])
    """)
    assert found == [60, 6, {(("kill", int(number)), int(number))}]


def test_an_exception_costs_one_task() -> None:
    found = run("""
        tasks = [("plain", n) if n % 10 else ("raise", n) for n in range(60)]
        found = outcome(iter(tasks))
        dead = {result.fault.partition(":")[0] for _, result in found if isinstance(result, Died)}
        print([len(found), sum(isinstance(result, Died) for _, result in found), dead])
    """)
    assert found == [60, 6, {"ValueError in <string>"}]


def test_a_hanging_task_is_ended() -> None:
    found = run("""
        tasks = [("plain", n) for n in range(30)] + [("hang", 0)] + [("plain", n) for n in range(30)]
        found = outcome(iter(tasks), limit=0.2)
        print([len(found), [(task, result.signal) for task, result in found if isinstance(result, Died)]])
    """)
    assert found == [61, [(("hang", 0), 0)]]


def test_the_time_counts_for_each_target() -> None:
    # Four targets of 0.4 seconds each: more than the limit and its grace together, none by itself.
    found = run("""
        print([isinstance(result, Died) for _, result in outcome([("slow", 4)], limit=0.5)])
    """)
    assert found == [False]


def test_a_file_cannot_have_endless_targets() -> None:
    found = run("""
        print([isinstance(result, Died) for _, result in outcome([("slow", 1000)], limit=0.5)])
    """)
    assert found == [True]


def test_large_tasks_and_results_do_not_block_each_other() -> None:
    found = run("""
        tasks = [("large", 300_000 + n) for n in range(100)] + [("y" * 5000, n) for n in range(200)]
        print([len(outcome(iter(tasks))), sum(len(r) for t, r in outcome(iter(tasks)) if t[0] == "large")])
    """)
    assert found == [300, sum(300_000 + number for number in range(100))]


def test_a_pool_runs_more_than_once() -> None:
    assert run("""
        with Pool(2, setup, 1.0) as pool:
            print([len(list(pool.run([("plain", 1)] * 50))) for _ in range(3)])
    """) == [50, 50, 50]


def test_workers_that_cannot_start_are_a_fault() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HEAD + "setup = lambda: 1 / 0\noutcome([('plain', 1)])"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment(),
    )
    assert "workers end by themselves" in done.stderr


def test_an_interruption_ends_all_of_them(tmp_path: Path) -> None:
    code = HEAD + textwrap.dedent("""
        def setup():
            def work(task, began):
                with open(f"{os.environ['OUT']}/{os.getpid()}", "w"):
                    time.sleep(3600)
            return work
        try:
            outcome([("hang", n) for n in range(4)], limit=1000)
        except KeyboardInterrupt:
            sys.exit(130)
    """)
    process = subprocess.Popen(
        [sys.executable, "-c", code], env=environment(OUT=str(tmp_path)), stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 60
        while len(os.listdir(tmp_path)) < 2 and time.monotonic() < until:
            time.sleep(0.02)
        workers = [int(name) for name in os.listdir(tmp_path)]
        assert len(workers) == 2
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        assert not any(os.path.exists(f"/proc/{worker}") for worker in workers)
    finally:
        process.kill()
        process.wait()


def test_a_worker_that_never_begins_is_replaced(tmp_path: Path) -> None:
    found = run(f"""
        from envd_cache.check import workers
        from envd_cache.evaluate.interpreter import in_deep_thread
        workers.IDLE_SECONDS = 0.5

        def once(action, interrupt):
            try:
                os.mkdir({str(tmp_path / "hung")!r})
            except FileExistsError:
                return in_deep_thread(action, interrupt)
            time.sleep(3600)

        workers.in_deep_thread = once
        print([len(outcome([("plain", n) for n in range(20)], count=1))])
    """)
    assert found == [20]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not end a process by its lifeline")
def test_no_worker_outlives_a_killed_parent(tmp_path: Path) -> None:
    started = tmp_path / "started"
    code = HEAD + textwrap.dedent(f"""
        def setup():
            def work(task, began):
                open({str(started)!r}, "a").write(f"{{os.getpid()}}\\n")
                while True:
                    sum(range(1000))
            return work

        outcome(iter([("forever", 1), ("forever", 2)]), limit=3600)
    """)
    parent = subprocess.Popen([sys.executable, "-c", code], env=environment())
    try:
        until(lambda: started.exists() and started.read_text().count("\n") == 2)
    finally:
        parent.kill()
        parent.wait()
    workers = [int(pid) for pid in started.read_text().split()]
    try:
        until(lambda: not any(is_running(pid) for pid in workers))
    finally:
        for pid in filter(is_running, workers):
            os.kill(pid, signal.SIGKILL)
