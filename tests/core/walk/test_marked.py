"""What mark returns is still the user's function."""

import functools
import inspect
import pickle
import sys
from typing import Any

import beautyspot as bs
import cloudpickle
import pytest
from beautyspot.testing import FrozenClock


def make(spot: bs.Spot) -> type:
    class Shop:
        rate = 3

        def __init__(self, size: int) -> None:
            self.size = size

        @spot.mark(ignore=("self",))
        def price(self, item: str, count: int = 1) -> str:
            """Say the price."""
            return f"{item}:{count}"

        @spot.mark
        @staticmethod
        def tax(x: int) -> int:
            return x * 2

        @staticmethod
        @spot.mark
        def duty(x: int) -> int:
            return x * 3

        @spot.mark
        @classmethod
        def scaled(cls, x: int) -> int:
            return x * cls.rate

        @classmethod
        @spot.mark
        def scaled_below(cls, x: int) -> int:
            return x * cls.rate

    return Shop


def test_methods_static_methods_and_class_methods_hit(spot: bs.Spot):
    shop = make(spot)(1)
    for _ in range(2):
        assert shop.price("tea") == "tea:1"
        assert (shop.tax(2), type(shop).tax(2), shop.duty(2)) == (4, 4, 6)
        assert (shop.scaled(2), type(shop).scaled(2), shop.scaled_below(2)) == (6, 6, 6)
    assert shop.price.cache_info()[:2] == (1, 1)
    assert shop.tax.cache_info()[:2] == (3, 1)
    assert shop.scaled.cache_info()[:2] == (3, 1)


def test_bound_method_answers_for_its_instance(spot: bs.Spot):
    shop = make(spot)(1)
    assert not shop.price.is_cached("tea", 1)
    shop.price("tea")
    assert shop.price.is_cached("tea", count=1)
    assert shop.price.key("tea") == type(shop).price.key(shop, "tea")
    assert shop.scaled.key(2) == type(shop).scaled.key(2)
    assert shop.price.invalidate("tea")
    assert shop.price.refresh("tea") == "tea:1"


def test_signature_name_and_doc_survive(spot: bs.Spot):
    shop = make(spot)
    assert str(inspect.signature(shop.price)) == "(self, item: str, count: int = 1) -> str"
    assert str(inspect.signature(shop(1).price)) == "(item: str, count: int = 1) -> str"
    assert shop.price.__doc__ == "Say the price."
    assert shop.price.__name__ == "price"


def test_bound_method_is_described_as_the_users_own(spot: bs.Spot):
    shop = make(spot)(1)
    assert (shop.price.__doc__, shop.price.__module__, shop.price.__name__) == ("Say the price.", __name__, "price")
    assert repr(shop.price) == f"<bound marked method make.<locals>.Shop.price of {shop!r}>"
    assert repr(type(shop).price) == "<marked method make.<locals>.Shop.price>"
    assert type(shop).scaled.__doc__ is None


def test_what_was_marked_can_be_called_as_it_was(spot: bs.Spot):
    shop = make(spot)
    assert (shop(1).price.__wrapped__("tea"), shop.price.__wrapped__(shop(1), "tea")) == ("tea:1", "tea:1")
    assert (shop.scaled.__wrapped__(2), shop(1).scaled.__wrapped__(2), shop.tax.__wrapped__(2)) == (6, 6, 4)
    assert shop.price.cache_info()[:2] == (0, 0)


def test_async_method_is_seen_as_a_coroutine_function(spot: bs.Spot):
    class Client:
        @spot.mark(ignore=("self",))
        async def get(self, url: str) -> str:
            return url

    assert inspect.iscoroutinefunction(Client.get)
    assert inspect.iscoroutinefunction(Client().get)


def test_bound_methods_are_equal_as_pythons_are(spot: bs.Spot):
    shop = make(spot)(1)
    assert shop.price == shop.price
    assert hash(shop.price) == hash(shop.price)
    assert shop.price != make(spot)(1).price


def test_marking_twice_is_refused(spot: bs.Spot):
    with pytest.raises(bs.ConfigurationError, match="marked already"):
        spot.mark(spot.mark(abs))
    shop = make(spot)(1)
    for again in (spot.mark, spot.run):
        with pytest.raises(bs.ConfigurationError, match=r"Shop.price is marked already"):
            again(shop.price)


def test_a_partial_of_a_bound_method_is_told_as_that_of_a_function(spot: bs.Spot):
    shop = make(spot)
    assert spot.mark(functools.partial(shop(1).scaled, 2))() == 6
    bound = functools.partial(shop(1).price, "tea")
    assert spot.mark(ignore=("self",))(bound)() == "tea:1"
    with pytest.raises(bs.UnkeyableArgument, match=r"'self' of .*Shop\.price"):
        spot.mark(bound)()


