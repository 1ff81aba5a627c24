"""Marked methods of pydantic models, whose metaclass asks of each member what it is."""

import asyncio
import inspect
from collections.abc import Iterator
from typing import Any

import beautyspot as bs
import pydantic
import sqlmodel


def model(spot: bs.Spot, base: type[Any]) -> Any:
    class Shop(base):
        name: str = "a"

        @spot.mark
        def price(self, item: str) -> str:
            return f"{self.name}:{item}"

        @spot.mark
        async def price_async(self, item: str) -> str:
            return f"{self.name}:{item}"

        @spot.mark
        def each(self, item: str) -> Iterator[str]:
            yield from (self.name, item)

        @spot.mark
        @classmethod
        def tax(cls, x: int) -> int:
            return x * 2

        @classmethod
        @spot.mark
        def duty(cls, x: int) -> int:
            return x * 3

        @spot.limiter
        @spot.mark
        def paced(self, x: int) -> int:
            return x

        @spot.mark
        def _hidden(self, x: int) -> int:
            return x

    return Shop


def test_each_kind_of_method_of_a_model_can_be_marked(spot: bs.Spot):
    shop = model(spot, pydantic.BaseModel)()
    assert (shop.price("x"), asyncio.run(shop.price_async("x")), [*shop.each("x")]) == ("a:x", "a:x", ["a", "x"])
    assert (shop.tax(1), shop.duty(1), shop.paced(1), shop._hidden(1)) == (2, 3, 1, 1)
    assert shop.price.is_cached("x")
    assert not shop.model_copy(update={"name": "b"}).price.is_cached("x")
    assert [*shop.__class__.model_fields, *shop.__class__.__private_attributes__] == ["name"]


def test_a_method_of_a_model_of_sqlmodel_can_be_marked(spot: bs.Spot):
    shop = model(spot, sqlmodel.SQLModel)()
    assert shop.price("x") == "a:x"
    assert shop.price.is_cached("x")


def test_a_marked_method_passes_for_the_function_that_it_stands_for(spot: bs.Spot):
    shop = model(spot, object)
    assert all(map(inspect.isfunction, (shop.price, shop.price_async, shop.each)))
    assert inspect.iscoroutinefunction(shop.price_async)
    assert inspect.isgeneratorfunction(shop.each)
    assert [*inspect.signature(shop.price).parameters] == ["self", "item"]
