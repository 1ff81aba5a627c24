"""Calls that used to break their callers: odd things to mark, and values that a row can't take."""

import functools
from dataclasses import dataclass
from pathlib import Path

import beautyspot as bs
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
