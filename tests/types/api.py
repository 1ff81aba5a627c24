"""What type checkers infer for each public signature; read by `make check`, never run."""

# An ignore below is a promise too: what it names must be told.
# pyright: reportUnnecessaryTypeIgnoreComment=error
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from typing import Any, assert_type

import beautyspot as bs

spot = bs.Spot("types", tpm=60)


@spot.mark
def plain(text: str, *, times: int = 1) -> list[str]:
    """Keep positional, keyword and default apart."""
    return [text] * times


@spot.mark(version=bs.FROM_CODE, ttl=timedelta(days=7), tags=("exp-1",), content_type=bs.ContentType.JSON)
@spot.limiter(cost=2)
def limited(count: int) -> float:
    """Both decorators, mark above."""
    return count / 2


def price(count: int) -> float:
    """Cost as much as is asked for."""
    return count


def textual(text: str, *, times: int = 1) -> list[str]:
    """Have other parameters."""
    return [text] * times


@spot.limiter(cost=price)
@spot.mark
def limited_above(count: int) -> float:
    """Both decorators, mark below."""
    return count / 2


@spot.limiter
def limited_bare(count: int) -> float:
    """Without parentheses."""
    return count / 2


@spot.mark
async def coroutine(text: str) -> bytes:
    """Await a kept result."""
    return text.encode()


@spot.mark
def stream(count: int) -> Iterator[int]:
    """Replay a kept stream."""
    yield from range(count)


@spot.mark
async def async_stream(count: int) -> AsyncIterator[int]:
    """Replay a kept stream."""
    for number in range(count):
        yield number


class Reader:
    """Methods of every kind."""

    @spot.mark(ignore=("self",))
    def read(self, path: str) -> bytes:
        """Forget the instance."""
        return path.encode()

    @staticmethod
    @spot.mark
    def parse(text: str) -> int:
        """Have none."""
        return int(text)

    @spot.mark(version="2")
    @staticmethod
    def parse_below(text: str) -> int:
        """Have none."""
        return int(text)

    @spot.mark
    @staticmethod
    def nothing() -> str:
        """Take nothing."""
        return ""

    @classmethod
    @spot.mark
    def count(cls, text: str) -> int:
        """Know the class."""
        return len(text)

    @spot.limiter
    @spot.mark
    @classmethod
    def count_below(cls, text: str) -> int:
        """Know the class."""
        return len(text)


class Child(Reader):
    """Inherit them."""


assert_type(plain("a", times=2), list[str])
assert_type(plain.refresh("a"), list[str])
assert_type(plain.key("a"), str)
assert_type(plain.is_cached("a"), bool)
assert_type(plain.invalidate("a"), bool)
assert_type(plain.cache_info(), bs.CacheInfo)
assert_type(plain.__wrapped__("a", times=2), list[str])
assert_type(plain.cache_clear(), int)
assert_type(plain.map(["a", "b"], workers=2), list[list[str]])
assert_type(plain.map(["a"], on_error="collect"), list[list[str] | Exception])
assert_type(limited(3), float)
assert_type(limited_above(3), float)
assert_type(limited_bare(3), float)
assert_type(spot.limiter(2)(price)(3), float)
assert_type(stream(3), Iterator[int])
assert_type(async_stream(3), AsyncIterator[int])
assert_type(Reader().read("a"), bytes)
assert_type(Reader.parse("1"), int)
assert_type(Reader.read(Reader(), "a"), bytes)
assert_type(Reader().read.key("a"), str)
assert_type(Reader().parse("1"), int)
assert_type(Reader.parse_below("1"), int)
assert_type(Reader().parse_below.map(["1"]), list[int])
assert_type(Reader().parse_below.map(["1"], on_error="collect"), list[int | Exception])
assert_type(Reader.nothing(), str)
assert_type(Reader().nothing(), str)
assert_type(Reader.count("1"), int)
assert_type(Reader().count("1"), int)
assert_type(Reader.count_below.key("1"), str)
assert_type(Child().count_below("1"), int)
assert_type(Child().read("a"), bytes)
assert_type(Child.read(Child(), "a"), bytes)
assert_type(spot.run(len, "abc"), int)
assert_type(bs.__version__, str)
with spot.cached_run(price, version="2") as kept:
    assert_type(kept.key(3), str)
    assert_type(kept(3), float)
with spot.cached_run(price, textual, ttl="7d") as (one, two):
    assert_type(one(3), float)
    assert_type(two("a", times=2), list[str])
    two(2)  # pyright: ignore[reportArgumentType] - each function of several keeps its own parameters
with spot.cached_run(price, textual, price) as (_, _, third):
    assert_type(third(3), float)
with spot.cached_run(price, textual, price, textual) as four:
    assert_type(four[3]("a"), list[str])
with spot.cached_run(price, textual, price, textual, price) as five:
    assert_type(five[4].key(3), str)
with spot.cached_run(price, price, price, price, price, price) as many:
    assert_type(many, tuple[bs.Marked[..., Any], ...])

arguments: bs.MarkArguments = {"ttl": "7d", "tags": ["exp-1"]}
assert_type(spot.mark(**arguments)(price)(3), float)

plain(1)  # pyright: ignore[reportArgumentType] - an argument of another type is told
plain("a", time=2)  # pyright: ignore[reportCallIssue] - a keyword that the function lacks is told
bs.Spot("types", tmp=60)  # pyright: ignore[reportCallIssue] - a slip in a keyword is told
bs.Spot("types", io_workers=2)
spot.marc()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] - a slip in a name is told


async def awaited() -> None:
    """Coroutines."""
    assert_type(await coroutine("a"), bytes)
    assert_type(await coroutine.map(["a"]), list[bytes])
    assert_type(await coroutine.map(["a"], on_error="collect"), list[bytes | Exception])
    async for number in async_stream(3):
        assert_type(number, int)


bucket = bs.TokenBucket(60)
assert_type(bucket.consume(1), None)
as_callable: Callable[[int], float] = limited
