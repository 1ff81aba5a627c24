"""Classes with fields are keyed by their fields, and by nothing else that an instance carries."""

import dataclasses
import functools
import types
from typing import Any

import beautyspot as bs
import pydantic
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
