"""Defaults that are nobody's value: left out or passed on, they say that the default stands there."""

import functools
import itertools
import threading
from typing import Any

import beautyspot as bs
import httpx
import numpy
import openai
import pytest
from beautyspot.errors import UnkeyableArgument
from beautyspot.keys import KeyMaker

MISSING: Any = object()


class Settings:
    def __init__(self, model: Any) -> None:
        self.model = model


def ask(prompt: Any, model: Any = MISSING, *, options: Any = MISSING) -> None: ...


def test_a_default_without_content_stands_for_itself():
    key = KeyMaker(ask).key
    assert len({key(("a",), {}), key(("a", MISSING), {}), key((), {"prompt": "a", "options": MISSING})}) == 1
    assert len({key(("a",), {}), key(("b",), {}), key(("a", None), {}), key(("a",), {"options": None})}) == 4
    with pytest.raises(UnkeyableArgument, match=r"'model' .*'builtins\.object'"):
        key(("a", object()), {})


def test_the_default_of_one_parameter_says_nothing_of_another():
    def send(first: Any = Settings, second: Any = MISSING) -> None: ...

    with pytest.raises(UnkeyableArgument, match="'first'"):
        KeyMaker(send).key((MISSING,), {})


def test_a_wrapper_tells_a_default_without_content_that_is_spelled_out():
    @functools.wraps(ask)
    def wrapper(*args: Any, **kwargs: Any) -> None:
        ask(*args, **{"options": 1, **kwargs})

    key = KeyMaker(wrapper).key
    assert key(("a",), {}) != key(("a",), {"options": MISSING})
    assert key(("a",), {}) == key(("a",), {})


def test_settings_that_are_a_default_count_by_their_attributes():
    settings = Settings("small")

    def send(prompt: str, settings: Settings = settings) -> None: ...

    key = KeyMaker(send).key
    small = key(("a",), {})
    settings.model = "large"
    assert key(("a",), {}) != small
    settings.model = threading.Lock()
    with pytest.raises(UnkeyableArgument, match="'settings'"):
        key(("a",), {})


@pytest.mark.parametrize("source", [itertools.count(), threading.Lock(), [object()]])
def test_a_default_that_nobody_can_look_into_is_refused(source: Any):
    def send(prompt: str, source: Any = source) -> None: ...

    with pytest.raises(UnkeyableArgument, match="'source'"):
        KeyMaker(send).key(("a",), {})


def test_functions_of_numpy_are_run_and_kept(spot: bs.Spot):
    values = numpy.arange(3.0)
    assert [spot.run(numpy.mean, values), spot.run(numpy.mean, values)] == [1.0, 1.0]
    assert spot.run(numpy.mean, values, keepdims=True) == [1.0]


class Fast:
    def run(self) -> str:
        return "fast"


class Slow:
    def run(self) -> str:
        return "slow"


def test_a_default_counts_by_its_class_as_well():
    def local(answer: str) -> Any:
        class Policy:
            def run(self) -> str:
                return answer

        return Policy()

    def made(policy: Any) -> str:
        def ask(prompt: str, policy: Any = policy) -> str:
            return policy.run() + prompt

        return KeyMaker(ask).key(("a",), {})

    assert len({made(Fast()), made(Slow()), made(local("mild")), made(local("hot"))}) == 4
    assert (made(Fast()), made(local("mild"))) == (made(Fast()), made(local("mild")))


def test_a_function_is_told_though_a_default_of_it_is_a_sentinel():
    def helper(prompt: str, model: Any = MISSING, *, options: Any = MISSING) -> Any:
        return prompt if model is MISSING else (model, options)

    def other(prompt: str, model: Any = MISSING, *, options: Any = None) -> Any:
        return prompt if model is MISSING else (model, options)

    def closing(called: Any) -> Any:
        def send(prompt: str) -> Any:
            return called(prompt)

        return KeyMaker(send).key(("a",), {})

    other.__qualname__ = helper.__qualname__
    assert closing(helper) == closing(helper) != closing(other)
    assert KeyMaker(ask).key((helper,), {}) != KeyMaker(ask).key((other,), {})


@pytest.mark.parametrize("sentinel", [openai.NOT_GIVEN, httpx.USE_CLIENT_DEFAULT], ids=["openai", "httpx"])
def test_a_function_is_told_though_its_sentinel_says_where_it_is_from(sentinel: Any):
    def helper(prompt: str, timeout: Any = sentinel) -> Any: ...

    def closing(prompt: str) -> Any:
        return helper(prompt)

    assert "__module__" in vars(sentinel)
    assert KeyMaker(closing).key(("a",), {}) == KeyMaker(closing).key(("a",), {})
    assert KeyMaker(ask).key((helper,), {}) != KeyMaker(ask).key((ask,), {})


@pytest.mark.parametrize("held", [threading.Lock(), Settings("small")], ids=["lock", "settings"])
def test_a_function_with_a_default_that_may_hold_something_is_refused(held: Any):
    def helper(prompt: str, held: Any = held) -> Any: ...

    with pytest.raises(UnkeyableArgument, match="'prompt'"):
        KeyMaker(ask).key((helper,), {})
