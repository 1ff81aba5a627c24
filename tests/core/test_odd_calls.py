"""Calls that used to break their callers: odd things to mark, and values that a row can't take."""

import ctypes
import functools
import operator
from dataclasses import dataclass
from pathlib import Path

import beautyspot as bs
import numpy
import pytest


@dataclass
class Scale:
    factor: int

    def __call__(self, n: int) -> int:
        return self.factor * n


def power(base: int, exponent: int) -> int:
    return base**exponent


def test_partial_is_kept_by_what_it_holds(spot: bs.Spot):
    square, cube = (spot.mark(functools.partial(power, exponent=exponent)) for exponent in (2, 3))
    assert [square(3), square(3), cube(3), cube(3)] == [9, 9, 27, 27]
    assert square.is_cached(3)


def test_callable_object_is_kept_by_its_content(spot: bs.Spot):
    double, triple = spot.mark(Scale(2)), spot.mark(Scale(3))
    assert [double(3), double(3), triple(3), triple(3)] == [6, 6, 9, 9]
    assert spot.mark(Scale(2)).is_cached(3)


def test_callable_object_without_content_says_how_it_can_be_kept(spot: bs.Spot):
    class Plain:
        def __call__(self, n: int) -> int:
            return n + 1

    with pytest.raises(bs.UnkeyableArgument, match="ignore=\\('self',\\)"):
        spot.mark(Plain())(1)
    assert spot.mark(ignore=("self",))(Plain())(1) == 2


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"])
def test_text_that_is_not_unicode_goes_in_and_comes_out(spot: bs.Spot, text: str):
    ran: list[str] = []

    @spot.mark(ignore=("ran",))
    def echo(text: str) -> str:
        ran.append(text)
        return text + text

    assert [echo(text), echo(text)] == [text + text] * 2
    assert ran == [text]


@pytest.mark.parametrize("where", ["tag", "input_key_fn"])
def test_text_that_no_row_takes_costs_one_warning(spot: bs.Spot, where: str):
    options = {"tags": ("\ud800",)} if where == "tag" else {"input_key_fn": lambda _: "\ud800"}

    @spot.mark(**options)
    def double(n: int) -> int:
        return 2 * n

    with pytest.warns(bs.CacheSaveWarning, match="it is not kept") as warned:
        assert [double(1), double(1)] == [2, 2]
    assert "without lone surrogates" in str(warned[0].message)
    assert len(warned) == 1


@pytest.mark.slow
def test_value_above_the_row_limit_is_returned_with_the_next_step(tmp_path: Path):
    spot = bs.Spot("app", db=tmp_path / "a.db", storage=tmp_path / "blobs")
    marked = spot.mark(save_blob=False)(bytes)
    with pytest.warns(bs.CacheSaveWarning, match="save_blob=True") as warned:
        assert len(marked(1_000_000_000)) == 1_000_000_000
    assert len(warned) == 1
    assert marked(3) == bytes(3)


def test_what_has_no_name_of_its_own_is_kept_by_its_content(spot: bs.Spot):
    pair = [{"a": 1, "b": 2}]
    assert [spot.run(operator.itemgetter(key), pair[0]) for key in "abab"] == [1, 2, 1, 2]
    assert spot.run(functools.partial(operator.attrgetter("real")), 3) == 3
    getters = [spot.mark(operator.itemgetter(key)) for key in "ab"]
    assert getters[0].key(pair[0]) != getters[1].key(pair[0])
    assert getters[0].is_cached(pair[0])
    assert "operator.itemgetter" in spot.mark(operator.itemgetter("a")).__beautyspot_plan__.keys.func_name


def test_what_has_neither_a_name_nor_content_is_refused(spot: bs.Spot):
    for function in (ctypes.CDLL(None).abs, numpy.frompyfunc(abs, 1, 1)):
        with pytest.raises(bs.UnkeyableArgument, match="argument 'self'"):
            spot.run(function, -1)


def test_functions_of_c_are_told_apart(spot: bs.Spot):
    numbers = numpy.array([1, 2, 3])
    assert [int(spot.run(function, 2, 3)) for function in (numpy.add, numpy.multiply)] == [5, 6]
    assert [int(spot.run(function, numbers)) for function in (numpy.ndarray.sum, numpy.ndarray.max)] == [6, 3]


class Client:
    def __init__(self, url: str) -> None: ...


def test_a_class_is_refused_with_what_to_put_the_decorator_above(spot: bs.Spot):
    for name, decorate in {"mark": spot.mark(), "limiter": spot.limiter()}.items():
        with pytest.raises(bs.ConfigurationError, match=f"{name} got the class 'Client'.*; put it above a method"):
            decorate(Client)
    assert [spot.run(int, "3"), spot.mark(int)("3")] == [3, 3]


def test_a_class_that_is_only_called_is_as_good_as_a_function(spot: bs.Spot):
    spot.register_type(Scale)
    assert [spot.run(Scale, 2), spot.run(Scale, factor=2)] == [Scale(2), Scale(2)]
    with spot.cached_run(Scale) as scale:
        assert scale.is_cached(2)
