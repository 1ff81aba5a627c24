"""Functions whose result's class changed since a result was kept."""

from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest

BEFORE = """
def ask(text) -> "Answer":
    ran.append(text)
    return Answer(text)

from dataclasses import dataclass

@dataclass
class Answer:
    text: str
"""


def program(path: Path, source: str, ran: list[str]) -> dict[str, Any]:
    """Return what a module holds that was edited to `source`; its `ask` is marked."""
    world: dict[str, Any] = {"__name__": "app", "ran": ran, "spot": bs.Spot("test", db=path / "a.db")}
    exec(source, world)
    world["ask"] = world["spot"].mark(world["ask"])
    return world


def calls_of(path: Path, *sources: str) -> list[int]:
    """Return how often the function has run after one call in each of the programs."""
    ran: list[str] = []
    counts: list[int] = []
    for source in sources:
        world = program(path, source, ran)
        assert world["ask"]("paid") == world["Answer"]("paid")
        world["spot"].shutdown()
        counts.append(len(ran))
    return counts


def test_a_field_with_a_default_costs_no_call_nor_does_the_way_back(tmp_path: Path) -> None:
    now = BEFORE.replace("text: str\n", 'text: str\n    note: str = "none"\n')
    assert calls_of(tmp_path, BEFORE, now, BEFORE, now) == [1, 1, 1, 1]


def test_a_renamed_field_is_a_miss_that_is_told_of_and_its_result_replaces_the_old_one(tmp_path: Path) -> None:
    now = BEFORE.replace("text: str\n", "words: str\n")
    with pytest.warns(bs.CacheReadWarning, match=r"take 'text' back into 'app\.Answer' and give 'words' in 'app"):
        assert calls_of(tmp_path, BEFORE, now, now) == [1, 2, 2]


def test_who_makes_the_warning_an_error_pays_for_nothing_and_can_go_back(tmp_path: Path) -> None:
    ran: list[str] = []
    program(tmp_path, BEFORE, ran)["ask"]("paid")
    changed = program(tmp_path, BEFORE.replace("text: str\n", "words: str\n"), ran)
    for _ in range(3):  # as all warnings are errors in these tests
        with pytest.raises(bs.CacheReadWarning, match="back into"):
            changed["ask"]("paid")
    program(tmp_path, BEFORE, ran)["ask"]("paid")
    assert ran == ["paid"]


def test_a_class_that_moved_is_read_by_its_former_name(tmp_path: Path) -> None:
    now = BEFORE.replace("class Answer:", "class Moved:") + "\nAnswer = Moved"
    now += "\nspot.register_type(Moved, former_names=['app.Answer'])"
    assert calls_of(tmp_path, BEFORE, now) == [1, 1]
