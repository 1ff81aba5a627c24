"""Odd things to mark: what answers to every name, and what Python binds in its own way."""

import asyncio
import functools
import operator
import threading
from collections.abc import Iterator
from typing import Any
from xmlrpc.client import ServerProxy
from xmlrpc.server import SimpleXMLRPCServer

import beautyspot as bs
import pytest


@pytest.fixture
def proxy() -> Iterator[ServerProxy]:
    """Yield a client that takes every name for a method of its server."""
    with SimpleXMLRPCServer(("127.0.0.1", 0), logRequests=False) as server:
        add: Any = operator.add
        server.register_function(add, "add")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        with ServerProxy(f"http://127.0.0.1:{server.server_address[1]}") as proxy:
            yield proxy
        server.shutdown()
        thread.join()


class Fixed:
    @staticmethod
    def __call__(x: int) -> int:
        return x + 1


class OfClass:
    step = 1

    @classmethod
    def __call__(cls, x: int) -> int:
        return x + cls.step


class Partial:
    def add(self, y: int, x: int) -> int:
        return x + y

    __call__ = functools.partialmethod(add, 1)


class Later:
    @staticmethod
    async def __call__(x: int) -> int:
        return x + 1


class PartlyLater:
    async def add(self, y: int, x: int) -> int:
        return x + y

    __call__ = functools.partialmethod(add, 1)


def test_a_method_of_a_client_that_answers_to_every_name_can_be_marked_and_paced(spot: bs.Spot, proxy: ServerProxy):
    add = spot.mark(ignore=("self",))(proxy.add)
    assert [add(1, 2), add(1, 2), spot.limiter(proxy.add)(1, 2)] == [3, 3, 3]
    assert add.cache_info()[:2] == (1, 1)
    with pytest.raises(bs.UnkeyableArgument, match=r"'self' of xmlrpc\.client\._Method"):
        spot.mark(proxy.add)(1, 2)


@pytest.mark.parametrize("thing", [Fixed(), OfClass()])
def test_a_callable_object_whose_call_is_not_of_the_instance_can_be_marked(spot: bs.Spot, thing: Any):
    add = spot.mark(thing)
    assert [add(1), add(x=1), add(2)] == [2, 2, 3]
    assert add.cache_info()[:2] == (1, 2)


def test_a_callable_object_whose_call_is_a_partial_method_can_be_marked(spot: bs.Spot):
    thing: Any = Partial()
    add = spot.mark(ignore=("self",))(thing)
    assert [add(1), add(x=1), add(2)] == [2, 2, 3]
    with pytest.raises(bs.UnkeyableArgument, match=r"'self' of .*Partial\.add"):
        spot.mark(thing)(1)


@pytest.mark.parametrize(("thing", "ignored"), [(Later(), ()), (PartlyLater(), ("self",))])
def test_a_callable_object_that_makes_coroutines_is_awaited(spot: bs.Spot, thing: Any, ignored: tuple[str, ...]):
    add = spot.mark(ignore=ignored)(thing)
    assert [asyncio.run(add(1)), asyncio.run(add(1))] == [2, 2]


def test_a_class_that_is_not_the_first_to_call_by_its_class_is_told_apart(spot: bs.Spot):
    class Double(OfClass):
        step = 2

    first, second = spot.mark(OfClass()), spot.mark(Double())
    assert [first(1), second(1)] == [2, 3]


@pytest.mark.parametrize("version", [None, bs.FROM_CODE])
def test_a_function_that_wraps_itself_can_be_marked(spot: bs.Spot, version: Any):
    def add(x: int) -> int:
        return x + 1

    add.__wrapped__ = add  # pyright: ignore[reportFunctionMemberAccess] - as a wrong decorator does
    assert spot.mark(version=version)(add)(1) == 2
