"""Many calls at once."""

import asyncio
import linecache
import re
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.testing import FrozenClock


def test_map_keeps_the_order_and_resumes(spot: bs.Spot):
    ran: list[int] = []

    @spot.mark(ignore=("ran",))
    def square(x: int) -> int:
        ran.append(x)
        return x * x

    square(2)
    assert square.map(range(5), workers=3, progress=False) == [0, 1, 4, 9, 16]
    assert square.map(range(6), workers=3, progress=False)[5] == 25
    assert sorted(ran) == [0, 1, 2, 3, 4, 5]


def test_map_collects_errors_in_the_place_of_results(spot: bs.Spot):
    @spot.mark
    def half(x: int) -> int:
        return 10 // x

    first, error, last = half.map([1, 0, 5], progress=False, on_error="collect")
    assert (first, last) == (10, 2)
    assert isinstance(error, ZeroDivisionError)


def test_map_raises_the_first_error_and_keeps_what_ran(spot: bs.Spot):
    running = threading.Event()

    @spot.mark(ignore=("running",))
    def half(x: int) -> int:
        if x == 0:
            running.wait(5)
            raise ZeroDivisionError
        running.set()
        return 10 // x

    with pytest.raises(ZeroDivisionError):
        half.map([5, 0], workers=2, progress=False)
    assert half.is_cached(5)


class Shy:
    def __repr__(self) -> str:
        raise ValueError


@pytest.mark.parametrize(
    ("item", "shown"), [(0, "0"), ("ab" * 10_000, "'abab.*\\.\\.\\..*ab'"), (object(), "<object"), (Shy(), ".*Shy")]
)
def test_map_tells_which_item_failed(spot: bs.Spot, item: object, shown: str):
    @spot.mark(input_key_fn=id)
    def fail(item: object) -> None:
        if item is not None:
            raise RuntimeError

    @spot.mark(input_key_fn=id)
    async def fail_later(item: object) -> None:
        fail.__wrapped__(item)

    for call in (fail.map, lambda *items, **options: asyncio.run(fail_later.map(*items, **options))):
        with pytest.raises(RuntimeError) as failed:
            call([None, item], progress=False)
        (note,) = failed.value.__notes__
        assert re.fullmatch(f"map of fail\\w* was at item 1: {shown}.*", note)
        assert len(note) < 250


@dataclass(frozen=True)
class ApiError(Exception):
    code: int


def test_map_raises_an_error_that_takes_no_notes_as_it_is(spot: bs.Spot):
    @spot.mark
    def ask(code: int) -> None:
        raise ApiError(code)

    @spot.mark
    async def ask_later(code: int) -> None:
        raise ApiError(code)

    for call in (ask.map, lambda *items, **options: asyncio.run(ask_later.map(*items, **options))):
        for progress in (False, True):
            with pytest.raises(ApiError):
                call([429], progress=progress)
        assert call([429], progress=False, on_error="collect") == [ApiError(429)]


def test_an_error_that_is_raised_again_and_again_tells_of_one_item(spot: bs.Spot):
    error, together = RuntimeError("down"), threading.Barrier(3, timeout=60)

    @spot.mark(ignore=("error", "together"))
    def fail(item: int) -> None:
        together.wait()
        raise error

    for items in ([1, 2, 3], [4, 5, 6]):
        with pytest.raises(RuntimeError):
            fail.map(items, workers=3, progress=False)
        (note,) = error.__notes__
        assert note[-1] in map(str, items)


@pytest.mark.parametrize("allowed", [0, 2])
def test_map_goes_on_with_as_many_threads_as_the_machine_allows(
    spot: bs.Spot, monkeypatch: pytest.MonkeyPatch, allowed: int
):
    start, started = threading.Thread.start, list[str]()

    def start_some(thread: threading.Thread) -> None:
        if thread.name.startswith("beautyspot-map"):
            started.append(thread.name)
            if len(started) > allowed:
                raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_some)
    assert spot.mark(str).map(range(10), progress=False) == list("0123456789")
    assert len(started) == allowed + 1


def test_map_tells_which_item_has_no_key(spot: bs.Spot):
    with pytest.raises(bs.UnkeyableArgument) as failed:
        spot.mark(repr).map([1, threading.Lock()], progress=False)
    assert failed.value.__notes__[0].startswith("map of repr was at item 1: <unlocked")


def test_map_awaits_coroutine_functions(spot: bs.Spot):
    most, now = 0, 0

    @spot.mark(ignore=("most", "now"))
    async def square(x: int) -> int:
        nonlocal most, now
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1
        return x * x

    async def scene() -> list[int]:
        return await square.map(range(20), workers=4, progress=False)

    assert asyncio.run(scene()) == [x * x for x in range(20)]
    assert 1 < most <= 4


def test_map_of_a_method_knows_its_instance(spot: bs.Spot):
    class Scale:
        @spot.mark(ignore=("self",))
        def double(self, x: int) -> int:
            return 2 * x

    assert Scale().double.map([1, 2], progress=False) == [2, 4]


@pytest.mark.parametrize("wrong", [{"workers": 0}, {"workers": "x"}, {"workers": True}, {"on_error": "ignore"}])
def test_map_refuses_wrong_options(spot: bs.Spot, wrong: dict[str, object]):
    with pytest.raises(bs.ConfigurationError, match="map got"):
        spot.mark(abs).map([1], **wrong)


