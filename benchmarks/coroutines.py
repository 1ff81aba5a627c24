"""What does a hit cost a coroutine?"""

import asyncio
from contextlib import closing
from typing import Any

from benchmarks import peers
from benchmarks.answers import Answer, Scale, ratio
from benchmarks.hits import coroutine, filled
from benchmarks.interleave import medians_us
from benchmarks.workloads import WORKLOADS, random_calls

SHORT = WORKLOADS["short"]


async def short_async(text: str) -> str:
    """Return what the plain function returns."""
    return SHORT.function(text)


def hits(scale: Scale, folder: str) -> list[Answer]:
    """Our hit in a coroutine beside our hit in a plain function."""
    ours = peers.beautyspot(short_async, folder)

    async def fill() -> None:
        for number in range(scale.rows):
            await ours(*SHORT.arguments(number))

    def calls(count: int) -> list[tuple[Any, ...]]:
        return random_calls(SHORT, scale.rows, count)

    with closing(asyncio.new_event_loop()) as loop:
        loop.run_until_complete(fill())
        batches = {
            "our sync hit": filled(peers.beautyspot(SHORT.function, folder), SHORT, scale.rows),
            "beautyspot": peers.async_batch(loop, ours, calls),
            "cashews": coroutine(loop, SHORT, scale.rows, folder),
        }
        figures = medians_us(batches, rounds=scale.rounds, batch_s=scale.batch_s)
    return [Answer("async hit", "µs", figures, (ratio(figures, "our sync hit", 3),))]
