"""Attributes in which a class counts or lists its own calls."""

from collections import Counter
from typing import Any

import pytest
from beautyspot.keys.counted import asked_by, counted_by


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
