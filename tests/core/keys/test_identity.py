"""Functions whose name does not say which they are: lambdas, closures, decorated ones."""

import functools
import logging
import threading
import time
import timeit
from collections.abc import Callable
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.errors import ConfigurationError, UnkeyableArgument
from beautyspot.keys import KeyMaker


def adder(n: Any) -> Callable[[int], Any]:
    return lambda x: x + n


def key(function: Any, **options: Any) -> str:
    return KeyMaker(function, **options).key((1,), {})


def test_two_lambdas_differ_and_one_agrees_with_itself():
    assert key(lambda x: x) != key(lambda x: x + 1)
    assert key(adder(1)) == key(adder(1))


def test_two_closures_of_one_factory_differ_by_what_they_close_over():
    assert len({key(adder(n)) for n in (1, 2, 1.0, "1", [1])}) == 5


def test_the_closure_is_taken_when_the_function_is_marked():
    box = [1]
    maker = KeyMaker(adder(box))
    box.append(2)
    assert maker.key((1,), {}) == key(adder([1]))


def test_a_closure_without_content_is_refused_by_name_when_marked():
    with pytest.raises(UnkeyableArgument, match=r"closes over 'n', .*_thread.lock has no content.*ignore=\('n',\)"):
        KeyMaker(adder(threading.Lock()))


def test_an_ignored_free_variable_has_no_part():
    assert key(adder(threading.Lock()), ignore=("n",)) == key(adder(2), ignore=("n",))
    with pytest.raises(ConfigurationError, match="known: x, n"):
        KeyMaker(adder(1), ignore=("m",))


def test_a_default_of_a_lambda_counts_as_its_argument():
    def make(n: int) -> Any:
        return lambda x, n=n: x + n

    assert key(make(1)) != key(make(2))
    assert KeyMaker(make(1)).key((1, 5), {}) == KeyMaker(make(2)).key((1, 5), {})


def test_a_local_function_may_call_itself_before_and_after_it_is_marked():
    def make(marked: bool) -> KeyMaker:
        def fact(n: int) -> int:
            return n and n * fact(n - 1)

        maker = KeyMaker(fact)
        if marked:
            inner = fact
            fact = functools.wraps(inner)(lambda *args: inner(*args))
        return maker

    assert make(False).key((1,), {}) == make(False).key((1,), {})
    assert make(True).key((1,), {}) == make(True).key((1,), {})


def test_cells_that_are_empty_when_marked_are_taken_at_the_first_call():
    def make(n: int) -> KeyMaker:
        maker = KeyMaker(lambda x: x + later)
        later = n
        return maker

    assert make(1).key((1,), {}) != make(2).key((1,), {})


def test_a_local_function_may_close_over_a_spot_and_over_marked_functions(spot: bs.Spot):
    @spot.mark
    def inner(x: int) -> int:
        return x

    @spot.mark
    @spot.limiter(cost=1)
    def outer(x: int) -> int:
        assert spot is not None
        return inner(x) + 1

    assert outer.key(1) == outer.key(1) != inner.key(1)
    assert outer(1) == 2


def plain(x: int) -> int:
    return x


def times(function: Any, n: Any) -> Any:
    @functools.wraps(function)
    def wrapper(*args: Any) -> Any:
        return function(*args) * n

    return wrapper


def test_what_a_decorator_was_told_is_told_apart():
    assert key(times(plain, 2)) == key(times(plain, 2)) != key(times(plain, 3))
    assert len({key(plain), key(times(plain, 2)), key(times(times(plain, 2), 2))}) == 3


def test_a_decorators_locks_and_functions_do_not_refuse_a_named_function():
    assert key(times(plain, threading.Lock())) == key(times(plain, threading.Lock()))
    assert key(times(plain, key)) != key(times(plain, plain))


class Setting:
    def __init__(self, n: int) -> None:
        self.n, self.lock, self.itself = n, threading.Lock(), self
        self.begun_s = time.monotonic()

    def __call__(self, function: Callable[[int], int]) -> Callable[[int], int]:
        return self.wrap(function)

    def wrap(self, function: Callable[[int], int]) -> Callable[[int], int]:
        @functools.wraps(function)
        def wrapper(x: int) -> int:
            return function(x) * self.n

        return wrapper

    def times(self, x: int) -> int:
        return x * self.n


class Slots:
    __slots__ = ("n",)

    def __init__(self, n: int) -> None:
        self.n = n


