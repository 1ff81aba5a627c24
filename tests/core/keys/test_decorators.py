"""Decorators that are objects: another setting is another call."""

import asyncio
import dataclasses
import functools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.keys import KeyMaker


class Times:
    """The usual decorator with a setting."""

    def __init__(self, function: Callable[..., Any], factor: Any) -> None:
        functools.update_wrapper(self, function)
        self.function, self.factor, self.calls = function, factor, 0

    def __call__(self, number: int) -> Any:
        self.calls += 1
        return self.function(number) * self.factor


class Slotted(Times):
    __slots__ = ("factor",)


def base(number: int) -> int:
    return number


def other(number: int) -> int:
    return number + 1


def apply(function: Any, number: int) -> Any:
    return function(number)


def apply_first(functions: list[Any], number: int) -> Any:
    return functions[0](number)


@pytest.fixture
def spot() -> Iterator[bs.Spot]:
    with bs.Spot(db="memory://") as spot:
        yield spot


@pytest.mark.parametrize("kind", [Times, Slotted])
def test_marked_each_setting_and_each_function_has_results_of_its_own(kind: type[Times], spot: bs.Spot):
    functions = [kind(base, 2), kind(base, 3), kind(other, 3), base]
    assert [spot.mark(function)(5) for function in functions] == [10, 15, 18, 5]


def test_as_an_argument_so_it_is(spot: bs.Spot):
    functions, marked, deep = (Times(base, 2), Times(base, 3), base), spot.mark(apply), spot.mark(apply_first)
    assert [marked(function, 5) for function in functions] == [10, 15, 5]
    assert [deep([function], 5) for function in functions] == [10, 15, 5]


def test_closed_over_so_it_is(spot: bs.Spot):
    def closing(function: Times) -> Any:
        @spot.mark
        def inner(number: int) -> Any:
            return function(number)

        return inner

    assert [closing(Times(base, factor))(5) for factor in (2, 3)] == [10, 15]


def test_one_that_counts_its_calls_makes_the_same_call_again(spot: bs.Spot):
    marked = spot.mark(Times(base, 2))
    assert (marked(5), marked(5), marked.cache_info().hits) == (10, 10, 1)


class Sending(Times):
    """Puts each number into the request that it was given."""

    def __init__(self, function: Callable[..., Any], request: dict[str, Any]) -> None:
        super().__init__(function, 1)
        self.request = request

    def __call__(self, number: int) -> Any:
        self.request["number"] = number
        return str(self.request)


def test_a_request_that_it_was_given_and_adds_to_is_a_setting(spot: bs.Spot):
    marked = [spot.mark(Sending(base, {"model": model})) for model in ("m1", "m2")]
    assert marked[0](5) != marked[1](5)


def test_above_a_marked_function_it_has_content():
    with bs.Spot(db="memory://") as spot:
        key = KeyMaker(apply).key
        assert key((Times(spot.mark(base), 2), 5), {}) == key((Times(spot.mark(base), 2), 5), {})


class Holding(Times):
    """Has something of a decorator that is no setting, beside one that is."""

    def __init__(self, function: Callable[..., Any], factor: Any, hold: Callable[[Any], Any]) -> None:
        super().__init__(function, factor)
        self.held = hold(self)


@pytest.mark.parametrize(
    "hold",
    [
        lambda _: threading.Lock(),
        lambda _: logging.getLogger("times"),
        lambda _: asyncio.Semaphore(2),
        lambda _: bs.TokenBucket(600),
        lambda _: object(),
        lambda decorator: decorator,
        lambda decorator: decorator.__call__,
        lambda decorator: {"mine": [decorator, threading.Lock()]},
    ],
    ids=["lock", "logger", "semaphore", "limiter", "object", "itself", "its method", "deep"],
)
def test_what_has_no_content_beside_its_settings_counts_as_what_it_is(hold: Callable[[Any], Any], spot: bs.Spot):
    functions = [spot.mark(Holding(base, factor, hold)) for factor in (2, 2, 3)]
    assert [function(5) for function in functions] == [10, 10, 15]
    assert functions[0].cache_info().hits == 1


