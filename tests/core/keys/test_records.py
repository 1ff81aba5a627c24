"""Classes with fields are keyed by their fields, and by nothing else that an instance carries."""

import collections
import dataclasses
import datetime
import decimal
import enum
import functools
import threading
import types
from collections.abc import Callable
from typing import Any, NamedTuple

import beautyspot as bs
import numpy
import pydantic
import pytest
import sqlmodel
from beautyspot.errors import UnkeyableArgument
from beautyspot.keys import KeyMaker, KeyRegistry
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
        __attrs_attrs__ = (types.SimpleNamespace(name="x", type=int, default=None, validator=None, converter=None),)

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


@dataclasses.dataclass
class Prompt:
    text: str
    tenant: dataclasses.InitVar[str] = "all"

    def __post_init__(self, tenant: str) -> None:
        if tenant != "all":
            self._where = tenant
            self._lock = threading.Lock()

    @functools.cached_property
    def length(self) -> int:
        return len(self.text)


class ModelPrompt(Prompt):
    def __init__(self, text: str, model: Any) -> None:
        super().__init__(text)
        self.model = model


class Point(NamedTuple):
    x: int


class Measure(Point):
    unit: str


def measure(unit: str) -> Measure:
    point = Measure(1)
    point.unit = unit
    return point


@pytest.mark.parametrize(
    ("one", "again", "other"),
    [
        (Prompt("a", "me"), Prompt("a", "me"), Prompt("a", "you")),
        (ModelPrompt("a", "small"), ModelPrompt("a", "small"), ModelPrompt("a", "large")),
        (
            ModelPrompt("a", ModelPrompt("b", 1)),
            ModelPrompt("a", ModelPrompt("b", 1)),
            ModelPrompt("a", ModelPrompt("b", 2)),
        ),
        (measure("m"), measure("m"), measure("ft")),
    ],
)
def test_what_lies_in_a_record_beside_its_fields_counts(one: Any, again: Any, other: Any):
    assert key(one) == key(again) != key(other)


def test_cached_properties_and_locks_of_a_dataclass_have_no_part():
    prompt, other = Prompt("a"), Prompt("a")
    before = key(prompt)
    vars(other)["lock"] = threading.Lock()
    assert prompt.length == 1
    assert key(prompt) == key(other) == before


@dataclasses.dataclass
class Tree:
    name: int
    children: list["Tree"] = dataclasses.field(default_factory=list["Tree"])


def test_a_tree_whose_children_know_their_parent_is_keyed_in_time():
    root, plain = Tree(0), Tree(0)
    for name in range(500):
        root.children.append(child := Tree(name))
        plain.children.append(Tree(name))
        child.parent = root  # type: ignore[attr-defined]
    assert key(root) == key(plain)


def member(name: str, content: Any) -> Any:
    return getattr(enum.Enum("Style", {name: content}, module=__name__), name)


def test_another_value_of_an_enum_makes_another_key():
    one, again, other = (member("SUM", text) for text in ("Summarise:", "Summarise:", "Condense:"))
    assert key(one) == key(again) != key(other)
    assert key(one) != key(member("SHORT", "Summarise:"))


def test_a_member_whose_value_has_no_content_is_its_name():
    one, again, other = (member(name, object()) for name in ("A", "A", "B"))
    assert key(one) == key(again) != key(other)


def test_what_a_member_holds_beside_its_value_counts():
    def style(prompt: str) -> Any:
        made = member("SUM", 1)
        made.prompt = prompt
        return made

    assert key(style("Summarise:")) == key(style("Summarise:")) != key(style("Condense:"))


@pytest.mark.parametrize("kind", [enum.Flag, enum.IntFlag])
def test_bits_of_a_flag_count_by_name_and_value(kind: Any):
    one = kind("Bits", {"X": 1, "Y": 2}, module=__name__, boundary=enum.KEEP)
    other = kind("Bits", {"Y": 1, "X": 2}, module=__name__, boundary=enum.KEEP)
    assert len({key(flag) for flag in (one.X, one.Y, one(0), one.X | one.Y, one(9), other.X, other.Y)}) == 7
    assert key(one.X | one.Y) == key(one(3))


HOLDERS: dict[str, Callable[[str, Any], Any]] = {
    "dict": lambda text, lock: {"lock": lock, "text": text},
    "keys": lambda text, lock: {1: lock, 2: text},
    "list": lambda text, lock: [lock, text],
    "tuple": lambda text, lock: (lock, text),
    "set": lambda text, lock: {lock, text},
    "record": lambda text, lock: ModelPrompt(text, lock),
    "member": lambda text, lock: member("A", {"text": text, "lock": lock}),
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_what_lies_beside_a_lock_counts(holder: str):
    def held(text: str) -> bytes:
        prompt = Prompt("a")
        prompt.more = HOLDERS[holder](text, threading.Lock())  # type: ignore[attr-defined]
        return key(prompt)

    assert held("b") == held("b") != held("c")


def test_in_a_list_with_a_lock_all_parts_keep_their_place():
    def holding(*parts: Any) -> bytes:
        prompt = Prompt("a")
        prompt.more = list(parts)  # type: ignore[attr-defined]
        return key(prompt)

    lock = threading.Lock()
    assert len({holding(lock, "b"), holding("b", lock), holding("b"), holding(["b"], lock)}) == 4
    assert holding(lock, [threading.Lock()]) == holding(lock) == key(Prompt("a")) != holding()


def test_what_lies_too_deep_in_a_record_refuses_it():
    prompt, deep = Prompt("a"), [1]
    for _ in range(2000):
        deep = [deep]
    prompt.more = deep  # type: ignore[attr-defined]
    with pytest.raises(UnkeyableArgument, match="holds itself or is nested too deep"):
        KeyMaker(key).key((prompt,), {})


def on_top_of(kind: Any, value: Any, *, of_attrs: bool = False) -> Any:
    namespace = {"__annotations__": {"note": str}, "note": "", "__module__": __name__}
    plain = type("Value", (kind,), namespace)
    record = pytest.importorskip("attr").s(plain, auto_attribs=True) if of_attrs else dataclasses.dataclass(plain)
    return value(record)


VALUES: dict[str, tuple[Any, Callable[[Any, int], Any]]] = {
    "decimal": (decimal.Decimal, lambda kind, n: decimal.Decimal.__new__(kind, n)),
    "date": (datetime.date, lambda kind, n: datetime.date.__new__(kind, 2026, 1, n)),
    "ordered": (collections.OrderedDict, lambda kind, n: _filled(kind, n)),
    "dict": (dict, lambda kind, n: _filled(kind, n)),
    "array": (numpy.ndarray, lambda kind, n: numpy.full(2, n).view(kind)),
}


def _filled(kind: Any, n: int) -> Any:
    made = kind.__new__(kind)
    made[n] = n
    return made


@pytest.mark.parametrize("of_attrs", [False, True])
@pytest.mark.parametrize("name", VALUES)
def test_a_record_that_is_a_value_as_well_counts_by_both(name: str, of_attrs: bool):
    kind, made = VALUES[name]

    def record(n: int, note: str = "") -> Any:
        value = on_top_of(kind, lambda cls: made(cls, n), of_attrs=of_attrs)  # type: ignore[reportUnknownLambdaType] - any
        value.note = note
        return value

    assert key(record(1)) == key(record(1)) != key(record(2))
    assert key(record(1)) != key(record(1, "other"))
