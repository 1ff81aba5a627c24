"""Wrappers that pass on another default than they show."""

import functools
import inspect
from collections import ChainMap
from collections.abc import Callable
from contextlib import ContextDecorator, suppress
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from time import perf_counter
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


def cached_below(function: Ask) -> Ask:
    return functools.lru_cache(defaulting(function))


def partial_below(function: Ask) -> Ask:
    return passing(functools.wraps(function)(functools.partial(function, model="large")))


def named_below(function: Ask) -> Ask:
    @functools.wraps(function)
    def wrapper(prompt: str, model: str = "large") -> Any:
        return function(prompt, model)

    return passing(wrapper)


def showing(function: Ask) -> Ask:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return large(*args, **kwargs)

    wrapper.__signature__ = inspect.signature(function)  # pyright: ignore[reportFunctionMemberAccess] - what `inspect` reads
    return wrapper


def large(prompt: str, model: str = "large") -> tuple[str, str]:
    return prompt, model


def renaming(function: Ask) -> Ask:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        nonlocal function
        function = large
        return function(*args, **kwargs)

    return wrapper


def updating(function: Ask) -> Ask:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        options = {"model": "large"}
        options.update(**kwargs)
        return function(*args, **options)

    return wrapper


def settled(function: Ask) -> Ask:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        call = inspect.signature(function).bind(*args, **kwargs)
        call.arguments.setdefault("model", "large")
        return function(*call.args, **call.kwargs)

    return wrapper


def lambdas(make: Callable[[Ask], Ask]) -> Callable[[Ask], Ask]:
    return lambda function: functools.wraps(function)(make(function))


CHANGING: list[Callable[[Ask], Ask]] = [
    defaulting,
    merging,
    renewing,
    within,
    below,
    cached_below,
    partial_below,
    named_below,
    showing,
    renaming,
    updating,
    settled,
    lambdas(lambda f: lambda *a, **k: f(*a, **dict({"model": "large"}, **k))),
    lambdas(lambda f: lambda *a, **k: f(*a, **({"model": "large"} | k))),
    lambdas(lambda f: lambda *a, **k: f(*a, **ChainMap(k, {"model": "large"}))),
    lambdas(lambda f: lambda *a, **k: functools.partial(f, model="large")(*a, **k)),
    lambdas(lambda f: lambda *a, **k: (f if a[1:] or k else large)(*a, **k)),
    lambdas(lambda f: lambda *a, **k: (large if not a[1:] and not k else f)(*a, **k)),
    lambdas(lambda f: lambda *a, **k: f(*a, **k) if a[1:] or k else f(*a, "large", **k)),
    lambdas(lambda f: lambda *a, **k: f(*a, **k) if k else f(*a, model="large", **k)),
    lambdas(lambda f: lambda *a, **k: (lambda g: g(*a, **k))(large) if not k else f(*a, **k)),
]


class Passing:
    def __init__(self, function: Ask) -> None:
        self.function = function

    def wrapper(self) -> Ask:
        @functools.wraps(self.function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return self.function(*args, **kwargs)

        return wrapper


class Locked(ContextDecorator):
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def timing(function: Ask) -> Ask:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        started = perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            print(function.__name__, perf_counter() - started)

    return wrapper


def asynchronous(function: Ask) -> Ask:
    @functools.wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        for _ in range(3):
            with suppress(OSError):
                return await function(*args, **kwargs)
        return None

    return wrapper


@functools.wraps(ask)
def by_name(*args: Any, **kwargs: Any) -> Any:
    return ask(*args, **kwargs)


PASSING: list[Callable[[Ask], Ask]] = [
    passing,
    timing,
    asynchronous,
    retry(),
    functools.lru_cache,
    Locked(),
    lambda function: Passing(function).wrapper(),
    lambda _: by_name,
    lambda function: passing(timing(retry()(function))),
]


@pytest.mark.parametrize("decorate", CHANGING)
def test_a_default_spelled_out_is_another_call_where_a_wrapper_may_give_another_one(decorate: Callable[[Ask], Ask]):
    wrapper = decorate(ask)
    assert wrapper("a") == ("a", "large")
    key = KeyMaker(wrapper, ignore=("seen",)).key
    left_out, spelled, other = key(("a",), {}), key(("a",), {"model": "small"}), key(("a",), {"model": "large"})
    assert len({left_out, spelled, other, key(("a",), {"options": ()})}) == 4
    assert spelled == key(("a", "small"), {}) == key((), {"model": "small", "prompt": "a"})


@pytest.mark.parametrize("decorate", PASSING)
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
        KeyMaker(defaulting(ask)).key(("a",), {"seen": object()})