def test_a_setting_beside_a_lock_in_one_dict_still_counts(spot: bs.Spot):
    marked = [spot.mark(Sending(base, {"model": model, "lock": threading.Lock()})) for model in ("m1", "m2")]
    assert marked[0](5) != marked[1](5)


def test_which_object_a_setting_holds_twice_counts(spot: bs.Spot):
    class Factor:
        def __init__(self, number: int) -> None:
            self.number = number

    def last(factors: list[Factor]) -> Any:
        def decorate(function: Callable[..., Any]) -> Any:
            @functools.wraps(function)
            def run(given: int) -> Any:
                return function(given) * factors[-1].number

            return run

        return decorate

    two, three = Factor(2), Factor(3)
    assert [spot.mark(last([two, three, each])(base))(5) for each in (two, three, two)] == [10, 15, 10]


def test_a_list_that_holds_itself_is_no_trouble(spot: bs.Spot):
    endless: list[Any] = []
    endless.append(endless)
    marked = spot.mark(Holding(base, 2, lambda _: endless))
    assert (marked(5), marked(5), marked.cache_info().hits) == (10, 10, 1)


class Throttle(Times):
    """Keeps the state of its calls in all the ways there are."""

    def __init__(self, function: Callable[..., Any], factor: Any, tokens: float = 10) -> None:
        super().__init__(function, factor)
        self.started = self.last = time.monotonic()
        self.tokens, self.history = tokens, {"a": {0: 0}}

    def __call__(self, number: int) -> Any:
        self.last, self.seen = time.monotonic(), number
        history = self.history["a"]
        history[number] = 2
        return self._take(number)

    def _take(self, number: int) -> Any:
        self.tokens = self.tokens - 1
        return super().__call__(number)


def test_what_its_own_calls_assign_or_change_makes_no_other_call(spot: bs.Spot):
    throttle = Throttle(base, 2)
    marked, taking = spot.mark(throttle), spot.mark(apply)
    assert [marked(5), marked(6), marked(5), marked(6)] == [10, 12, 10, 12]
    assert [taking(throttle, 5), taking(throttle, 5)] == [10, 10]
    assert (marked.cache_info().hits, taking.cache_info().hits) == (2, 1)


def test_a_state_that_it_was_given_counts_as_it_was_first():
    keys = [KeyMaker(Throttle(base, 2, tokens)).key((5,), {}) for tokens in (10, 10, 20)]
    assert keys[0] == keys[1] != keys[2]


def test_a_setting_that_is_given_another_value_counts_anew_beside_its_state(spot: bs.Spot):
    throttle = Throttle(base, 2)
    marked = spot.mark(throttle)
    first = marked(5)
    throttle.factor = 3
    second = marked(5)
    throttle.factor = 2
    assert (first, second, marked(5), marked.cache_info().hits) == (10, 15, 10, 1)


def test_so_does_one_of_a_decorator_behind_it(spot: bs.Spot):
    inner = Times(base, 2)
    marked = spot.mark(Throttle(inner, 1))
    first = marked(5)
    inner.factor = 3
    assert (first, marked(5)) == (10, 15)


class Switched(Times):
    def __init__(self, function: Callable[..., Any], factor: Any) -> None:
        super().__init__(function, 1)
        self.switch(factor)

    def switch(self, factor: int) -> None:
        self.factor = factor


def test_what_a_method_that_no_call_calls_assigns_is_a_setting(spot: bs.Spot):
    switched = Switched(base, 2)
    marked = spot.mark(switched)
    first = marked(5)
    switched.switch(3)
    assert (first, marked(5)) == (10, 15)


@pytest.mark.parametrize("choice", [{"ignore": ("self",)}, {"input_key_fn": base}])
def test_left_out_of_the_key_it_still_stands_before_its_own_function(spot: bs.Spot, choice: dict[str, Any]):
    functions = [spot.mark(**choice)(Times(function, 2)) for function in (base, other)]
    assert [function(5) for function in functions] == [10, 12]


