"""A blob folder that is taken away from under a running process."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SCENE = """
answer = new_answer(new_spot())
answer(0), answer(3)
say("ready")
hear()
say("right", all(answer(n) == value_of(n) for n in (0, 6, 9)), runs)
say("hits", all(answer(n) == value_of(n) for n in (0, 6, 9)), runs)
spot = new_spot()
say("kept", [n for n in range(0, 12, 3) if new_answer(spot)(n) == value_of(n)], runs)
"""


def remove(folder: Path) -> None:
    shutil.rmtree(folder)


def replace_by_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.touch()


@pytest.mark.parametrize(
    ("damage", "next_step"),
    [(remove, "bring it back, or its call has to run again"), (replace_by_file, "check the folder")],
)
def test_a_lost_blob_folder_costs_its_blobs_and_one_warning(
    stage: Any, tmp_path: Path, damage: Callable[[Path], None], next_step: str
) -> None:
    actor = stage.start(SCENE)
    assert actor.hears() == "ready"
    damage(tmp_path / "blobs")
    actor.tell()
    first, *lines = actor.rest()
    assert next_step in first
    assert lines[:2] == ["right True [0, 3, 0, 6, 9]", "hits True [0, 3, 0, 6, 9]"]
    assert next_step in lines[2]  # the new Spot tells of the one that nobody asked for again
    assert lines[3:] == ["kept [0, 3, 6, 9] [0, 3, 0, 6, 9, 3]"]


READS = """
from beautyspot.storage import LocalStorage

class Waits(LocalStorage):
    def load(self, location):
        say("reads")
        hear()
        return super().load(location)

answer = new_answer(new_spot(storage=Waits(f"{folder}/blobs")))
for _ in range(3):
    say(answer(3) == value_of(3), *answer.cache_info()[:2], answer.cache_info().unreadable)
"""
CHANGES = """
answer = new_answer(new_spot())
while verb := hear():
    getattr(answer, verb)(3)
    say("done")
"""


def test_a_value_that_another_process_replaces_or_deletes_while_it_is_read_is_never_called_lost(stage: Any) -> None:
    reader, other = stage.start(READS), stage.start(CHANGES)

    def change(verb: str) -> None:
        other.tell(verb)
        assert other.hears() == "done"

    assert reader.hears() == "True 0 1 0"
    for _ in range(3):
        assert reader.hears() == "reads"
        change("refresh")
        reader.tell()
    assert reader.hears() == "reads"
    reader.tell()
    assert reader.hears() == "True 1 1 0"
    assert reader.hears() == "reads"
    change("invalidate")
    reader.tell()
    assert reader.rest() == ["True 1 2 0"]
    other.tell("")
    assert other.rest() == []
