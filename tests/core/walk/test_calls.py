"""The way of a hit and of a miss."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.testing import FrozenClock


def test_second_call_is_a_hit(spot: bs.Spot):
    ran: list[int] = []

    @spot.mark(ignore=("ran",))
    def double(x: int) -> int:
        ran.append(x)
        return 2 * x

    assert [double(3), double(x=3), double(4)] == [6, 6, 8]
    assert ran == [3, 4]


def test_second_call_is_a_hit_and_spends_no_limit(spot: bs.Spot, clock: FrozenClock):
    @spot.mark
    @spot.limiter()
    def below(x: int) -> int:
        return x

    @spot.limiter()
    @spot.mark
    def above(x: int) -> int:
        return x

    for function in (below, above):
        function(1), function(1), function(1), function(2)
    assert clock.slept == [1.0, 1.0, 1.0]  # four misses at one a second, the first at once


def test_none_is_a_hit(spot: bs.Spot):
    @spot.mark
    def nothing() -> None:
        return None

    nothing(), nothing()
    assert nothing.cache_info().hits == 1


def test_exception_passes_through_unchanged_and_nothing_is_kept(spot: bs.Spot):
    error = RuntimeError("quota")
    answers = [error, "paid"]

    @spot.mark(ignore=("answers",))
    def ask() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(RuntimeError) as caught:
        ask()
    assert caught.value is error
    assert ask() == "paid"
    assert ask.cache_info()[:3] == (0, 1, 1)


def test_coroutine_function_is_kept_too(spot: bs.Spot):
    @spot.mark
    async def double(x: int) -> int:
        await asyncio.sleep(0)
        return 2 * x

    async def both() -> list[int]:
        return [await double(4), await double(4)]

    assert asyncio.run(both()) == [8, 8]
    assert double.cache_info()[:2] == (1, 1)
    assert asyncio.iscoroutinefunction(double)


def test_expired_result_runs_again(spot: bs.Spot, clock: FrozenClock):
    @spot.mark(ttl="1m")
    def now() -> float:
        return clock.time()

    first = now()
    clock.advance(59)
    assert now() == first
    clock.advance(1)
    assert now() == first + 60


def test_rejected_result_is_returned_and_not_kept(spot: bs.Spot):
    @spot.mark(cache_if=lambda answer: answer != "")
    def answer(text: str) -> str:
        return text

    answer(""), answer("yes")
    assert (answer.is_cached(""), answer.is_cached("yes")) == (False, True)


def test_a_cache_if_that_raises_is_named_in_the_warning(spot: bs.Spot):
    marked = spot.mark(cache_if=lambda answer: answer["no such key"])(_answer)
    with pytest.warns(bs.CacheSaveWarning, match=r"_answer .*KeyError: 'no such key'; its cache_if raised that"):
        assert marked() == {"a": 1}
    assert not marked.is_cached()


def _answer() -> dict[str, int]:
    return {"a": 1}


def test_result_that_cannot_be_kept_is_returned_with_one_warning(spot: bs.Spot):
    @spot.mark
    def lock(x: int) -> Any:
        return threading.Lock()

    with pytest.warns(bs.CacheSaveWarning, match="lock") as warned:
        assert all(lock(x).acquire() for x in (1, 2))
    assert len(warned) == 1
    assert warned[0].filename == __file__


def test_result_that_cannot_be_kept_raises_where_wanted(tmp_path: Any):
    spot = bs.Spot(db=tmp_path / "a.db", storage=tmp_path / "b", on_save_error="raise")
    with pytest.raises(bs.SerializationError):
        spot.mark(_new_object)()


def _new_object() -> object:
    return object()


def test_unkeyable_argument_is_refused_before_the_function_runs(spot: bs.Spot):
    @spot.mark
    def use(connection: object) -> None:
        raise AssertionError("ran")

    with pytest.raises(bs.UnkeyableArgument, match="connection"):
        use(object())


def test_refresh_replaces_and_an_exception_leaves_the_old_result(spot: bs.Spot):
    answers: list[Any] = ["old", RuntimeError(), "new"]

    @spot.mark(ignore=("answers",))
    def ask() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    ask()
    with pytest.raises(RuntimeError):
        ask.refresh()
    assert ask() == "old"
    assert (ask.refresh(), ask()) == ("new", "new")


def test_refresh_leaves_one_blob(spot: bs.Spot, tmp_path: Any):
    @spot.mark(save_blob=True)
    def big() -> bytes:
        return b"x" * 1000

    big(), big.refresh()
    assert len([path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]) == 1


def test_refreshed_result_that_is_rejected_leaves_the_old_blob(spot: bs.Spot):
    answers = [b"paid", b""]

    @spot.mark(save_blob=True, cache_if=bool, ignore=("answers",))
    def ask() -> bytes:
        return answers.pop(0)

    assert [ask(), ask.refresh(), ask()] == [b"paid", b"", b"paid"]


def test_invalidate_deletes_row_and_blob(spot: bs.Spot, tmp_path: Any):
    @spot.mark(save_blob=True)
    def big(x: int) -> bytes:
        return b"x" * x

    big(5)
    assert (big.invalidate(5), big.invalidate(5), big.is_cached(5)) == (True, False, False)
    assert not [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]


def test_big_value_goes_to_the_storage_and_comes_back(spot: bs.Spot, tmp_path: Any):
    @spot.mark
    def big(size: int) -> bytes:
        return bytes(size)

    big(70_000), big(10)
    assert big(70_000) == bytes(70_000)
    assert big.cache_info().hits == 1
    assert len([path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]) == 1


def _threads(count: int, work: Callable[[], Any]) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_fifty_threads_on_one_cold_key_run_once(spot: bs.Spot):
    started, ran, got = threading.Barrier(50), [], []

    @spot.mark(ignore=("ran",))
    def slow() -> list[int]:
        ran.append(1)
        threading.Event().wait(0.05)
        return [7]

    def work() -> None:
        started.wait()
        got.append(slow())

    _threads(50, work)
    assert len(ran) == 1
    assert got == [[7]] * 50
    assert len({id(value) for value in got}) == 50, "two callers share one mutable object"


def test_waiting_threads_never_share_what_one_could_use_up_or_change(spot: bs.Spot):
    started, got = threading.Barrier(3), []

    @spot.mark(cache_if=lambda rows: False)
    def rows() -> list[int]:
        threading.Event().wait(0.05)
        return [1]

    def work() -> None:
        started.wait()
        got.append(rows())

    _threads(3, work)
    assert got == [[1]] * 3
    assert len({id(value) for value in got}) == 3


def test_waiting_threads_share_a_text_that_is_not_kept(spot: bs.Spot):
    started, ran = threading.Barrier(3), []

    @spot.mark(cache_if=lambda text: False, ignore=("ran",))
    def ask() -> str:
        ran.append(1)
        threading.Event().wait(0.05)
        return "cut off"

    def work() -> None:
        started.wait()
        assert ask() == "cut off"

    _threads(3, work)
    assert len(ran) == 1


def test_two_hundred_tasks_on_one_cold_key_run_once(spot: bs.Spot):
    ran: list[int] = []

    @spot.mark(ignore=("ran",))
    async def slow() -> int:
        ran.append(1)
        await asyncio.sleep(0.02)
        return 7

    async def all_of_them() -> list[int]:
        return await asyncio.gather(*[slow() for _ in range(200)])

    assert asyncio.run(all_of_them()) == [7] * 200
    assert len(ran) == 1


def test_followers_survive_a_cancelled_leader(spot: bs.Spot):
    async def scene() -> tuple[int, int]:
        ran: list[int] = []
        runs = asyncio.Event()

        @spot.mark(ignore=("ran", "runs"))
        async def slow() -> int:
            ran.append(1)
            runs.set()
            await asyncio.sleep(60 if len(ran) == 1 else 0)
            return 7

        leader = asyncio.create_task(slow())
        follower = asyncio.create_task(slow())
        await runs.wait()
        leader.cancel()
        return await follower, len(ran)

    assert asyncio.run(scene()) == (7, 2)


def test_caller_cancelled_while_saving_loses_nothing(spot: bs.Spot):
    @spot.mark
    async def paid() -> int:
        return 7

    async def scene() -> None:
        task = asyncio.create_task(paid())
        while not paid.cache_info().misses:
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(scene())
    assert paid.is_cached()


def test_function_that_calls_itself_does_not_wait_for_itself(spot: bs.Spot):
    @spot.mark
    def factorial(n: int) -> int:
        return 1 if n == 0 else n * factorial(n - 1)

    assert factorial(10) == 3_628_800


def test_hits_and_misses_are_counted(spot: bs.Spot, clock: FrozenClock):
    @spot.mark
    def slow(x: int) -> int:
        clock.advance(3)
        return x

    slow(1), slow(1), slow(1), slow(2)
    assert slow.cache_info() == (2, 2, 0, 6.0, 0.0, 0)
