"""A database file that is deleted, damaged or can't be written: at the start, and while it is open."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WRITES = """
answer = new_answer(new_spot())
for n in range(10): answer(n)
"""

CALLS = """
say("right", all(answer(n) == value_of(n) for n in range(20)))
"""

MENDED = """
say("mended")
hear()
answer(20)
say("kept", sum(new_answer(new_spot()).is_cached(n) for n in range(21)))
"""


def delete(path: Path) -> None:
    path.unlink()


def delete_all(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def truncate(path: Path) -> None:
    os.truncate(path, 5000)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def fill_with_noise(path: Path) -> None:
    path.write_bytes(os.urandom(path.stat().st_size))


def fill_body_with_noise(path: Path) -> None:
    size_bytes = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size_bytes - 4096))


BEYOND_REPAIR = [truncate, fill_with_noise, fill_body_with_noise]
DAMAGE = [delete, delete_all, empty, *BEYOND_REPAIR]


def told(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith("warning")]


def until(actor: Any, word: str) -> list[str]:
    """Return what `actor` says up to `word`."""
    lines = [actor.hears()]
    while lines[-1] != word:
        assert lines[-1], actor.communicate()[1]
        lines.append(actor.hears())
    return lines


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("moment", ["before the start", "while it is open", "while all is in its WAL"])
def test_damage_costs_no_result_and_one_warning_at_most(
    stage: Any, tmp_path: Path, moment: str, damage: Callable[[Path], None]
) -> None:
    actor = stage.start(WRITES + "say('ready')\nhear()\n" + CALLS + MENDED)
    assert actor.hears() == "ready"
    if moment == "before the start":
        actor.kill()
        stage.settle()
        damage(tmp_path / "a.db")
        actor = stage.start("spot = new_spot()\nanswer = new_answer(spot)\n" + CALLS + MENDED)
    else:
        if moment == "while it is open":
            stage.settle()
        damage(tmp_path / "a.db")
        actor.tell()
    lines = until(actor, "mended")
    assert "right True" in lines
    is_broken = damage in BEYOND_REPAIR and moment != "while all is in its WAL"
    assert ["move the file away" in line for line in told(lines)] == [True] * is_broken, lines
    if is_broken:
        delete_all(tmp_path / "a.db")
    actor.tell()
    # What an open connection still showed was a hit, and went with the deleted file.
    was_shown = moment != "before the start" and damage in (delete, delete_all)
    assert actor.rest() == [f"kept {11 if was_shown else 21}"]


READ_ONLY = """
spot = new_spot()
answer = new_answer(spot)
say("right", all(answer(n) == value_of(n) for n in range(20)), len(runs))
for name, _, files in os.walk(folder):
    os.chmod(name, 0o700)
    for file in files: os.chmod(f"{name}/{file}", 0o600)
answer(20)
say("kept", sum(new_answer(new_spot()).is_cached(n) for n in range(21)))
"""


@pytest.mark.parametrize("what", ["file", "folder", "both"])
def test_what_cannot_be_written_gives_its_hits_and_one_warning(stage: Any, tmp_path: Path, what: str) -> None:
    assert stage.run(WRITES) == []
    for path in ([tmp_path / "a.db"] if what != "folder" else []) + ([tmp_path] if what != "file" else []):
        path.chmod(path.stat().st_mode & 0o500)
    warning, right, kept = stage.run(READ_ONLY, before=stage.without_power())
    assert "CacheSaveWarning" in warning
    assert "writable" in warning
    assert right == "right True 10"
    assert kept == "kept 21"


FULL = """
spot = new_spot()
answer = new_answer(spot)
answer(1000)
fill()
say("right", all(answer(n) == value_of(n) for n in range(100)), len(runs))
say("hits", all(answer(n) == value_of(n) for n in range(100)), len(runs))
make_room()
answer(100)
say("kept", sum(new_answer(new_spot()).is_cached(n) for n in range(101)))
say("left", sum(name.endswith(".tmp") for _, _, names in os.walk(f"{folder}/blobs") for name in names))
"""

LIMITED = """
import resource
def fill():
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, resource.RLIM_INFINITY))
def make_room():
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""

CROWDED = """
def fill():
    with open(f"{folder}/filler", "wb", buffering=0) as file:
        while file.write(bytes(os.statvfs(folder).f_bavail * 1000)): pass
def make_room():
    os.unlink(f"{folder}/filler")
"""


def check_full(lines: list[str]) -> None:
    assert [line for line in lines if line not in told(lines)] == [
        "right True 101",
        "hits True 101",
        "kept 101",
        "left 0",
    ]
    assert len(told(lines)) == 1


def test_files_that_cannot_grow_lose_no_result(stage: Any) -> None:
    pytest.importorskip("resource")
    check_full(stage.run(LIMITED + FULL))


def test_a_full_disk_loses_no_result(stage: Any) -> None:
    check_full(stage.run(CROWDED + FULL, before=stage.on_a_small_disk()))


LOST = """
import resource
answer = new_answer(new_spot())
answer(1)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
answer(2), answer(4)
"""


def test_results_that_are_refused_to_the_end_are_told_of(stage: Any) -> None:
    pytest.importorskip("resource")
    held, lost = stage.run(LOST)
    assert "held in memory" in held
    assert "results that were returned are lost (2)" in lost
