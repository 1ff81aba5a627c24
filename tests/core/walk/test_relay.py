"""Async generators that are marked or limited: what their consumer does reaches the function."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

import beautyspot as bs
import pytest

Decorate = Callable[..., Any]


@pytest.fixture(params=["mark", "limiter"])
def decorate(request: pytest.FixtureRequest, spot: bs.Spot) -> Decorate:
    return spot.mark if request.param == "mark" else spot.limiter(cost=0)


def test_what_is_sent_reaches_the_function(decorate: Decorate):
    @decorate
    async def echo() -> AsyncGenerator[Any, Any]:
        got = "ready"
        while got is not None:
            got = yield got

    async def scene() -> list[Any]:
        talk = echo()
        return [await anext(talk), await talk.asend("a"), await talk.asend("b"), await anext(talk, "end")]

    assert asyncio.run(scene()) == ["ready", "a", "b", "end"]


def test_what_is_thrown_in_reaches_the_function_which_may_go_on(decorate: Decorate):
    @decorate
    async def stubborn() -> AsyncGenerator[str, None]:
        try:
            yield "first"
        except KeyError:
            yield "caught"

    async def scene() -> list[str]:
        talk = stubborn()
        return [await anext(talk), await talk.athrow(KeyError("k")), await anext(talk, "end")]

    assert asyncio.run(scene()) == ["first", "caught", "end"]


def test_closing_ends_the_function_before_it_returns(decorate: Decorate):
    ended: list[bool] = []

    @decorate
    async def count() -> AsyncGenerator[int, None]:
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            ended.append(True)

    async def scene() -> None:
        talk = count()
        await anext(talk)
        await talk.aclose()
        assert ended == [True]

    asyncio.run(scene())
