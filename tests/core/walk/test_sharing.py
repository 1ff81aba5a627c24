"""What clears one function doesn't take the results of others that have its name."""

import subprocess
import sys
from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest

Clear = Callable[[bs.Spot, Any], int]

CLEARS = [
    pytest.param(lambda _, marked: marked.cache_clear(), id="cache_clear"),
    pytest.param(lambda spot, marked: spot.invalidate(function=marked), id="invalidate"),
]


@pytest.fixture
def spot() -> bs.Spot:
    return bs.Spot(db="memory://", storage="memory://")


def add(x: int, y: int) -> int:
    return x + y


def adder(n: int) -> Callable[[int], int]:
    def inner(x: int) -> int:
        return n + x

    return inner


def times(n: int) -> Any:
    def decorate(function: Any) -> Any:
        @wraps(function)
        def wrapper(*args: int) -> int:
            return n * function(*args)

        return wrapper

    return decorate


PAIRS = [
    pytest.param(lambda x: x + 1, lambda x: x * 2, id="lambdas"),
    pytest.param(adder(1), adder(2), id="closures of one factory"),
    pytest.param(partial(add, 1), partial(add, 2), id="partials"),
    pytest.param(times(2)(add), times(3)(add), id="decorated differently"),
]


@pytest.mark.parametrize("clear", CLEARS)
@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_clearing_one_of_several_functions_of_a_name_is_refused(spot: bs.Spot, one: Any, other: Any, clear: Clear):
    marked, kept = spot.mark(one), spot.mark(other)
    args = (1, 2) if hasattr(other, "__wrapped__") else (1,)
    kept(*args)
    with pytest.raises(bs.ConfigurationError, match=r"several functions are named .*test_sharing.py:\d+"):
        clear(spot, marked)
    assert kept.is_cached(*args)


def test_a_partial_function_has_the_name_of_the_whole_one(spot: bs.Spot):
    part, whole = spot.mark(partial(add, 1)), spot.mark(add)
    whole(5, 5)
    with pytest.raises(bs.ConfigurationError, match="with some of its arguments"):
        part.cache_clear()
    assert whole.is_cached(5, 5)


def test_all_functions_of_a_name_are_cleared_by_the_name(spot: bs.Spot):
    one, other = spot.mark(adder(1)), spot.mark(adder(2))
    one(1), other(1)
    assert spot.invalidate(function=f"{adder.__module__}.adder.<locals>.inner") == 2


def test_the_only_function_that_is_left_of_a_name_is_cleared(spot: bs.Spot):
    one, other = spot.mark(adder(1)), spot.mark(adder(2))
    one(1), other(1)
    del other
    assert one.cache_clear() == 2


def test_a_function_that_was_made_anew_by_the_same_call_is_the_same(spot: bs.Spot):
    one, again = spot.mark(adder(1)), spot.mark(adder(1))
    one(1)
    assert again.cache_clear() == 1


def test_every_version_of_a_function_is_cleared(spot: bs.Spot):
    first, second = spot.mark(version="1")(add), spot.mark(version="2")(add)
    first(1, 2), second(1, 2)
    assert first.cache_clear() == 2


NOTEBOOK = """
import beautyspot as bs
spot = bs.Spot(db="memory://", storage="memory://")
edits = []
for code in ("x", "x + 1"):
    exec("@spot.mark\\ndef f(x): return " + code)
    g = spot.mark(eval("lambda x: " + code))
    f(1), g(1)
    edits.append(f)
print(edits[0].cache_clear(), g.cache_clear())
"""


def test_what_a_notebook_kept_before_an_edit_is_cleared(workspace: Path):
    done = subprocess.run([sys.executable, "-c", NOTEBOOK], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("2 2\n", "")
