"""Results that can't be read: what is said of them, and how often."""

import warnings
from dataclasses import make_dataclass

import pytest
from beautyspot.damage import REASONS, Damage
from beautyspot.errors import DamagedEntryError, LostBlobError
from beautyspot.notices import Notices
from beautyspot.serializers import MsgpackSerializer


def changed(name: str) -> DamagedEntryError:
    return DamagedEntryError(f"a {name!r} was kept; expected another; give 'note' in {name!r} a default")


def said(errors: list[Exception]) -> list[str]:
    damage = Damage(Notices())
    with warnings.catch_warnings(record=True, action="always") as warned:
        for number, error in enumerate(errors):
            damage.report(f"key-{number}", error)
    assert damage.count == len(errors)
    return [str(each.message) for each in warned]


def test_each_class_that_changed_is_told_of_once() -> None:
    told = said([changed("m.A"), changed("m.A"), changed("m.B"), changed("m.A")])
    assert [("m.A" in each, "m.B" in each) for each in told] == [(True, False), (False, True)]


def test_damaged_bytes_are_told_of_once_whatever_they_hold() -> None:
    assert len(said([DamagedEntryError(f"bytes ({n}) can't be read; expected others; look") for n in range(9)])) == 1
    assert len(said([DamagedEntryError(f"checksum {n}") for n in range(9)])) == 1


def test_who_makes_up_classes_is_not_listened_to_for_ever() -> None:
    assert len(said([changed(f"m.C{number}") for number in range(3 * REASONS)])) == REASONS + 1


def test_what_names_the_next_step_sends_nobody_elsewhere() -> None:
    (changed_class,), (lost,) = said([changed("m.A")]), said([LostBlobError("no blob; expected one; look for it")])
    assert "doctor" not in changed_class
    assert "doctor" in lost


def test_classes_that_nothing_names_are_told_of_one_by_one() -> None:
    writer, errors = MsgpackSerializer(), list[Exception]()
    for name in ("One", "Two"):
        each = make_dataclass(name, ["text"])
        writer.register(each)
        with pytest.raises(DamagedEntryError) as caught:
            MsgpackSerializer().loads(writer.dumps(each("paid")))
        errors.append(caught.value)
    assert [name in message for name, message in zip(("One", "Two"), said(errors), strict=True)] == [True, True]


def test_a_lost_value_is_told_apart_from_a_damaged_one_and_remembered_by_its_key() -> None:
    damage = Damage(Notices())
    with warnings.catch_warnings(record=True, action="always") as warned:
        damage.report("a", LostBlobError("no blob at 'x'; expected one; bring it back"))
        damage.report("b", DamagedEntryError("checksum"))
    assert [str(each.message).partition(" (")[0] for each in warned] == [
        "the row of a is kept, but its value is not found",
        "the kept result b could not be read",
    ]
    assert "bring it back" in str(damage.cause("a"))
    assert "checksum" in str(damage.cause("b"))
    assert damage.cause("c") is None
