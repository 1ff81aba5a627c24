"""Wrappers that pass on another default than they show."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from beautyspot.errors import UnkeyableArgument
from beautyspot.keys import KeyMaker, KeyPolicy
from beautyspot.keys.binding import binder
from tenacity import retry

Ask = Callable[..., Any]
NOTHING = object()


def ask(prompt: str, model: str = "small", *, options: Any = (), seen: Any = NOTHING) -> tuple[str, str]:
    return prompt, model


def defaulting(function: Ask) -> Ask:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("model", "large")
        return function(*args, **kwargs)

    return wrapper


def merging(function: Ask) -> Ask:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **{"model": "large", **kwargs})

    return wrapper


def renewing(function: Ask) -> Ask:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        args = args if len(args) > 1 or kwargs else (*args, "large")
        return function(*args, **kwargs)

    return wrapper


def within(function: Ask) -> Ask:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        def call() -> Any:
            kwargs["model"] = kwargs.get("model", "large")
            return function(*args, **kwargs)

        return call()

    return wrapper


def passing(function: Ask) -> Ask:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return (lambda: function(*args, **kwargs))()

    return wrapper


def below(function: Ask) -> Ask:
    return passing(defaulting(function))


def retrying(function: Ask) -> Ask:
    return retry()(function)


@pytest.mark.parametrize("decorate", [defaulting, merging, renewing, within, below])
def test_a_default_spelled_out_is_another_call_where_a_wrapper_may_give_another_one(decorate: Callable[[Ask], Ask]):
    wrapper = decorate(ask)
    assert wrapper("a") == ("a", "large")
    key = KeyMaker(wrapper, ignore=("seen",)).key
    left_out, spelled, other = key(("a",), {}), key(("a",), {"model": "small"}), key(("a",), {"model": "large"})
    assert len({left_out, spelled, other, key(("a",), {"options": ()})}) == 4
    assert spelled == key(("a", "small"), {}) == key((), {"model": "small", "prompt": "a"})


@pytest.mark.parametrize("decorate", [passing, retrying])
def test_a_default_spelled_out_is_the_same_call_where_arguments_are_passed_on(decorate: Callable[[Ask], Ask]):
    key = KeyMaker(decorate(ask), ignore=("seen",)).key
    assert key(("a",), {}) == key(("a", "small"), {}) == key((), {"prompt": "a", "options": (), "model": "small"})


@dataclass(frozen=True)
class Settings:
    model: str


EQUALS: list[Callable[[], object]] = [
    lambda: Settings("small"),
    lambda: Path("small"),
    lambda: Decimal("1.5"),
    lambda: timedelta(1),
    lambda: float("nan"),
    lambda: np.zeros(2),
    lambda: [np.zeros(2), Settings("small")],
]


@pytest.mark.parametrize("equal", EQUALS)
def test_a_default_is_spelled_out_by_whatever_has_its_content(equal: Callable[[], object]):
    def ask(prompt: str, model: object = equal()) -> object:
        return model

    key = KeyMaker(defaulting(ask)).key
    assert len({key(("a",), {}), key(("a", equal()), {}), key(("a", "large"), {})}) == 3
    other = ("a", "large")
    assert KeyMaker(defaulting(ask)).input_id(other, {}) == KeyMaker(ask).input_id(other, {})


def test_a_default_without_content_may_be_replaced():
    key = KeyMaker(defaulting(ask)).key
    assert key(("a",), {"seen": 1}) != key(("a",), {"seen": 2})


def test_what_is_left_out_is_bound_as_it_always_was():
    assert binder(defaulting(ask)).bind("a") == ("a", "small", (), NOTHING)


def test_a_policy_gets_the_argument_itself():
    policy = KeyPolicy(model=str.upper)
    key = KeyMaker(defaulting(ask), ignore=("seen",), input_key_fn=policy).key
    assert key(("a", "SMALL"), {}) == key(("a", "small"), {})


def test_a_policy_tells_a_default_that_is_spelled_out():
    key = KeyMaker(defaulting(ask), ignore=("seen",), input_key_fn=KeyPolicy(model=str.upper)).key
    assert len({key(("a",), {}), key(("a", "small"), {}), key(("a", "large"), {})}) == 3


def test_a_policy_need_not_take_the_default():
    key = KeyMaker(defaulting(ask), ignore=("seen",), input_key_fn=KeyPolicy(options=str.upper)).key
    assert key(("a",), {"options": "b"}) == key(("a",), {"options": "B"})


def test_an_argument_without_content_is_named_by_its_own_class():
    with pytest.raises(UnkeyableArgument, match=r"'seen' .*'builtins.object'"):
        KeyMaker(defaulting(ask)).key(("a",), {"seen": NOTHING})
