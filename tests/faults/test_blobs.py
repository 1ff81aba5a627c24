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