@pytest.mark.parametrize("choice", [{"ignore": ("self",)}, {"input_key_fn": base}])
def test_and_so_it_does_before_one_of_many_local_functions(spot: bs.Spot, choice: dict[str, Any]):
    closures = [spot.mark(**choice)(Times(closing_over(more), 1)) for more in (0, 1)]
    changed = spot.mark(**choice)(Times(lambda number: number - 1, 1))
    assert [function(5) for function in (*closures, changed)] == [5, 6, 4]


def closing_over(more: int) -> Callable[[int], int]:
    return lambda number: number + more


def test_a_setting_that_the_function_has_too_still_counts():
    def factor_of(factor: int) -> str:
        vars(base)["factor"] = factor
        try:
            return KeyMaker(Times(base, factor)).key((5,), {})
        finally:
            vars(base).clear()

    assert factor_of(2) != factor_of(3)


def test_a_method_or_a_cached_function_is_what_it_stands_before():
    cached = functools.lru_cache(base)
    assert KeyMaker(apply).key((cached, 5), {}) == KeyMaker(apply).key((base, 5), {})
    assert KeyMaker(apply).key((functools.partial(cached), 5), {}) != KeyMaker(apply).key((cached, 5), {})


@dataclasses.dataclass
class Declared:
    """A decorator that is a dataclass."""

    function: Callable[..., Any]
    factor: int = 1
    lock: Any = None
    calls: int = 0

    def __post_init__(self) -> None:
        functools.update_wrapper(self, self.function)

    def __call__(self, number: int) -> Any:
        self.calls += 1
        return self.function(number) * self.factor


def test_a_dataclass_with_a_lock_counts_by_its_settings_as_any_decorator_does(spot: bs.Spot):
    twice, thrice = (spot.mark(Declared(base, factor, threading.Lock())) for factor in (2, 3))
    assert (twice(1), thrice(1)) == (base(1) * 2, base(1) * 3)
    assert spot.mark(Declared(base, 2, threading.Lock())).is_cached(1)


def test_a_dataclass_that_counts_its_calls_makes_the_same_call_again(spot: bs.Spot):
    twice = spot.mark(Declared(base, 2))
    assert (twice(1), twice(2)) == (base(1) * 2, base(2) * 2)
    assert twice.is_cached(1)
    assert spot.mark(Declared(base, 2)).is_cached(1)


class Choosing(Times):
    """Lets a call choose for those after it, and remembers what it said."""

    def __init__(self, function: Callable[..., Any], factor: Any = 2) -> None:
        super().__init__(function, factor)
        self.model, self.mode, self.unit, self.said, self.last = "small", "slow", None, None, 0.0

    def __call__(self, number: int, factor: int | None = None, model: str | None = None) -> Any:
        if factor:
            self.factor = factor
        self._choose(model or self.model, time.monotonic())
        self.said = self.function(number)
        if self.mode == "slow" and not number:
            self.mode = "fast"
        return self.said, self.factor, self.model, self.mode, self.unit

    def _choose(self, model: str, now: float) -> None:
        self.model, self.last = model, max(self.last, now)


@pytest.mark.parametrize("given", [{"factor": 3}, {"model": "big"}, {"mode": "fast"}, {"unit": "m"}])
def test_a_setting_that_its_calls_may_choose_counts_anew(spot: bs.Spot, given: dict[str, Any]):
    choosing = Choosing(base)
    marked = spot.mark(choosing)
    first = marked(5)
    assert (marked(5), marked.cache_info().hits) == (first, 1)
    for name, value in given.items():
        setattr(choosing, name, value)
    assert marked(5) == choosing(5) != first


def test_what_a_call_chose_makes_other_calls_of_those_after_it(spot: bs.Spot):
    marked = spot.mark(Choosing(base))
    first = marked(5)
    marked(6, 3, "big")
    assert marked(5) == (5, 3, "big", "slow", None) != first
