import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from beautyspot.db.turns import Turns


def test_whoever_waited_longest_comes_first() -> None:
    turns, order, waiting = Turns(), [], []
    assert turns.acquire(1)
    for number in range(5):
        thread = threading.Thread(target=lambda n=number: (turns.acquire(10), order.append(n), turns.release()))
        thread.start()
        waiting.append(thread)
        while len(turns._waiting) <= number:
            pass
    turns.release()
    for thread in waiting:
        thread.join()
    assert order == list(range(5))


def test_a_wait_that_is_given_up_is_no_turn_lost() -> None:
    turns, came = Turns(), []
    assert turns.acquire(1)
    thread = threading.Thread(target=lambda: (came.append(turns.acquire(0.01)), turns.release()))
    thread.start()
    thread.join()
    assert came == [False]
    turns.release()
    assert turns.acquire(0.01) is True


@pytest.mark.parametrize("waits", [False, True])
def test_an_interrupt_at_any_place_loses_no_turn(waits: bool) -> None:
    for place in range(1, 40):
        turns, mine, came = Turns(), threading.Event(), []
        other = threading.Thread(target=lambda: (mine.wait(10), came.append(turns.acquire(10)), turns.release()))
        other.start()
        with interrupted(place, Turns.acquire, Turns.release):
            try:
                turns.acquire(1)
                mine.set()
                while waits and not turns._waiting:
                    pass
            finally:
                try:
                    turns.release()
                except KeyboardInterrupt:
                    turns.release()
        mine.set()
        other.join()
        assert came == [True]
        assert turns.acquire(0) is True


@contextmanager
def interrupted(place: int, *functions: Any) -> Iterator[None]:
    """Let the `place`th step of this thread in one of the functions be hit by Ctrl-C."""
    codes, left = {function.__code__ for function in functions}, [place]

    def step(frame: Any, event: str, _: Any) -> Any:
        if frame.f_code not in codes:
            return None
        frame.f_trace_opcodes = True
        left[0] -= event == "opcode"
        if left[0] == 0 and event == "opcode":
            raise KeyboardInterrupt
        return step

    before = sys.gettrace()
    sys.settrace(step)
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        sys.settrace(before)
