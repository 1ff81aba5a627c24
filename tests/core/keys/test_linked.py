"""Objects of the program's own that are met again, be it behind themselves."""

from collections.abc import Callable
from typing import Any

import pytest
from beautyspot.keys import KeyRegistry
from beautyspot.keys.canonical import pack
from beautyspot.keys.lenient import Lenient


class Part:
    """Leads to others; `order` is where a set has it, as an address is in another process."""

    def __init__(self, name: str, *parts: Any, order: int = 0) -> None:
        self.name, self.parts = name, list(parts)
        ORDER[id(self)] = order

    def __hash__(self) -> int:
        return ORDER.get(id(self), 0)


ORDER: dict[int, int] = {}


def key(value: Any) -> bytes:
    return pack(Lenient(KeyRegistry()).form(value))


def two(order: int = 0) -> tuple[Part, Part]:
    return Part("small", order=order), Part("large", order=1 - order)


def two_of_one_owner(order: int = 0) -> tuple[Part, Part]:
    small, large = two(order)
    small.parts = large.parts = [Part("owner", small, large)]
    return small, large


HOLDING: dict[str, Callable[[Part, Part, Part], Any]] = {
    "list": lambda one, other, again: [one, other, again],
    "dict": lambda one, other, again: {"a": one, "b": other, "c": again},
    "numbered": lambda one, other, again: {2: one, 1: other, 3: again},
    "set": lambda one, other, again: [{one, other}, again],
    "deep": lambda one, other, again: Part(
        "top", Part("one", one), Part("two", other), {"again": Part("three", again)}
    ),
}


@pytest.mark.parametrize("hold", HOLDING.values(), ids=HOLDING.keys())
@pytest.mark.parametrize("make", [two, two_of_one_owner])
def test_which_object_is_met_again_counts(make: Callable[[], tuple[Part, Part]], hold: Any) -> None:
    (small, large), (like_small, like_large) = make(), make()
    assert key(hold(small, large, small)) == key(hold(like_small, like_large, like_small))
    assert key(hold(small, large, small)) != key(hold(small, large, large))


def test_sets_agree_in_every_process_whatever_is_met_again() -> None:
    keys: list[bytes] = []
    for order in (0, 1):
        small, large = two(order)
        keys += [key([{small, large}, small]), key([{small, large}, large]), key({Part("a", small), Part("b", small)})]
    assert keys[:3] == keys[3:]
    assert len(set(keys)) == 3


def test_which_owner_a_part_leads_back_to_counts() -> None:
    owners = [Part(name) for name in "ab"]
    shared, own = Part("part", owners[0]), Part("part", owners[1])
    keys = list[bytes]()
    for second in (shared, own):
        owners[0].parts, owners[1].parts = [shared], [second]
        keys.append(key(owners))
    assert keys[0] != keys[1]


def test_one_that_leads_to_itself_or_back_ends() -> None:
    ring = [Part("a"), Part("b"), Part("c")]
    for place, part in enumerate(ring):
        part.parts = [part, ring[place - 1], ring]
    assert key(ring) == key(ring) != key(ring[::-1])


def test_very_many_ways_are_gone_once() -> None:
    leaf, owner = Part("leaf"), Part("owner")
    for _ in range(30):
        leaf = Part("both", leaf, leaf)
    owner.parts = [leaf, *(Part(str(place), owner) for place in range(300))]
    everyone = [Part(str(place)) for place in range(50)]
    for part in everyone:
        part.parts = everyone
    assert len(key([leaf, owner, *owner.parts, everyone])) > 0
