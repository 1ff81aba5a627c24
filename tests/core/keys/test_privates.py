"""Private attributes of pydantic models: what was given makes another key, the traces of a model's work do not."""

import threading
import time
import uuid
from datetime import date, datetime
from typing import Any

import beautyspot as bs
import pydantic
import pytest
from beautyspot.keys import KeyRegistry
from beautyspot.keys.canonical import Canonical, pack


def key(value: Any) -> bytes:
    return pack(Canonical(KeyRegistry()).form(value))


class Chat(pydantic.BaseModel):
    """A model with something of everything that is private."""

    model: str = "small"
    _tenant: str = pydantic.PrivateAttr("everybody")
    _history: list[str] = pydantic.PrivateAttr(default_factory=list)
    _options: dict[str, Any] = pydantic.PrivateAttr(default_factory=dict)
    _page: int = 1
    _size: int = 0
    _asked: int = 0
    _paid: float = 0.0
    _lock: Any = pydantic.PrivateAttr(default_factory=threading.Lock)
    _day: date = pydantic.PrivateAttr(default_factory=lambda: datetime(2026, 1, 1).date())
    _made: datetime = pydantic.PrivateAttr(default_factory=datetime.now)
    _id: uuid.UUID = pydantic.PrivateAttr(default_factory=uuid.uuid4)
    _session: str = pydantic.PrivateAttr(default_factory=lambda: uuid.uuid4().hex)
    _begun: float | None = None

    def model_post_init(self, context: Any, /) -> None:
        self._begun = time.monotonic()

    def ask(self) -> None:
        self._asked += 1
        self._paid += 0.1

    def say(self, text: str) -> None:
        self._history.append(text)

    def choose(self, name: str, value: Any) -> None:
        self._options[name] = f"chosen {value}"

    def turn(self) -> None:
        self._page += 1

    def grow(self, size: int) -> None:
        self._size = size
        self._size += 1


def changed(**private: Any) -> Chat:
    chat = Chat()
    for name, value in private.items():
        setattr(chat, name, value)
    return chat


GIVEN = [
    *({"_tenant": "ann"}, {"_history": ["hi"]}, {"_options": {"n": 2}}, {"_page": 2}, {"_size": 2}),
    *({"_day": date(2020, 1, 1)}, {"_made": datetime(2020, 1, 1)}, {"_session": "ann"}, {"_begun": 2.5}),
    {"_id": uuid.uuid5(uuid.NAMESPACE_URL, "https://example.org")},
]


@pytest.mark.parametrize("private", GIVEN, ids=lambda private: next(iter(private)))
def test_a_private_attribute_that_was_given_makes_another_key(private: dict[str, Any]):
    assert key(changed(**private)) != key(Chat())
    assert key(changed(**private)) == key(changed(**private))


def test_a_private_attribute_that_says_its_default_makes_no_other_key():
    assert key(changed(_tenant="everybody", _history=[])) == key(Chat())


def test_a_model_that_was_given_nothing_private_keeps_the_key_of_its_fields():
    class Plain(pydantic.BaseModel):
        model: str = "small"
        _lock: Any = pydantic.PrivateAttr(default_factory=threading.Lock)

    class Bare(pydantic.BaseModel):
        model: str = "small"

    for kind in (Plain, Bare):
        kind.__module__, kind.__qualname__ = "app", "Model"
    assert key(Plain()) == key(Bare())


def test_what_methods_are_given_for_private_attributes_makes_another_key():
    said, chosen, turned, grown = Chat(), Chat(), Chat(), Chat()
    said.say("hi")
    chosen.choose("n", 2)
    turned.turn()
    grown.grow(2)
    assert len({*map(key, (Chat(), said, chosen, turned, grown))}) == 5


def test_counters_moments_and_locks_of_a_model_make_no_other_key():
    chat = Chat()
    before = key(chat)
    chat.ask()
    assert key(chat) == before == key(Chat())


class Asking(pydantic.BaseModel):
    """A model whose marked method keeps its answers, and says more to whom is logged in."""

    _answers: dict[str, str] = pydantic.PrivateAttr(default_factory=dict)
    _said: list[str] = pydantic.PrivateAttr(default_factory=list)
    _headers: dict[str, str] = pydantic.PrivateAttr(default_factory=dict)

    @bs.Spot("privates", db="memory://").mark
    def ask(self, question: str) -> str:
        self._headers.setdefault("user", "nobody")
        return self.answer(question)

    def answer(self, question: str) -> str:
        said = f"""
{question} {self._headers.get("user")} {self._said}
"""
        return self._answers.setdefault(question, said.strip())

    @bs.Spot("privates", db="memory://").mark
    def say(self, text: str) -> None:
        self._said.append(text)

    def login(self, user: str) -> None:
        self._headers["user"] = user


def test_what_marked_methods_keep_for_themselves_makes_no_other_key():
    asking = Asking()
    first = asking.ask("warm")
    assert [asking.ask(question) for question in ("a", "b", "a", "b")] == ["a nobody []", "b nobody []"] * 2
    assert (asking.ask.cache_info().hits, asking.ask("warm")) == (2, first)


def test_what_other_methods_change_or_lists_hold_makes_another_key():
    asking = Asking()
    keys = [key(asking)]
    asking.say("hi")
    keys.append(key(asking))
    asking.login("ann")
    keys.append(key(asking))
    assert len(set(keys)) == 3


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


class Cell(pydantic.BaseModel):
    """One of a grid, that knows those beside it."""

    tenant: str = "everybody"
    _tenant: str = "everybody"
    _near: list["Cell"] = pydantic.PrivateAttr(default_factory=list)

    def meet(self, *others: "Cell") -> None:
        self._near += others


def test_a_model_in_a_private_attribute_counts_with_its_own():
    for name in ("tenant", "_tenant"):
        cells = [Cell(), Cell(), Cell()]
        cells[0].meet(cells[1])
        cells[1].meet(cells[2])
        before = key(cells[0])
        setattr(cells[2], name, "ann")
        assert key(cells[0]) != before


def test_models_that_lead_to_one_another_are_gone_through_in_time():
    grid = [[Cell(tenant=f"{row},{column}") for column in range(12)] for row in range(12)]
    for row, column in ((row, column) for row in range(12) for column in range(12)):
        near = ((row, column + 1), (row + 1, column), (row, column - 1), (row - 1, column))
        grid[row][column].meet(*(grid[y][x] for y, x in near if 0 <= y < 12 and 0 <= x < 12))
    assert key(grid[0][0]) == key(grid[0][0]) != key(grid[1][1])