def test_a_bound_method_as_an_argument_is_told_as_pythons_is(spot: bs.Spot):
    @spot.mark
    def call(function: Any) -> Any:
        return function(2)

    shop = make(spot)
    assert call(shop(1).scaled) == 6
    assert call.is_cached(shop.scaled)
    with pytest.raises(bs.UnkeyableArgument, match=r"'function' of .*Shop"):
        call(shop(1).price)


def test_a_bound_method_can_be_paced_and_stays_bound(spot: bs.Spot, clock: FrozenClock):
    shop = make(spot)(1)
    paced, scaled = spot.limiter()(shop.price), spot.limiter()(shop.scaled)
    assert [paced("tea"), paced("milk"), scaled(2), shop.price("tea")] == ["tea:1", "milk:1", 6, "tea:1"]
    assert (clock.slept, paced.is_cached("milk")) == ([1.0, 1.0], True)


def test_the_class_of_bound_methods_is_described_as_any_class(spot: bs.Spot):
    kind = type(make(spot)(1).price)
    assert pickle.loads(pickle.dumps(kind)) is kind
    assert (kind.__module__, kind.__doc__) == ("beautyspot.walk.wrapper", "A marked method of one instance.")


module_spot = bs.Spot(db="memory://", storage="memory://")


@module_spot.mark
def at_module_level(x: int) -> int:
    return x


def test_what_cloudpickle_would_copy_by_value_says_what_to_do_instead(spot: bs.Spot):
    @spot.mark
    def double(x: int) -> int:
        return x * 2

    def by_name(x: int) -> int:
        return spot.run(abs, x)

    for function, told in ((double, "function '.*double' can't .*put it into a module"), (by_name, "Spot.*import it")):
        with pytest.raises(TypeError, match=told):
            cloudpickle.dumps(function)


def test_marked_function_pickles_by_name():
    assert pickle.loads(pickle.dumps(at_module_level)) is at_module_level


def test_limiter_and_mark_stack_in_any_order_on_every_kind_of_method(spot: bs.Spot, clock: FrozenClock):
    class Shop:
        rate = 3

        @spot.limiter()
        @spot.mark
        @classmethod
        def above(cls, x: int) -> int:
            return x * cls.rate

        @spot.mark
        @spot.limiter()
        @classmethod
        def below(cls, x: int) -> int:
            return x * cls.rate

        @spot.limiter()
        @classmethod
        @spot.mark
        def around(cls, x: int) -> int:
            return x * cls.rate

        @spot.limiter()
        @spot.mark
        @staticmethod
        def static(x: int) -> int:
            return x * 3

    methods = [getattr(owner, name) for name in ("above", "below", "around", "static") for owner in (Shop, Shop())]
    assert [method(2) for method in methods] == [6] * 8
    assert clock.slept == [1.0] * 3, "four misses are paced, four hits are not"


def test_class_method_made_of_a_function_from_elsewhere_is_bound_to_its_class(spot: bs.Spot):
    class Shop:
        rate = 3
        scaled = spot.mark(classmethod(scale))

    assert (Shop.scaled(2), Shop().scaled(2)) == (6, 6)
    assert Shop.scaled.cache_info()[:2] == (1, 1)


def scale(cls: Any, x: int) -> int:
    return x * cls.rate


class Below:
    @classmethod
    @bs.Spot("marked", db="memory://", storage="memory://").mark(ignore=("cls",))
    def scaled(cls, x: int = 1) -> int:
        return x


def test_what_stands_below_classmethod_answers_for_its_class_or_says_what_to_do():
    assert Below.scaled(2) == 2
    assert Below.scaled.cache_info().misses == 1
    # From Python 3.13 on this is what `Below.scaled` asks.
    inside = vars(Below)["scaled"].__func__
    with pytest.raises(bs.ConfigurationError, match=r"Below.scaled.key .*@spot.mark above @classmethod"):
        inside.key(2)
    if sys.version_info < (3, 13):
        assert Below.scaled.is_cached(2)


def test_a_parameter_may_be_called_self_wherever_a_call_is_asked_of(spot: bs.Spot):
    class Box:
        @spot.mark(ignore=("this",))
        def get(this, self: int) -> int:  # noqa: N805 - its name is free
            return self

    @spot.mark
    def call(text: str, self: int) -> str:
        return text * self

    assert call("a", self=2) == "aa"
    assert call.key("a", self=2) == call.key("a", 2)
    assert call.is_cached("a", self=2)
    assert call.refresh("a", self=2) == "aa"
    assert call.invalidate("a", self=2)
    assert [Box.get(3, self=4), Box().get(self=5)] == [4, 5]