SETTINGS: dict[str, Callable[[int], Any]] = {
    "an object that decorates": lambda n: Setting(n)(plain),
    "a method that decorates": lambda n: Setting(n).wrap(plain),
    "an object among the settings": lambda n: times(plain, Slots(n)),
    "an object's method among the settings": lambda n: times(plain, Setting(n).times),
    "a setting beside a lock": lambda n: times(plain, {"n": n, "lock": threading.Lock()}),
    "a setting of an object in a list": lambda n: times(plain, [Setting(n), threading.Lock()]),
}


@pytest.mark.parametrize("kind", SETTINGS)
def test_a_decorators_setting_counts_beside_what_has_no_content(kind: str):
    decorated = SETTINGS[kind]
    assert key(decorated(2)) != key(decorated(3))
    assert key(decorated(2)) == key(decorated(2))


def test_objects_that_all_lead_to_one_another_are_looked_at_once():
    settings = [Setting(n) for n in range(40)]
    for setting in settings:
        setting.itself = settings  # type: ignore[assignment]
    assert key(settings[0](plain)) != key(settings[1](plain))


def test_settings_that_are_too_deep_for_a_form_keep_no_function_from_its_mark():
    first = last = Setting(0)
    for n in range(5000):
        last.itself = last = Setting(n)
    endless: list[Any] = []
    endless.append(endless)
    assert key(first(plain)) == key(first(plain))
    assert key(times(plain, endless)) == key(times(plain, endless))


def test_what_a_librarys_object_holds_does_not_count():
    one, other = (logging.Logger("a", level) for level in (10, 20))
    assert key(times(plain, one)) == key(times(plain, other))


def test_super_in_a_local_method_is_no_free_variable():
    class Base:
        def run(self, x: int) -> int:
            return x

    class Child(Base):
        def run(self, x: int) -> int:
            return super().run(x) + 1

    maker = KeyMaker(Child.run, ignore=("self",))
    assert maker.key((Child(), 1), {}) == maker.key((Child(), 1), {})


def test_a_variable_that_is_given_another_value_makes_another_key_and_the_old_value_the_old_one():
    value = "small"
    maker = KeyMaker(lambda x: (value, x))
    keys = {}
    for value in ("small", "big", "small", [], "".join("big")):
        keys.setdefault(str(value), set()).add(maker.key((1,), {}))
    assert [len(found) for found in keys.values()] == [1, 1, 1]
    assert len(set.union(*keys.values())) == 3


def test_a_variable_of_a_function_that_is_closed_over_counts_as_well():
    def prompt(text: str) -> str:
        return f"{style} {text}"

    maker = KeyMaker(lambda x: prompt(x))
    style = "short"
    short = maker.key(("a",), {})
    style = "long"
    assert maker.key(("a",), {}) != short


def test_what_a_function_counts_in_a_variable_of_its_own_makes_no_other_key():
    calls = turns = 0

    def tick() -> None:
        nonlocal turns
        turns += 1

    def counted(x: int) -> int:
        nonlocal calls
        calls += 1
        tick()
        return x

    maker = KeyMaker(counted)
    before = maker.key((1,), {})
    counted(1)
    assert (maker.key((1,), {}), calls, turns) == (before, 1, 1)


def test_a_new_value_without_content_is_refused_by_name_at_each_call():
    value: Any = 1
    maker = KeyMaker(lambda x: (value, x))
    known = maker.key((1,), {})
    value = threading.Lock()
    for _ in range(2):
        with pytest.raises(UnkeyableArgument, match="closes over 'value'"):
            maker.key((1,), {})
    value = 1
    assert maker.key((1,), {}) == known


def test_a_variable_that_is_emptied_after_the_first_call_makes_another_key():
    value = 1
    function: Any = lambda x: (value, x)  # noqa: E731 - its cell is wanted
    maker = KeyMaker(function)
    known = maker.key((1,), {})
    del function.__closure__[0].cell_contents
    assert maker.key((1,), {}) == maker.key((1,), {}) != known


def test_a_long_list_that_is_closed_over_is_looked_through_about_as_fast_as_it_is_keyed():
    texts = [str(number) for number in range(200_000)]

    def search(number: int) -> str:
        return texts[number]

    def seconds(step: Callable[[], object]) -> float:
        return min(timeit.repeat(step, timer=time.process_time, number=1, repeat=3))

    as_argument = KeyMaker(adder).key
    assert seconds(lambda: KeyMaker(search)) < 2 * seconds(lambda: as_argument((texts,), {}))
