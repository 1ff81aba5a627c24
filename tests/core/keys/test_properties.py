"""Keys of anything that plain data can be: equal just when contents are."""

import math
from typing import Any

from beautyspot.keys import KeyMaker, KeyRegistry
from beautyspot.keys.canonical import Canonical, pack
from hypothesis import given, settings
from hypothesis import strategies as st


def key(value: Any) -> bytes:
    return pack(Canonical(KeyRegistry()).form(value))


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
VALUES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=4)
        | st.frozensets(st.integers() | st.text(max_size=3), max_size=4)
    ),
    max_leaves=12,
)


def spelled(value: Any) -> Any:
    """Return what tells values apart without our code: their types and contents, unordered where they are."""
    if isinstance(value, float):
        return "float", "nan" if math.isnan(value) else value.hex()
    if isinstance(value, (list, tuple)):
        return type(value).__name__, tuple(map(spelled, value))
    if isinstance(value, dict):
        return "dict", frozenset((spelled(name), spelled(item)) for name, item in value.items())
    if isinstance(value, frozenset):
        return "frozenset", frozenset(map(spelled, value))
    return type(value).__name__, value


@settings(max_examples=150, deadline=None)
@given(VALUES, VALUES)
def test_keys_are_equal_just_when_contents_are(one: Any, two: Any):
    assert (key(one) == key(two)) == (spelled(one) == spelled(two))


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text() | st.integers() | st.booleans(), VALUES, max_size=6), st.randoms())
def test_a_dict_in_any_order_has_one_key(content: dict[Any, Any], random: Any):
    items = list(content.items())
    random.shuffle(items)
    assert key(dict(items)) == key(content)


@settings(max_examples=60, deadline=None)
@given(st.lists(VALUES, min_size=2, max_size=2))
def test_a_call_by_name_has_the_key_of_the_call_by_position(values: list[Any]):
    def f(a: Any, b: Any) -> None: ...

    make = KeyMaker(f).key
    assert make(tuple(values), {}) == make((), {"b": values[1], "a": values[0]})
