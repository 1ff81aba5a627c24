"""Many keys at once, each made by whoever comes first."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from beautyspot.flight import Flight, Turns

Make = Callable[[Sequence[str]], object]


class Shop:
    """Things that are made in batches, and kept."""

    def __init__(self) -> None:
        self.flight = Flight()
        self.kept: set[str] = set()
        self.made: list[str] = []

    def get(self, keys: Sequence[str], make: Make, turns: Turns | None = None) -> None:
        turns = turns or self.flight.turns()
        while missing := [key for key in keys if key not in self.kept]:
            with turns.take(missing) as turn:
                self.make([key for key in missing if key not in {*turn.others, *self.kept}], make)
            turns.wait(turn)

    async def get_async(self, keys: Sequence[str], goes: asyncio.Event) -> None:
        turns = self.flight.turns()
        while missing := [key for key in keys if key not in self.kept]:
            with turns.take(missing) as turn:
                if wanted := [key for key in missing if key not in {*turn.others, *self.kept}]:
                    self.made += wanted
                    await goes.wait()
                    for _ in range(10):  # others have their turns, as while an answer is on its way
                        await asyncio.sleep(0)
                    self.kept.update(wanted)
            await turns.wait_async(turn)

    def make(self, keys: Sequence[str], make: Make) -> None:
        if keys:
            self.made += keys
            make(keys)
            self.kept.update(keys)

    def waited_for(self, count: int) -> bool:
        """Say whether so many wait for what others make."""
        with self.flight._table.mutex:
            return sum(len(call.followers) for call in {*self.flight._table.calls.values()}) >= count


@pytest.fixture
def shop() -> Shop:
    return Shop()


def until(true: Callable[[], bool]) -> None:
    tick, left = threading.Event(), 3000
    while not true() and left:
        tick.wait(0.01)
        left -= 1
    assert left


def test_batches_that_overlap_in_any_order_make_each_thing_once(shop: Shop) -> None:
    both = threading.Barrier(2)
    with ThreadPoolExecutor() as pool:
        one = pool.submit(shop.get, ["a", "b", "c"], lambda _: both.wait(30))
        two = pool.submit(shop.get, ["d", "c", "b"], lambda _: both.wait(30))
        one.result(60), two.result(60)
    assert sorted(shop.made) == ["a", "b", "c", "d"]


def test_those_who_waited_for_a_call_that_failed_make_theirs_all_at_once(shop: Shop) -> None:
    together = threading.Barrier(3)

    def fail(_: object) -> None:
        until(lambda: shop.waited_for(3))
        raise OSError("down")

    with ThreadPoolExecutor() as pool:
        leader = pool.submit(shop.get, ["a", "b"], fail)
        until(lambda: len(shop.flight) == 2)
        others = [pool.submit(shop.get, ["b", "a"], lambda _: together.wait(30)) for _ in range(3)]
        assert isinstance(leader.exception(60), OSError)
        assert [other.result(60) for other in others] == [None] * 3
    assert len(shop.flight) == 0


async def test_one_of_those_who_waited_for_a_cancelled_call_takes_over(shop: Shop) -> None:
    goes = asyncio.Event()
    tasks = [asyncio.create_task(shop.get_async(keys, goes)) for keys in (["a", "b"], ["b", "a"], ["b", "c", "a"])]
    while not shop.waited_for(1):
        await asyncio.sleep(0)
    tasks[0].cancel()
    goes.set()
    assert [type(each) for each in await asyncio.gather(*tasks, return_exceptions=True)][1:] == [type(None)] * 2
    assert sorted(shop.made) == ["a", "a", "b", "b", "c"]


def test_nobody_waits_for_longer_than_the_limit(shop: Shop) -> None:
    held, go = threading.Event(), threading.Event()
    with ThreadPoolExecutor() as pool:
        leader = pool.submit(shop.get, ["a"], lambda _: (held.set(), go.wait(30)))
        held.wait(30)
        shop.get(["a"], lambda _: None, Turns(shop.flight._table, wait_s=0.01))
        go.set()
        leader.result(60)
    assert shop.made == ["a", "a"]


def test_a_call_in_the_middle_of_a_call_does_not_wait_for_itself(shop: Shop) -> None:
    shop.get(["a", "b"], lambda _: shop.get(["b"], lambda _: None))
    assert shop.made == ["a", "b", "b"]


def test_without_a_table_everything_is_made_at_once() -> None:
    with Turns(None).take(["a"]) as turn:
        assert (turn.led, turn.others) == ((), [])
