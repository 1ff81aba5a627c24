"""Many calls at once."""

import asyncio
import linecache
import threading
import warnings

import beautyspot as bs
import pytest


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
