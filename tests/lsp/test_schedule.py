"""The order in which files are evaluated, and what a fault of ours does to it."""

from __future__ import annotations

import asyncio

from envd_cache.lsp.evaluator import Schedule


def test_a_fault_is_told_and_the_others_are_evaluated() -> None:
    done: list[str] = []
    told: list[str] = []

    async def work(path: str) -> None:
        if path == "/wrong":
            raise ValueError(path)
        done.append(path)

    async def main() -> None:
        schedule = Schedule(work, lambda error: told.append(str(error)))
        running = asyncio.ensure_future(schedule.run())
        for path in ("/one", "/wrong", "/other"):
            schedule.want(path, 0.0)
        while not schedule.is_idle:
            await asyncio.sleep(0)
        running.cancel()

    asyncio.run(asyncio.wait_for(main(), 60))
    assert (done, told) == (["/one", "/other"], ["/wrong"])
