"""What a user's own code can watch."""

import asyncio
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest


def twice(x: Any) -> Any:
    return 2 * x


async def twice_later(x: int) -> int:
    return 2 * x


def numbers(n: int) -> Iterator[int]:
    yield from range(n)


class Diary(bs.Hook):
    def __init__(self) -> None:
        self.turns: list[tuple[str, object]] = []

    def pre_execute(self, event: bs.HookEvent, /) -> None:
        self.turns.append(("pre_execute", event.args))

    def on_hit(self, event: bs.HookEvent, /) -> None:
        self.turns.append(("on_hit", event.value))

    def on_miss(self, event: bs.HookEvent, /) -> None:
        self.turns.append(("on_miss", event.value))

    def on_error(self, event: bs.HookEvent, /) -> None:
        self.turns.append(("on_error", type(event.error)))

    def on_save_error(self, event: bs.HookEvent, /) -> None:
        self.turns.append(("on_save_error", type(event.error)))


def test_hooks_see_every_turn_of_a_call(spot: bs.Spot):
    diary = Diary()

    @spot.mark(hooks=(diary,))
    def half(x: int) -> float:
        return 10 / x

    half(5), half(5)
    with pytest.raises(ZeroDivisionError):
        half(0)
    assert diary.turns[:3] == [("pre_execute", (5,)), ("on_miss", 2.0), ("on_hit", 2.0)]
    assert diary.turns[3:] == [("pre_execute", (0,)), ("on_error", ZeroDivisionError)]


def lock() -> Any:
    return threading.Lock()


def test_hooks_see_a_result_that_is_not_kept(spot: bs.Spot):
    diary = Diary()
    with pytest.warns(bs.CacheSaveWarning):
        spot.mark(hooks=(diary,))(lock)()
    assert ("on_save_error", bs.SerializationError) in diary.turns


def test_hooks_see_a_result_that_is_not_kept_where_that_raises(tmp_path: Path):
    diary = Diary()
    spot = bs.Spot(db=tmp_path / "a.db", storage=tmp_path / "b", on_save_error="raise", hooks=(diary,))
    with pytest.raises(bs.SerializationError):
        spot.mark(lock)()
    assert ("on_save_error", bs.SerializationError) in diary.turns


def test_raising_hook_is_logged_and_never_fatal(spot: bs.Spot, caplog: pytest.LogCaptureFixture):
    class Broken(bs.Hook):
        def on_miss(self, event: bs.HookEvent, /) -> None:
            raise RuntimeError("hook down")

    with caplog.at_level(logging.ERROR, "beautyspot"):
        assert spot.mark(hooks=(Broken(),))(abs)(-1) == 1
    assert "hook down" in caplog.text


def ended_by(spot: bs.Spot, end: type[BaseException]) -> Any:
    class Ending(bs.Hook):
        def on_miss(self, event: bs.HookEvent, /) -> None:
            raise end

    return spot.mark(hooks=(Ending(),))


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
def test_a_result_is_kept_though_a_hook_that_hears_of_it_ends_the_program(spot: bs.Spot, end: type[BaseException]):
    mark = ended_by(spot, end)
    double, count = mark(twice), mark(numbers)
    for call in (lambda: double(1), lambda: double.refresh(2), lambda: list(count(3))):
        with pytest.raises(end):
            call()
    assert (double.is_cached(1), double.is_cached(2), count.is_cached(3)) == (True, True, True)


def test_what_a_hook_does_to_a_value_is_not_kept(spot: bs.Spot):
    class Adding(bs.Hook):
        def on_miss(self, event: bs.HookEvent, /) -> None:
            event.value.append("hook")

    count, pair = spot.mark(hooks=(Adding(),))(numbers), spot.mark(hooks=(Adding(),))(twice)
    assert (list(count(2)), list(count(2))) == ([0, 1], [0, 1])
    assert (pair([1]), pair([1])) == ([1, 1, "hook"], [1, 1])


async def test_a_hook_hears_of_a_result_though_its_caller_was_cancelled_while_it_was_kept(tmp_path: Path):
    diary, go_on = Diary(), threading.Event()
    with ThreadPoolExecutor(1) as executor:
        spot = bs.Spot("a", db=tmp_path / "a.db", executor=executor)
        double = spot.mark(hooks=(diary,))(twice_later)
        executor.submit(go_on.wait, 60)
        asked = asyncio.ensure_future(double(1))
        while not double.cache_info().misses:
            await asyncio.sleep(0)
        asked.cancel()
        await asyncio.wait([asked])
        go_on.set()
    assert diary.turns == [("pre_execute", (1,)), ("on_miss", 2)]
    assert double.is_cached(1)
