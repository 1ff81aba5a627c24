"""The way of a hit, in both colours, side by side."""

from __future__ import annotations

import sys

from beautyspot.errors import UnkeyableArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias, TypeVar

    from beautyspot.store import Hit
    from beautyspot.walk.plan import Plan

    T = TypeVar("T")

Args: TypeAlias = "tuple[Any, ...]"
Kwargs: TypeAlias = "dict[str, Any]"

IMMUTABLE = frozenset({str, bytes, int, float, bool, type(None)})


def caller(plan: Plan) -> Callable[..., Any]:
    """Return what takes a call: it gives the kept result, or runs the function and keeps what it returns."""
    # What every hit reads lies in cells, which are faster than attributes: 7.3 µs a hit instead of 7.8.
    key_of, read, serializer, hooks, count = (
        plan.keys.key, plan.store.read, plan.serializer, plan.options.hooks, plan.tally.hit,
    )  # fmt: skip

    def count_first(elapsed_s: float, key: str) -> None:
        nonlocal count
        count = plan.tally.hit
        if plan.origin is not None and plan.origin.is_unread:
            plan.origin.read()
        count(elapsed_s, key)

    if plan.origin is not None:
        count = count_first  # the hits after the first pay nothing for it

    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            key = key_of(args, kwargs)
        except UnkeyableArgument as error:
            return plan.count_hit(plan.hit_without_key(error, args, kwargs), "", args, kwargs)
        hit = read(key, serializer)
        if hit is None:
            try:
                from beautyspot.walk.misses import miss  # a first hit needs none of it
            except ImportError:
                if not sys.is_finalizing():
                    raise
                return plan.function(*args, **kwargs)  # within a `__del__` at the interpreter's end, when all is closed

            return miss(plan, key, args, kwargs)
        if hooks:
            return plan.count_hit(hit, key, args, kwargs)
        count(hit.elapsed_s, key)
        return hit.value

    return call


async def call_async(plan: Plan, args: Args, kwargs: Kwargs) -> Any:
    """Return the kept result of a call, or run it and keep what it returns."""
    try:
        key = plan.keys.key(args, kwargs)
    except UnkeyableArgument as error:
        return plan.count_hit(plan.hit_without_key(error, args, kwargs), "", args, kwargs)
    hit = await read_async(plan, key)
    if hit is None:
        from beautyspot.walk.misses import miss_async  # as above

        return await miss_async(plan, key, args, kwargs)
    return plan.count_hit(hit, key, args, kwargs)


async def read_async(plan: Plan, key: str, *, again: bool = False) -> Hit | None:
    """Read a local row on the event loop; give a thread whatever may wait. `again` is that of the store."""
    # A local row takes 10 µs where the hop to a thread takes 60 to 140.
    if not plan.store.reads_locally:
        return await in_thread(plan, plan.look, key, again)
    entry = plan.store.lookup(key, again)
    if entry is None or entry.result_data is not None:
        return None if entry is None else plan.store.value_of(key, entry, plan.serializer, again)
    return await in_thread(plan, plan.store.value_of, key, entry, plan.serializer, again)


async def in_thread(plan: Plan, function: Callable[..., T], *args: Any) -> T:
    """Run `function` in the Spot's executor, or the event loop's own, as `threads` does."""
    try:
        from beautyspot import threads  # asyncio: 40 of the 50 ms that `import beautyspot` would cost
    except OSError:  # out of file descriptors: what is paid for is kept here and now
        return function(*args)
    return await threads.in_thread(plan.executor, function, *args)
