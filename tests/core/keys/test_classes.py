"""Classes count by what they declare, and where their name may be another's by all that they say and close over."""

import collections
import dataclasses
import enum
import functools
import threading
import typing
from collections.abc import Callable
from typing import Any

import beautyspot as bs
import pydantic
import pytest
from beautyspot.keys import KeyRegistry
from beautyspot.keys.canonical import Canonical, pack

Make = Callable[[Any], Any]


def key(value: Any) -> bytes:
    return pack(Canonical(KeyRegistry()).form(value))


class Tool:
    prompt = "?"


class Loud:
    end = "!"


class Quiet:
    end = "."


def typed_dict(field: str) -> Any:
    return typing.TypedDict("Schema", {field: int})  # type: ignore[misc] - the fields are what differs


def named_tuple(field: str) -> Any:
    return collections.namedtuple("Row", field)  # type: ignore[misc] - as above


def attrs_class(field: str) -> Any:
    return pytest.importorskip("attr").make_class("Record", [field])


def model(kind: Any) -> Any:
    return pydantic.create_model("Model", items=(kind, ...))


def made_by_type(prompt: str) -> Any:
    return type("Made", (Tool,), {"prompt": prompt})


@pytest.mark.parametrize(
    ("make", "one", "other"),
    [
        *((make, "a", "b") for make in (typed_dict, named_tuple, attrs_class, made_by_type)),
        (model, list[int], tuple[int, ...]),
    ],
)
def test_a_class_of_the_same_name_counts_by_what_it_declares(make: Make, one: Any, other: Any):
    assert key(make(one)) == key(make(one)) != key(make(other))


def with_base(number: int) -> Any:
    base: Any = (Loud, Quiet)[number]

    class Local(base, Tool): ...

    return Local


def with_call(number: int) -> Any:
    class Local:
        def __call__(self) -> int:
            return number

    return Local


def with_annotation(number: int) -> Any:
    class Local:
        x: (int, str)[number]  # type: ignore[valid-type] - it is what differs

    return Local


def with_setter(number: int) -> Any:
    class Local:
        def _set(self, value: int) -> None:
            self.value = value + number

        x = property(None, _set)
        del _set

    return Local


def with_factory(number: int) -> Any:
    @dataclasses.dataclass(order=True)
    class Local:
        x: list[int] = dataclasses.field(default_factory=lambda: [number])

    return Local


def with_partial_method(number: int) -> Any:
    class Local:
        def _add(self, more: int) -> int:
            return more

        add = functools.partialmethod(_add, number)

    return Local


def with_dispatch(number: int) -> Any:
    class Local:
        @functools.singledispatchmethod
        def add(self, more: Any) -> Any:
            return number

    return Local


def with_choice(number: int) -> Any:
    class Local:
        @functools.singledispatchmethod
        def add(self, more: Any) -> Any:
            return more

        add.register(int)(lambda _, more: more + number)

    return Local


MAKES = (
    with_base,
    with_call,
    with_annotation,
    with_setter,
    with_factory,
    with_partial_method,
    with_dispatch,
    with_choice,
)


@pytest.mark.parametrize("make", MAKES)
def test_a_local_class_counts_by_what_its_body_says(make: Make):
    assert key(make(0)) == key(make(0)) != key(make(1))


def dataclass(number: Any) -> Any:
    @dataclasses.dataclass(frozen=True, order=True)
    class Local:
        x: int = 0

        def answer(self) -> Any:
            return number

    return Local()


def cached(number: int) -> Any:
    @dataclasses.dataclass
    class Local:
        @functools.cached_property
        def answer(self) -> int:
            return number

    return Local()


def validated(number: int) -> Any:
    class Local(pydantic.BaseModel):
        x: int = 0

        @pydantic.field_validator("x")
        @classmethod
        def answer(cls, value: int) -> int:
            return value + number

    return Local()


def named(number: int) -> Any:
    class Local(typing.NamedTuple):
        x: int = 0

        def answer(self) -> int:
            return number

    return Local()


def enumerated(number: int) -> Any:
    class Local(enum.Flag):
        X = 1

        def answer(self) -> int:
            return number

    return Local.X


def listed(number: int) -> Any:
    class Local(list[int]):
        def answer(self) -> int:
            return number

    return Local([1])


def attributed(number: int) -> Any:
    attr = pytest.importorskip("attr")

    @attr.define
    class Local:
        x: int = 0

        def answer(self) -> int:
            return number

    return Local()


@pytest.mark.parametrize("make", [dataclass, cached, validated, named, enumerated, listed, attributed])
def test_an_instance_of_a_local_class_counts_by_what_its_methods_close_over(make: Make):
    assert key(make(0)) == key(make(0)) != key(make(1))
    assert key(type(make(0))) == key(type(make(0))) != key(type(make(1)))


def test_a_method_of_a_local_class_answers_for_its_own_prompt(spot: bs.Spot):
    def agent(prompt: str) -> Any:
        @dataclasses.dataclass
        class Agent:
            name: str

            def full(self, question: str) -> str:
                return prompt + question

            @spot.mark
            def ask(self, question: str) -> str:
                return self.full(question)

        return Agent("x")

    assert [agent(prompt).ask("q") for prompt in ("A:", "B:", "A:")] == ["A:q", "B:q", "A:q"]
    assert agent("A:").ask.cache_info().hits == 1


class Client:
    def __init__(self, tenant: str) -> None:
        self.tenant, self.lock = tenant, threading.Lock()


def test_a_client_that_a_local_class_closes_over_counts_by_its_attributes():
    assert key(dataclass(Client("ann"))) == key(dataclass(Client("ann"))) != key(dataclass(Client("bob")))
    assert key(dataclass(threading.Lock())) == key(dataclass(threading.Lock()))


def test_a_variable_of_a_local_class_counts_as_that_of_a_closure():
    log, limit = list[int](), 1

    @dataclasses.dataclass
    class Local:
        def answer(self) -> int:
            return limit + len(log)

    registry, local = KeyRegistry(), Local()
    keys = [pack(Canonical(registry).form(local))]
    log.append(1)
    keys.append(pack(Canonical(registry).form(local)))
    limit = 2
    keys.append(pack(Canonical(registry).form(local)))
    Local.more = 1  # type: ignore[attr-defined]
    keys.append(pack(Canonical(registry).form(local)))
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


def test_local_classes_that_lead_to_one_another_are_keyed():
    def pair(number: int) -> Any:
        @dataclasses.dataclass
        class One:
            def other(self) -> Any:
                return Two(), two, number

        @dataclasses.dataclass
        class Two:
            def other(self) -> Any:
                return One(), one

        one, two = One(), Two()
        return one, two

    assert key(pair(1)) == key(pair(1)) != key(pair(2))
    assert key(pair(1)[1]) == key(pair(1)[1]) != key(pair(2)[1])
