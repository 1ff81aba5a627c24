"""Attributes in which a class counts or lists its own calls."""

import gc
from collections import Counter, deque
from typing import Any
from weakref import ref

import pytest
from beautyspot.keys.counted import asked_by, counted_by, counts_of, share_counts


class Model:
    def __init__(self) -> None:
        self.calls, self.style, self.asked, self.by_word = 0, "plain", list[str](), Counter[str]()
        self.usage: dict[str, Any] = {"tokens": {}}
        self.spent = 0.0
        self.made = 0

    def ask(self, prompt: str) -> str:
        self.calls += 1
        self.asked.append(prompt)
        self.by_word.update(prompt.split())
        self.usage["tokens"][prompt] = len(prompt)
        return self._given(prompt)

    def _given(self, prompt: str) -> str:
        self.spent = self.spent + 0.5
        other = Model()
        other.made += 1
        self.last = prompt
        if prompt == "be rude":
            self.style = "rude"
        return self.style

    def restyle(self, more: str) -> None:
        self.style += more


class Louder(Model):
    def ask(this, prompt: str) -> str:  # noqa: N805 - a name of the user's
        this.shouts -= 1
        return super().ask(prompt)


def test_what_a_call_counts_or_lists_is_found_also_in_the_methods_that_it_calls() -> None:
    assert counted_by(Model, ("ask",)) == {"calls", "asked", "by_word", "usage", "spent"}


def shown(method: Any) -> Any:
    def call(*args: Any) -> Any:
        return method(*args)

    return call


def test_a_decorator_hides_nothing() -> None:
    class Shown(Model):
        ask = shown(Model.ask)

    assert counted_by(Shown, ("ask",)) == counted_by(Model, ("ask",))


def test_parents_and_other_names_of_self_are_read() -> None:
    assert counted_by(Louder, ("ask",)) == {"calls", "asked", "by_word", "usage", "spent", "shouts"}


class Prompted:
    calls = 0

    def ask(self, question: str) -> str:
        self.calls += 1
        prompt = """
Answer in one line.
"""
        return prompt + question


def test_a_prompt_at_the_margin_hides_nothing() -> None:
    assert counted_by(Prompted, ("ask",)) == {"calls"}


def test_what_only_other_methods_change_is_a_setting() -> None:
    assert "style" in counted_by(Model, ("restyle",))
    assert counted_by(Model, ("__init__", "absent")) == frozenset()


def test_a_class_without_source_counts_nothing() -> None:
    world: dict[str, Any] = {}
    exec("class Typed:\n    def ask(self): self.n += 1", world)
    assert counted_by(world["Typed"], ("ask",)) == frozenset()


@pytest.mark.parametrize("kind", [int, Counter, type("Odd", (), {"ask": lambda self: self, "more": 1})])
def test_classes_of_any_kind_are_read(kind: type[Any]) -> None:
    assert counted_by(kind, ("ask", "more", "__add__", "update")) <= {"ask"}


class Office:
    clerks: Any
    chief: Any

    def answer(self, question: str) -> Any:
        return self.chief.think(self._delegate(question))

    def _delegate(self, question: str) -> Any:
        return self.clerks[0].search(question)

    def hire(self, clerk: Any) -> None:
        self.clerks.append(clerk)


def test_what_a_class_calls_of_its_attributes_is_read_from_the_methods_that_are_called():
    asked = {name: asked_by(Office, ("answer",), name) for name in ("chief", "clerks", "desk")}
    assert asked == {"chief": ("think",), "clerks": ("search",), "desk": ()}


class Asker:
    """Counts, lists and adds to whatever it was given."""

    tries = 0

    def __init__(self, *, number: Any = 0, items: Any = ()) -> None:
        self.number, self.items = number, items if items != () else list[str]()

    def ask(self, prompt: str) -> None:
        self.tries += 1
        self.number += 1
        getattr(self.items, "append", self.items.__iadd__)(prompt)

    def listed(self) -> None:
        self.items.append("listed")


def counts(asker: Any) -> frozenset[str]:
    return counts_of(asker, vars(asker), ("ask", "listed"))


@pytest.mark.parametrize("items", [(), deque[str]()])
def test_what_began_at_nothing_counts_ever_after(items: Any) -> None:
    asker = Asker(items=items)
    before = counts(asker)
    asker.ask("a")
    assert counts(asker) == before == {"tries", "number", "items"}


@pytest.mark.parametrize("number", [1, -1, 0.0, 0.5, True, False, None])
@pytest.mark.parametrize("items", [["be rude"], deque(["be rude"]), "", None])
def test_what_may_have_been_given_is_a_setting(number: Any, items: Any) -> None:
    asker = Asker(number=number, items=items)
    assert counts(asker) == {"tries"}
    asker.number, asker.items = 0, []
    assert counts(asker) == {"tries"}


def test_a_collection_that_takes_the_place_of_another_is_a_setting_unless_it_is_empty() -> None:
    asker = Asker()
    assert "items" in counts(asker)
    asker.items = []
    assert "items" in counts(asker)
    asker.ask("a")
    assert "items" in counts(asker)
    asker.items = ["a"]
    assert "items" not in counts(asker)


def test_a_number_that_becomes_something_else_is_a_setting() -> None:
    asker = Asker()
    assert "number" in counts(asker)
    asker.number = 0.5
    assert "number" not in counts(asker)


def test_an_object_of_which_nothing_can_be_remembered_has_settings_alone_once_it_counted() -> None:
    class Slotted:
        __slots__ = ("number",)

        def __init__(self) -> None:
            self.number: int = 0

        def ask(self) -> None:
            self.number += 1

    asker = Slotted()
    asker.ask()
    assert counts_of(asker, {"number": asker.number}, ("ask",)) == frozenset()


def test_a_copy_counts_where_the_object_does() -> None:
    first, copies = Asker(), [Asker(), Asker()]
    counts(first)
    first.ask("a")
    for copy in copies:
        vars(copy).update(vars(first))
    share_counts(first, copies[0])
    share_counts(copies[1], first)
    assert [counts(copy) for copy in copies] == [{"tries", "number", "items"}, frozenset()]


def test_an_object_that_is_remembered_is_not_kept_alive() -> None:
    asker = Asker()
    counts(asker)
    gone = ref(asker)
    del asker
    gc.collect()
    assert gone() is None
