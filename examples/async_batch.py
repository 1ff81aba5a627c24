"""A hundred coroutine calls, twenty at a time, never above the rate; the second batch calls nothing."""

import asyncio
import time

import beautyspot as bs

spot = bs.Spot("async_batch", tpm=6_000)


@spot.mark
@spot.limiter()
async def fetch(page: int) -> dict[str, int]:
    await asyncio.sleep(0.05)  # stands for a slow API
    return {"page": page, "items": page * 10}


async def main() -> None:
    for batch in ("first", "second"):
        started = time.perf_counter()
        results = await fetch.map(range(100), workers=20, progress=False)
        print(f"{batch} batch: {len(results)} results in {time.perf_counter() - started:.2f} s")


if __name__ == "__main__":
    asyncio.run(main())
    print(fetch.cache_info())
