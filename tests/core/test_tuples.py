"""The stand-in for `typing.NamedTuple` makes what that would make."""

import pickle
import typing

import pytest
from beautyspot.records import Entry
from beautyspot.tuples import NamedTuple


class Pair(NamedTuple):
    """Two."""

    left: int
    right: int = 2

    def total(self) -> int:
        """Return the sum."""
        return self.left + self.right


class TypedPair(typing.NamedTuple):
    """Two."""

    left: int
    right: int = 2

    def total(self) -> int:
        """Return the sum."""
        return self.left + self.right


@pytest.mark.parametrize("name", ["_fields", "_field_defaults", "__doc__", "__module__", "__bases__"])
def test_a_record_is_what_typing_would_make(name: str) -> None:
    assert getattr(Pair, name) == getattr(TypedPair, name)


def test_a_record_has_its_methods_and_its_name() -> None:
    assert Pair(1).total() == TypedPair(1).total() == 3
    assert repr(Pair(1)) == "Pair(left=1, right=2)"
    assert typing.get_type_hints(Pair) == {"left": int, "right": int}


def test_a_record_can_be_pickled() -> None:
    entry = Entry("DIRECT_BLOB", b"x", None, None, 1.0)
    assert pickle.loads(pickle.dumps(entry)) == entry
