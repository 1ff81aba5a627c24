"""Variables that functions assign with `nonlocal`: which are settings, and which are only counted in."""

import functools
import time
from collections.abc import Callable
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.keys import KeyMaker


def key(maker: KeyMaker) -> str:
    return maker.key((1,), {})


def setter() -> Any:
    model = "small"

    def use(name: str) -> None:
        nonlocal model
        model = name

    def ask(x: int) -> str:
        if x < 0:
            use("big")
        return model

    return ask, use


def setter_in_a_list() -> Any:
    ask, use = setter()
    box = [use]

    def listed(x: int) -> str:
        return ask(x) if box else ""

    return listed, use


def setter_beside_a_reader() -> Any:
    model = "small"

    def use(name: str) -> None:
        nonlocal model
        model = name

    def current() -> str:
        return model

    def ask(x: int) -> str:
        if x < 0:
            use("big")
        return current()

    return ask, use


def setter_of_a_decorator() -> Any:
    model = "small"

    def use(name: str) -> None:
        nonlocal model
        model = name

    def fallback(function: Callable[[int], str]) -> Callable[[int], str]:
        @functools.wraps(function)
        def call(x: int) -> str:
            nonlocal model
            if x < 0:
                model = "big"
            return function(x)

        return call

    return fallback(lambda x: model), use


@pytest.mark.parametrize("make", [setter, setter_in_a_list, setter_beside_a_reader, setter_of_a_decorator])
def test_a_variable_that_another_function_assigns_makes_another_key_and_the_old_value_the_old_one(make: Any):
    ask, use = make()
    maker = KeyMaker(ask)
    keys: list[str] = []
    for name in ("small", "third", "fourth", "small"):
        use(name)
        keys.append(key(maker))
    assert keys[0] == keys[3]
    assert len(set(keys)) == 3


def counter() -> Any:
    calls = 0

    def ask(x: int) -> int:
        nonlocal calls
        calls += 1
        return calls

    return ask, lambda: calls


def counter_that_a_helper_shows() -> Any:
    calls = 0

    def shown() -> str:
        return f"call {calls}"

    def ask(x: int) -> str:
        nonlocal calls
        calls += 1
        return shown()

    return ask, lambda: calls


def counting_helper() -> Any:
    turns = 0

    def reset() -> None:
        nonlocal turns
        turns = 0

    def tick() -> None:
        nonlocal turns
        turns += 1

    def ask(x: int) -> int:
        tick()
        if x < 0:
            reset()
        return x

    return ask, lambda: turns


def counting_decorator() -> Any:
    def counted(function: Callable[[int], int]) -> Any:
        calls, begun_s = 0, 0.0

        @functools.wraps(function)
        def call(x: int) -> int:
            nonlocal calls, begun_s
            calls, begun_s = calls + 1, time.monotonic()
            return function(x)

        return call, lambda: (calls, begun_s)

    return counted(lambda x: x)


def throttle_with_a_helper() -> Any:
    def throttled(function: Callable[[int], int]) -> Any:
        last_s = 0.0

        def wait_s() -> float:
            return max(0.0, last_s + 1 - time.monotonic())

        @functools.wraps(function)
        def call(x: int) -> int:
            nonlocal last_s
            last_s = time.monotonic() + wait_s()
            return function(x)

        return call, lambda: last_s

    return throttled(lambda x: x)


@pytest.mark.parametrize(
    "make", [counter, counter_that_a_helper_shows, counting_helper, counting_decorator, throttle_with_a_helper]
)
def test_what_is_only_counted_makes_no_other_key(make: Any):
    ask, count = make()
    maker = KeyMaker(ask)
    before, counted = key(maker), count()
    ask(1)
    assert count() != counted
    assert key(maker) == before
    assert maker.is_still(maker.held)


def test_a_variable_that_a_helper_assigns_while_the_function_runs_leaves_a_result_of_neither_value(spot: bs.Spot):
    model = "small"

    def use(name: str) -> None:
        nonlocal model
        model = name

    @spot.mark
    def ask(x: int) -> str:
        if x < 0:
            use("big")
        return model

    with pytest.warns(bs.CacheSaveWarning, match="ask"):
        assert ask(-1) == "big"
    assert not ask.is_cached(-1)
    use("small")
    assert not ask.is_cached(-1)


def inner_name() -> Any:
    model = "small"

    def ask(x: int) -> str:
        def other() -> Callable[[], str]:
            model = "theirs"

            def change() -> str:
                nonlocal model
                model += "!"
                return model

            return change

        return other()() + model

    def use(name: str) -> None:
        nonlocal model
        model = name

    return ask, use


def test_a_variable_of_the_same_name_further_in_is_another_one():
    ask, use = inner_name()
    maker = KeyMaker(ask)
    before = key(maker)
    use("big")
    assert key(maker) != before
