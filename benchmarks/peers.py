"""The peers, each with the settings its documents recommend for a cache on disk."""

import asyncio
import functools
import time
from collections.abc import Callable
from typing import Any

from benchmarks.interleave import Batch

# Peers are imported where they are used, so that what needs none of them runs without.
Function = Callable[..., Any]


def beautyspot(function: Function, folder: str, **options: Any) -> Function:
    """Mark with a Spot of its own."""
    import beautyspot as bs

    # A result that can't be kept would be measured as a cheap miss.
    options = {"db": f"{folder}/beautyspot.db", "storage": f"{folder}/blobs", "on_save_error": "raise", **options}
    return bs.Spot("bench", **options).mark(function)


def from_file(function: Function, folder: str) -> Function:
    """Mark with a Spot that holds nothing in memory, so that every hit is a first touch of its row."""
    return beautyspot(function, folder, memory_bytes=0)


def diskcache(function: Function, folder: str) -> Function:
    """Memoize."""
    from diskcache import Cache

    return Cache(f"{folder}/diskcache").memoize()(function)


def joblib(function: Function, folder: str) -> Function:
    """Cache in a `Memory`."""
    from joblib import Memory

    return Memory(f"{folder}/joblib", verbose=0).cache(function)


def cachier(function: Function, folder: str) -> Function:
    """Cache in separate files: the default rewrites one pickle of everything at each miss."""
    from cachier import cachier as decorate

    return decorate(cache_dir=f"{folder}/cachier", separate_files=True)(function)


def lru_cache(function: Function, folder: str) -> Function:
    """Keep in memory alone, or not at all where an argument can't be hashed: a bound, not a peer."""
    del folder
    return functools.lru_cache(maxsize=None)(function)


def cashews(function: Function, folder: str) -> Function:
    """Cache in cashews' disk backend, which knows coroutines alone."""
    from cashews import Cache

    cache = Cache()
    cache.setup(f"disk://?directory={folder}/cashews&shards=0")

    @functools.wraps(function)
    async def coroutine(*args: Any) -> Any:
        return function(*args)

    return cache(ttl="10d")(coroutine)


def async_batch(loop: asyncio.AbstractEventLoop, function: Function, calls: Callable[[int], list[Any]]) -> Batch:
    """Return the batch that awaits `function` again and again in one task."""

    async def run(arguments: list[Any]) -> float:
        start_s = time.perf_counter()
        for args in arguments:
            await function(*args)
        return time.perf_counter() - start_s

    return lambda count: loop.run_until_complete(run(calls(count)))


SYNC: dict[str, Callable[[Function, str], Function]] = {
    "beautyspot": beautyspot,
    "diskcache": diskcache,
    "joblib": joblib,
    "cachier": cachier,
}
