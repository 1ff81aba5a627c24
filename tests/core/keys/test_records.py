"""Classes with fields are keyed by their fields, and by nothing else that an instance carries."""

import dataclasses
import functools
import threading
import time
import types
import uuid
from datetime import datetime
from typing import Any

import beautyspot as bs
import pydantic
import pytest
import sqlmodel
from beautyspot.keys import KeyRegistry
from beautyspot.keys.canonical import Canonical, pack


def key(value: Any) -> bytes:
    return pack(Canonical(KeyRegistry()).form(value))


def test_cached_properties_and_sqlalchemy_state_of_a_model_have_no_part():
    class Model(pydantic.BaseModel):
        x: int = 1

        @functools.cached_property
        def slow(self) -> int:
            return self.x

    model = Model()
    before = key(model)
    assert model.slow == 1
    assert key(model) == before


def test_rows_that_a_commit_expired_are_keyed_by_what_the_database_holds():
    class Row(sqlmodel.SQLModel, table=True):
        id: int = sqlmodel.Field(primary_key=True)
        text: str

    engine = sqlmodel.create_engine("sqlite://")
    Row.metadata.tables["row"].create(engine)
    with sqlmodel.Session(engine) as session:
        one, two = Row(id=1, text="a"), Row(id=2, text="b")
        before = key(one)
        session.add_all([one, two])
        session.commit()
        assert before == key(one) != key(two)
    engine.dispose()


def test_an_attrs_class_is_keyed_by_its_attributes():
    class Record:
        __attrs_attrs__ = (types.SimpleNamespace(name="x"),)

        def __init__(self, x: int) -> None:
            self.x = x

    assert key(Record(1)) == key(Record(1)) != key(Record(2))


def test_a_dataclass_with_an_unset_field_is_keyed():
    @dataclasses.dataclass
    class Late:
        x: int
        y: int = dataclasses.field(init=False)

    late = Late(1)
    before = key(late)
    late.y = 1
    assert key(late) != before


def test_slots_of_a_parent_class_have_their_part():
    class Parent(dict[Any, Any]):
        __slots__ = ("one",)

    class Child(Parent):
        __slots__ = ("two",)

    a, b = Child(), Child()
    a.one = b.one = a.two = b.two = 1
    assert key(a) == key(b)
    b.one = 2
    assert key(a) != key(b)


class Chat(pydantic.BaseModel):
    """A model with something of everything that is private."""

    model: str = "small"
    _tenant: str = pydantic.PrivateAttr("everybody")
    _history: list[str] = pydantic.PrivateAttr(default_factory=list)
    _options: dict[str, Any] = pydantic.PrivateAttr(default_factory=dict)
    _answers: dict[str, str] = pydantic.PrivateAttr(default_factory=dict)
    _asked: int = 0
    _paid: float = 0.0
    _lock: Any = pydantic.PrivateAttr(default_factory=threading.Lock)
    _made: datetime = pydantic.PrivateAttr(default_factory=datetime.now)
    _id: uuid.UUID = pydantic.PrivateAttr(default_factory=lambda: uuid.uuid4())
    _begun: float | None = None

    def model_post_init(self, context: Any, /) -> None:
        self._begun = time.monotonic()

    def ask(self, question: str) -> None:
        self._asked += 1
        self._paid += 0.1
        self._answers[question] = question.upper()

    def say(self, text: str) -> None:
        self._history.append(text)

    def choose(self, name: str, value: Any) -> None:
        self._options[name] = value


def changed(**private: Any) -> Chat:
    chat = Chat()
    for name, value in private.items():
        setattr(chat, name, value)
    return chat


@pytest.mark.parametrize("private", [{"_tenant": "ann"}, {"_history": ["hi"]}, {"_options": {"n": 2}}])
def test_a_private_attribute_that_was_given_makes_another_key(private: dict[str, Any]):
    assert key(changed(**private)) != key(Chat())
    assert key(changed(**private)) == key(changed(**private))


def test_a_private_attribute_that_says_its_default_makes_no_other_key():
    assert key(changed(_tenant="everybody", _history=[])) == key(Chat())


def test_a_model_that_was_given_nothing_private_keeps_the_key_of_its_fields():
    class Plain(pydantic.BaseModel):
        model: str = "small"

    Plain.__module__, Plain.__qualname__ = Chat.__module__, Chat.__qualname__
    assert key(Chat()) == key(Plain())


def test_what_methods_are_given_for_private_attributes_makes_another_key():
    said, chosen = Chat(), Chat()
    said.say("hi")
    chosen.choose("n", 2)
    assert len({key(Chat()), key(said), key(chosen)}) == 3


def test_caches_counters_moments_and_locks_of_a_model_make_no_other_key():
    chat = Chat()
    before = key(chat)
    chat.ask("why?")
    assert key(chat) == before == key(Chat())


class Node(pydantic.BaseModel):
    """A tree whose leaves know their parent."""

    name: str
    parts: list["Node"] = []
    _parent: "Node | None" = None

    def model_post_init(self, context: Any, /) -> None:
        for part in self.parts:
            part._parent = self


def test_models_that_lead_back_to_their_parents_are_keyed_by_their_fields_in_time():
    def tree(name: str, depth: int) -> Node:
        return Node(name=name, parts=[tree(f"{name}{each}", depth - 1) for each in range(3)] if depth else [])

    assert key(tree("a", 5)) == key(tree("a", 5)) != key(tree("b", 5))
    assert key(tree("a", 2).parts[0]) == key(tree("a", 2).parts[0])


def test_a_field_that_is_a_parameters_default_counts_by_what_it_says():
    def says(default: int, **more: Any) -> Any:
        return pydantic.Field(default=default, **more)

    assert key(says(1, ge=0)) == key(says(1, ge=0))
    assert len({key(says(1)), key(says(2)), key(says(1, description="n")), key(1)}) == 4


def test_below_validate_call_a_default_in_a_field_is_no_trouble():
    with bs.Spot("fields", db="memory://") as spot:

        @spot.mark
        @pydantic.validate_call
        def times(text: str, n: int = pydantic.Field(default=3, ge=1)) -> str:
            return text * n

        assert (times("a"), times("a", 2), times("a"), times.cache_info().hits) == ("aaa", "aa", "aaa", 1)