def test_a_warning_from_a_thread_or_task_points_at_the_users_line(spot: bs.Spot):
    @spot.mark
    def unkept(n: int) -> object:
        return print

    @spot.mark
    async def unkept_async(n: int) -> object:
        return print

    async def scene() -> None:
        await unkept_async.map([1, 2], progress=False)

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        unkept.map([1, 2], progress=False)
        asyncio.run(scene())
    assert [warning.filename for warning in warned] == [__file__] * 2
    lines = [linecache.getline(__file__, warning.lineno).strip() for warning in warned]
    assert all(".map([1, 2]" in line for line in lines), lines


class Patient(FrozenClock):
    """A clock on which a wait ends only when it is stopped."""

    def wait(self, stop: threading.Event, seconds: float, /) -> bool:
        return stop.wait(30)


def test_map_that_fails_gives_up_the_calls_that_wait_for_the_limiter(tmp_path: Path):
    clock, ran = Patient(), []
    with bs.Spot(db=tmp_path / "a.db", tpm=60, clock=clock) as spot:

        @spot.mark(ignore=("x",))
        def fail(x: int) -> None:
            raise ZeroDivisionError

        @spot.limiter
        @spot.mark
        def paced(x: int) -> None:
            ran.append(x)
            fail(x)

        with pytest.raises(ZeroDivisionError):
            paced.map(range(8), workers=4, progress=False)
        assert len(ran) == 1
        with pytest.raises(ZeroDivisionError):
            paced(8)
        assert clock.slept == [1.0], "the places of the calls given up are free again"


def test_map_that_fails_does_not_wait_for_the_same_call_of_another_thread(spot: bs.Spot):
    leads, follows, end = threading.Event(), threading.Event(), threading.Event()

    @spot.mark(ignore=("leads", "follows", "end"))
    def half(x: int) -> int:
        if x == 0:
            follows.wait(5)
            raise ZeroDivisionError
        leads.set()
        end.wait(30)
        return 10 // x

    with ThreadPoolExecutor(1) as others:
        other = others.submit(half, 5)
        leads.wait(5)
        flight = half.__beautyspot_plan__.flight
        follower = threading.Thread(target=tell_of_a_follower, args=(flight, half.key(5), follows))
        follower.start()
        try:
            with pytest.raises(ZeroDivisionError):
                half.map([5, 0], workers=2, progress=False)
            assert not other.done()
        finally:
            end.set()
        follower.join()
        assert other.result() == 2


def tell_of_a_follower(flight: Any, key: str, follows: threading.Event) -> None:
    deadline_s = time.monotonic() + 5
    while not flight._table.calls[key].followers and time.monotonic() < deadline_s:
        threading.Event().wait(0.001)
    follows.set()


def test_map_that_fails_lets_a_call_that_runs_wait_for_the_limiter_itself(spot: bs.Spot):
    running = threading.Event()

    @spot.limiter
    def paced(x: int) -> int:
        return x

    @spot.mark(ignore=("running",))
    def half(x: int) -> int:
        if x == 0:
            running.wait(5)
            raise ZeroDivisionError
        running.set()
        return sum(paced(x) for _ in range(3))

    with pytest.raises(ZeroDivisionError):
        half.map([5, 0], workers=2, progress=False)
    assert half.is_cached(5)


def test_map_of_coroutines_that_fails_finishes_what_runs_and_begins_nothing(spot: bs.Spot):
    ran: list[int] = []

    @spot.mark(ignore=("ran", "failed"))
    async def half(x: int) -> int:
        ran.append(x)
        if x == 0:
            failed.set()
            raise ZeroDivisionError
        await failed.wait()
        await asyncio.sleep(0)
        return 10 // x

    async def scene() -> None:
        with pytest.raises(ZeroDivisionError):
            await half.map([5, 0, 2, 1], workers=2, progress=False)

    failed = asyncio.Event()
    asyncio.run(scene())
    assert ran == [5, 0]
    assert half.is_cached(5)


def test_map_of_coroutines_that_is_cancelled_finishes_what_runs_and_frees_the_places_of_what_waits(tmp_path: Path):
    async def scene() -> None:
        limiter = spot._limiter
        assert limiter is not None
        begun, end = asyncio.Event(), asyncio.Event()

        @spot.limiter
        @spot.mark(ignore=("begun", "end"))
        async def paced(x: int) -> int:
            begun.set()
            await end.wait()
            return x

        batch = asyncio.ensure_future(paced.map(range(8), workers=4, progress=False))
        await begun.wait()
        batch.cancel()
        asyncio.get_running_loop().call_soon(end.set)
        with pytest.raises(asyncio.CancelledError):
            await batch
        assert [paced.is_cached(x) for x in range(8)] == [True] + [False] * 7
        assert limiter.reserve() <= 60, "the places of the calls given up are free again"

    with bs.Spot(db=tmp_path / "a.db", tpm=1) as spot:
        asyncio.run(scene())


def test_map_of_coroutines_that_is_cancelled_twice_ends_what_runs(spot: bs.Spot):
    @spot.mark(ignore=("begun",))
    async def forever(x: int) -> None:
        begun.set()
        await asyncio.Event().wait()

    async def scene() -> None:
        batch = asyncio.ensure_future(forever.map([1], progress=False))
        await begun.wait()
        batch.cancel()
        asyncio.get_running_loop().call_soon(lambda: asyncio.get_running_loop().call_soon(batch.cancel))
        with pytest.raises(asyncio.CancelledError):
            await batch
        assert len(asyncio.all_tasks()) == 1

    begun = asyncio.Event()
    asyncio.run(scene())


def test_map_of_coroutines_takes_no_items(spot: bs.Spot):
    @spot.mark
    async def square(x: int) -> int:
        return x * x

    assert asyncio.run(square.map([], progress=False)) == []
