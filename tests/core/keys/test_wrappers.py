"""Wrappers that pass on another default than they show."""

import functools
from collections.abc import Callable
from typing import Any

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


def test_what_is_left_out_is_bound_as_it_always_was():
    assert binder(defaulting(ask)).bind("a") == ("a", "small", (), NOTHING)


def test_a_policy_gets_the_argument_itself():
    policy = KeyPolicy(model=str.upper)
    key = KeyMaker(defaulting(ask), ignore=("seen",), input_key_fn=policy).key
    assert key(("a", "SMALL"), {}) == key(("a", "small"), {})


def test_an_argument_without_content_is_named_by_its_own_class():
    with pytest.raises(UnkeyableArgument, match=r"'seen' .*'builtins.object'"):
        KeyMaker(defaulting(ask)).key(("a",), {"seen": NOTHING})
