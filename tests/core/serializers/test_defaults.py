"""A class that gained fields since: what was kept before comes back with their defaults."""

from __future__ import annotations

import enum
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass, field, make_dataclass
from typing import Any

import pydantic.dataclasses
import pytest
from beautyspot.errors import DamagedEntryError
from beautyspot.serializers import MsgpackSerializer
from beautyspot.testing.serializer import assert_same
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, create_model

attrs = pytest.importorskip("attrs")


def first_data(fields: dict[str, Any], **options: Any) -> type:
    """Return a dataclass; a field's value is its default, `...` for none."""
    declared = [(name, Any) if value is ... else (name, Any, value) for name, value in fields.items()]
    return make_dataclass("Answer", declared, **options)


def slotted(fields: dict[str, Any]) -> type:
    return first_data(fields, frozen=True, slots=True)


def attrs_class(fields: dict[str, Any]) -> type:
    defaults = {name: attrs.NOTHING if value is ... else value for name, value in fields.items()}
    return attrs.make_class("Answer", {name: attrs.field(default=default) for name, default in defaults.items()})


def model(fields: dict[str, Any]) -> type:
    return create_model("Answer", **{name: (Any, value) for name, value in fields.items()})


def named_tuple(fields: dict[str, Any]) -> type:
    return namedtuple("Answer", list(fields), defaults=[value for value in fields.values() if value is not ...])


def data_model(fields: dict[str, Any]) -> type:
    return pydantic.dataclasses.dataclass(first_data(fields))


MAKERS = [first_data, slotted, attrs_class, model, named_tuple, data_model]


def reread(value: Any, later: type) -> Any:
    """Keep `value`, and read it where its class is `later`."""
    writer, reader = MsgpackSerializer(), MsgpackSerializer()
    later.__module__ = type(value).__module__
    later.__qualname__ = type(value).__qualname__
    writer.register(type(value))
    reader.register(later)
    return reader.loads(writer.dumps([value]))[0]


@pytest.mark.parametrize("make", MAKERS)
def test_a_field_with_a_default_may_be_new(make: Callable[[dict[str, Any]], type]) -> None:
    before, now = make({"text": ...}), make({"text": ..., "note": "none", "more": ("x",)})
    assert_same(reread(before(text="paid"), now), now(text="paid"))


@pytest.mark.parametrize("make", MAKERS)
def test_a_new_field_without_a_default_says_what_to_do(make: Callable[[dict[str, Any]], type]) -> None:
    before, now = make({"text": ...}), make({"text": ..., "note": ...})
    with pytest.raises(DamagedEntryError, match=r"give 'note' in '.*Answer' a default"):
        reread(before(text="paid"), now)


@pytest.mark.parametrize("make", MAKERS)
def test_a_field_that_went_away_says_what_to_do(make: Callable[[dict[str, Any]], type]) -> None:
    before, now = make({"text": ..., "note": "none"}), make({"text": ..., "remark": "none"})
    with pytest.raises(DamagedEntryError, match=r"take 'note' back into '.*Answer'"):
        reread(before(text="paid"), now)


@pytest.mark.parametrize("make", MAKERS)
def test_a_change_of_order_moves_no_value(make: Callable[[dict[str, Any]], type]) -> None:
    before, now = make({"low": ..., "high": ...}), make({"high": ..., "low": ..., "note": "none"})
    assert_same(reread(before(low=1, high=2), now), now(low=1, high=2))


@dataclass
class Listed:
    text: str
    items: list[str] = field(default_factory=lambda: ["x"])


@attrs.define
class Counted:
    text: str
    letters: int = attrs.field(default=attrs.Factory(lambda self: len(self.text), takes_self=True))
    number: int = attrs.field(default="7", converter=int)
    count: int = 0
    both: str = attrs.field(default="7", converter=attrs.Converter(lambda x, self: x + self.text, takes_self=True))


class Filled(BaseModel):
    text: str
    items: list[str] = Field(default_factory=lambda: ["x"])
    shout: str = Field(default_factory=lambda data: data["text"].upper())


@pytest.mark.parametrize(
    ("make", "now"), [(first_data, Listed), (attrs_class, Counted), (model, Filled)], ids=["data", "attrs", "pydantic"]
)
def test_factories_and_converters_of_new_fields_run(make: Callable[[dict[str, Any]], type], now: type) -> None:
    value = make({"text": ...})(text="paid")
    assert_same(reread(value, now), now("paid") if now is not Filled else now(text="paid"))


def test_a_default_that_could_be_changed_is_shared_with_nobody() -> None:
    value = model({"text": ...})(text="paid")
    first, second = reread(value, Filled), reread(value, Filled)
    first.items.append("mine")
    assert second.items == ["x"]


def test_a_factory_that_fails_makes_a_damaged_entry() -> None:
    def fail() -> Any:
        raise OSError("no network")

    now = first_data({"text": ..., "note": field(default_factory=fail)})
    with pytest.raises(DamagedEntryError, match="no network"):
        reread(first_data({"text": ...})(text="paid"), now)


def test_a_pydantic_field_that_is_new_was_not_set() -> None:
    again = reread(model({"text": ...})(text="paid"), Filled)
    assert again.model_fields_set == {"text"}


def test_a_private_attribute_of_a_model_may_be_new() -> None:
    class Before(BaseModel):
        text: str

    class Now(BaseModel):
        text: str
        _calls: list[int] = PrivateAttr(default_factory=list)
        _limit: int = 3
        _unset: int

    again = reread(Before(text="paid"), Now)
    assert (again._calls, again._limit) == ([], 3)
    assert again == Now(text="paid")


def test_what_a_model_had_beside_its_fields_is_not_replaced_by_a_default() -> None:
    class Before(BaseModel):
        model_config = ConfigDict(extra="allow")
        text: str

    class Now(BaseModel):
        model_config = ConfigDict(extra="allow")
        text: str
        note: str = "none"

    with pytest.raises(DamagedEntryError, match="'note'"):
        reread(Before(text="paid", note=3), Now)  # type: ignore[call-arg] - it allows more


def test_what_an_object_had_beside_its_fields_stays() -> None:
    value = first_data({"text": ...})(text="paid")
    value.note = "set by hand"
    assert reread(value, first_data({"text": ..., "note": "none"})).note == "set by hand"


def test_a_class_that_came_back_reads_what_it_kept() -> None:
    before, now = first_data({"text": ...}), first_data({"text": ..., "note": "none"})
    value = before(text="paid")
    reread(value, now)
    assert_same(reread(value, before), value)


def test_an_enum_may_gain_members() -> None:
    before, now = enum.Enum("Color", ["RED"]), enum.Enum("Color", ["GREEN", "RED"])
    assert reread(before["RED"], now) is now["RED"]
