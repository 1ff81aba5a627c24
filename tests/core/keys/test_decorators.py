"""Decorators that are objects: another setting is another call."""

import functools
import threading
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


def test_a_setting_without_content_is_refused():
    with pytest.raises(bs.UnkeyableArgument, match=r"'self' of .*Times.*lock has no content"):
        KeyMaker(Times(base, threading.Lock())).key((5,), {})


@pytest.mark.parametrize("choice", [{"ignore": ("self",)}, {"input_key_fn": base}])
def test_left_out_of_the_key_it_still_stands_before_its_own_function(spot: bs.Spot, choice: dict[str, Any]):
    functions = [spot.mark(**choice)(Times(function, 2)) for function in (base, other)]
    assert [function(5) for function in functions] == [10, 12]


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
