"""Generators: passed through, kept when they end, replayed."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any

import beautyspot as bs
import pytest


def test_stream_passes_chunk_by_chunk_and_replays(spot: bs.Spot):
    ran: list[int] = []

    @spot.mark(ignore=("ran",))
    def count(n: int) -> Iterator[int]:
        for i in range(n):
            ran.append(i)
            yield i

    first = count(3)
    assert next(first) == 0
    assert ran == [0], "the function must not run ahead of its consumer"
    assert list(first) == [1, 2]
    assert list(count(3)) == [0, 1, 2]
    assert ran == [0, 1, 2]
    assert inspect.isgeneratorfunction(count)


def test_stream_that_is_closed_early_or_fails_is_not_kept(spot: bs.Spot):
    @spot.mark
    def broken(fail: bool) -> Iterator[int]:
        yield 1
        if fail:
            raise RuntimeError("dropped")
        yield 2

    for chunk in broken(False):
        assert chunk == 1
        break
    with pytest.raises(RuntimeError, match="dropped"):
        list(broken(True))
    assert not broken.is_cached(False)
    assert not broken.is_cached(True)


def test_return_value_of_a_generator_is_replayed(spot: bs.Spot):
    @spot.mark
    def parts() -> Iterator[str]:
        yield "a"
        return "end"

    def outer() -> Iterator[Any]:
        yield (yield from parts())

    assert [list(outer()), list(outer())] == [["a", "end"]] * 2
    assert parts.cache_info().hits == 1


def test_chunk_is_kept_as_it_was_when_yielded(spot: bs.Spot):
    @spot.mark
    def grow() -> Iterator[list[int]]:
        state: list[int] = []
        for i in range(3):
            state.append(i)
            yield state

    list(grow())
    assert list(grow()) == [[0], [0, 1], [0, 1, 2]]


def test_stream_that_was_sent_something_is_not_kept(spot: bs.Spot):
    @spot.mark
    def echo() -> Any:
        got = yield "ready"
        yield got

    talk = echo()
    assert (next(talk), talk.send("hello"), next(talk, "end")) == ("ready", "hello", "end")
    assert not echo.is_cached()


def test_async_stream_replays(spot: bs.Spot):
    ran: list[int] = []

    @spot.mark(ignore=("ran",))
    async def count(n: int) -> AsyncIterator[int]:
        for i in range(n):
            ran.append(i)
            yield i

    async def twice() -> list[list[int]]:
        return [[i async for i in count(3)] for _ in range(2)]

    assert asyncio.run(twice()) == [[0, 1, 2]] * 2
    assert ran == [0, 1, 2]
    assert inspect.isasyncgenfunction(count)


def test_async_stream_that_fails_is_not_kept(spot: bs.Spot):
    @spot.mark
    async def broken() -> AsyncIterator[int]:
        yield 1
        raise RuntimeError("dropped")

    async def drain() -> list[int]:
        return [i async for i in broken()]

    with pytest.raises(RuntimeError, match="dropped"):
        asyncio.run(drain())
    assert not broken.is_cached()


def test_two_unfinished_streams_of_one_call_do_not_wait_for_each_other(spot: bs.Spot):
    @spot.mark
    def count() -> Iterator[int]:
        yield from (1, 2)

    one, two = count(), count()
    assert [next(one), next(two), next(one), next(two)] == [1, 1, 2, 2]


class Diary(bs.Hook):
    def __init__(self) -> None:
        self.values: list[Any] = []

    def on_hit(self, event: bs.HookEvent, /) -> None:
        self.values.append(event.value)

    on_miss = on_hit


def test_hooks_and_cache_if_are_given_the_list_of_chunks(spot: bs.Spot):
    diary, asked = Diary(), []

    def wanted(chunks: Any) -> bool:
        asked.append(chunks)
        return True

    @spot.mark(hooks=(diary,), cache_if=wanted)
    def count(n: int) -> Iterator[int]:
        yield from range(n)
        return "end"

    @spot.mark(hooks=(diary,), cache_if=wanted)
    async def count_async(n: int) -> AsyncIterator[int]:
        for i in range(n):
            yield i

    async def scene() -> list[int]:
        return [i async for i in count_async(2)]

    for _ in range(2):
        assert list(count(2)) == asyncio.run(scene()) == [0, 1]
    assert diary.values == [[0, 1]] * 4
    assert asked == [[0, 1]] * 2


def test_a_hook_is_given_the_chunks_of_a_stream_that_cannot_be_kept(spot: bs.Spot):
    values: list[Any] = []

    class Diary(bs.Hook):
        def on_save_error(self, event: bs.HookEvent, /) -> None:
            values.append(event.value)

    @spot.mark(hooks=(Diary(),))
    def locks() -> Iterator[Any]:
        yield 1
        yield print

    with pytest.warns(bs.CacheSaveWarning):
        chunks = list(locks())
    assert values == [chunks]


def test_a_replay_warns_of_what_it_is_sent_and_refresh_hears_it(spot: bs.Spot):
    @spot.mark
    def ask() -> Any:
        yield f"you said {(yield 'what?')}"

    list(ask())
    replay = ask()
    with pytest.warns(bs.CacheWarning, match=r"ask was sent something.*by `refresh"):
        assert (next(replay), replay.send("yes"), next(replay, "end")) == ("what?", "you said None", "end")
    assert ask.cache_info().hits == 1
    asked = ask.refresh()
    assert (next(asked), asked.send("yes")) == ("what?", "you said yes")


def test_a_replay_warns_of_what_is_thrown_into_it(spot: bs.Spot):
    @spot.mark
    def ask() -> Any:
        try:
            yield "what?"
        except KeyError:
            yield "again"

    list(ask())
    replay = ask()
    next(replay)
    with pytest.warns(bs.CacheWarning, match=r"ask was sent something"), pytest.raises(KeyError):
        replay.throw(KeyError())


async def test_an_async_replay_warns_of_what_it_is_sent_and_refresh_hears_it(spot: bs.Spot):
    @spot.mark
    async def ask() -> Any:
        yield f"you said {(yield 'what?')}"

    assert [each async for each in ask()] == ["what?", "you said None"]
    replay = ask()
    with pytest.warns(bs.CacheWarning, match=r"ask was sent something.*by `refresh"):
        assert [await anext(replay), await replay.asend("yes")] == ["what?", "you said None"]
    asked = ask.refresh()
    assert [await anext(asked), await asked.asend("yes")] == ["what?", "you said yes"]


def returns(x: int) -> list[str]:
    return ["one", "two"]


async def comes(x: int) -> str:
    return "text"


def yields(x: int) -> Iterator[int]:
    yield x


async def flows(x: int) -> AsyncIterator[int]:
    yield x


@pytest.mark.parametrize("before", [returns, comes, yields, flows])
@pytest.mark.parametrize("after", [returns, comes, yields, flows])
def test_what_a_function_kept_is_never_given_for_what_a_generator_of_its_name_yields(
    before: Any, after: Any, spot: bs.Spot, monkeypatch: pytest.MonkeyPatch
):
    for function in (before, after):
        monkeypatch.setattr(function, "__qualname__", "ask")
    keys = [spot.mark(function).key(1) for function in (before, after)]
    assert (keys[0] == keys[1]) is ((before in (yields, flows)) is (after in (yields, flows)))
