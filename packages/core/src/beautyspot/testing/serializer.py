"""What every serializer promises, as tests to inherit."""

import math
from collections import deque
from collections.abc import Mapping
from typing import Any

import pytest

from beautyspot.errors import DamagedEntryError, SerializationError
from beautyspot.protocols import Serializer

PLAIN_VALUES = [
    None,
    True,
    0,
    -1,
    2**63 - 1,
    -(2**63),
    0.1,
    -0.0,
    math.inf,
    math.nan,
    "",
    "naïve 日本語 \x00",
    b"",
    b"\xc1\x7f",
    [],
    [[], [1, [2.5, "x"]]],
    {},
    {"b": 1, "a": {"c": [None, False]}},
]


def assert_same(one: Any, other: Any, /) -> None:
    """Assert that two values agree in type and value, in every part of them and in the order of dicts."""
    assert type(one) is type(other), (one, other)
    if isinstance(one, float):
        assert math.copysign(1, one) == math.copysign(1, other), (one, other)
        assert one == other or (math.isnan(one) and math.isnan(other)), (one, other)
    elif isinstance(one, complex):
        assert_same([one.real, one.imag], [other.real, other.imag])
    elif isinstance(one, Mapping):
        assert_same([*one.items()], [*other.items()])  # type: ignore[reportUnknownArgumentType] - any value
    elif isinstance(one, set | frozenset):
        assert one == other
        assert {*map(_typed, one)} == {*map(_typed, other)}  # type: ignore[reportUnknownArgumentType] - as above
    elif isinstance(one, list | tuple | deque):
        parts: list[Any] = [*one]  # type: ignore[reportUnknownArgumentType] - as above
        assert len(parts) == len(other), (one, other)
        for part, counterpart in zip(parts, other, strict=True):
            assert_same(part, counterpart)
    else:
        assert one == other, (one, other)


def _typed(item: Any) -> tuple[str, Any]:
    return type(item).__name__, item


class SerializerContract:
    """Inherit it in a test module and override `serializer`.

    >>> class TestMine(SerializerContract):
    ...     @pytest.fixture
    ...     def serializer(self):
    ...         return MySerializer()
    """

    @pytest.fixture
    def serializer(self) -> Serializer:
        """Return the serializer under test."""
        raise NotImplementedError("override the fixture `serializer`")

    @pytest.mark.parametrize("value", PLAIN_VALUES, ids=repr)
    def test_a_plain_value_comes_back_in_type_and_value(self, serializer: Serializer, value: Any) -> None:
        """Every serializer keeps these."""
        assert_same(serializer.loads(serializer.dumps(value)), value)

    def test_bytes_are_given_and_any_buffer_is_taken(self, serializer: Serializer) -> None:
        """A storage may hand over what it has."""
        data = serializer.dumps({"a": 1})
        assert type(data) is bytes
        for buffer in (data, bytearray(data), memoryview(data)):
            assert serializer.loads(buffer) == {"a": 1}

    def test_each_reading_is_a_value_of_its_own(self, serializer: Serializer) -> None:
        """A caller may change what it was given."""
        data = serializer.dumps({"items": [1]})
        serializer.loads(data)["items"].append(2)
        assert serializer.loads(data) == {"items": [1]}

    def test_what_cannot_be_kept_is_a_serialization_error(self, serializer: Serializer) -> None:
        """Not whatever the format's library raises."""
        with pytest.raises(SerializationError):
            serializer.dumps({"lock": object()})

    def test_a_value_that_contains_itself_is_a_serialization_error(self, serializer: Serializer) -> None:
        """Not a RecursionError, and not a crash."""
        value: list[Any] = []
        value.append(value)
        with pytest.raises(SerializationError):
            serializer.dumps(value)

    def test_bytes_that_are_cut_off_are_a_damaged_entry(self, serializer: Serializer) -> None:
        """At every place."""
        data = serializer.dumps({"a": [1, "two", 3.0, b"four"]})
        for length in range(len(data)):
            with pytest.raises(DamagedEntryError):
                serializer.loads(data[:length])
