"""What is met on very many ways is looked at once, and equal values agree however much of them is one object."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pydantic
import pytest
from beautyspot.errors import UnkeyableArgument
from beautyspot.keys import KeyRegistry
from beautyspot.keys.canonical import MOST_RECORDS, Canonical, pack


def key(value: Any) -> bytes:
    return pack(Canonical(KeyRegistry()).form(value))


@dataclasses.dataclass
class Pair:
    left: Any
    right: Any


class Model(pydantic.BaseModel):
    left: Any
    right: Any


BOTH: list[Callable[[Any, Any], Any]] = [
    Pair,
    lambda left, right: Model(left=left, right=right),
    lambda left, right: Pair([left, {"a": right}], {1: right}),
    lambda left, right: Model(left=[left], right={"a": (right,)}),
]


def shared(make: Callable[[Any, Any], Any], leaf: Any, levels: int) -> Any:
    """Return a value that leads to its leaf on 2**levels ways."""
    for _ in range(levels):
        leaf = make(leaf, leaf)
    return leaf


def apart(make: Callable[[Any, Any], Any], leaf: Any, levels: int) -> Any:
    """Return the same without any object that is met twice."""
    return make(apart(make, leaf, levels - 1), apart(make, leaf, levels - 1)) if levels else leaf


@pytest.mark.parametrize("make", BOTH)
def test_a_graph_with_a_thousand_million_ways_has_a_key_at_once(make: Any):
    assert key(shared(make, 1, 30)) == key(shared(make, 1, 30)) != key(shared(make, 2, 30))


@pytest.mark.parametrize("make", BOTH)
def test_equal_values_agree_whichever_parts_are_one_object(make: Any):
    levels = MOST_RECORDS.bit_length()
    for few in (4, levels):
        assert key(shared(make, 1, few)) == key(apart(make, 1, few)) != key(apart(make, 2, few))


def test_what_leads_back_to_itself_is_refused_also_among_very_many():
    value = shared(Pair, 1, 30)
    ring = Pair(value, None)
    ring.right = ring
    with pytest.raises(UnkeyableArgument, match="holds itself"):
        key(ring)
