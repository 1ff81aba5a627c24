"""A database file that is deleted, damaged or can't be written: at the start, and while it is open."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

WRITES = """
answer = new_answer(new_spot())
for n in range(10): answer(n)
"""

CALLS = """
runs.clear()
say("right", all(answer(n) == value_of(n) for n in range(20)))
say("kept", all(new_answer(new_spot()).is_cached(n) for n in runs), len(runs))
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


TOGETHER = """
say("ready")
hear()
answer = new_answer(new_spot())
right = all(answer(n) == value_of(n) for n in range(20))
say("right", right, len(runs))
"""


@pytest.mark.parametrize("damage", BEYOND_REPAIR)
def test_processes_that_meet_damage_together_set_one_file_aside(
    stage: Any, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    assert stage.run(WRITES) == []
    damage(tmp_path / "a.db")
    actors = [stage.start(TOGETHER) for _ in range(4)]
    for actor in actors:
        assert actor.hears() == "ready"
    for actor in actors:
        actor.tell()
    lines = [line for actor in actors for line in actor.rest()]
    assert [line[:10] for line in lines if line not in told(lines)] == ["right True"] * 4
    assert sum("set aside" in line for line in told(lines)) == 1, lines
    assert len(list(tmp_path.glob("a.db.damaged-*"))) == 1
    assert stage.integrity() == "ok"
    assert stage.run(TOGETHER.replace("hear()", "")) == ["ready", "right True 0"]


HOLDS = """
answer = new_answer(new_spot())
for n in range(10): answer(n)
say("holds")
hear()
runs.clear()
say("right", all(answer(n) == value_of(n) for n in range(20)))
say("kept", all(new_answer(new_spot()).is_cached(n) for n in range(20)), len(runs))
"""

COMES = """
import time
answer = new_answer(new_spot())
start_s = time.monotonic()
say("right", all(answer(n) == value_of(n) for n in range(30, 33)), time.monotonic() - start_s < 8)
"""


@pytest.mark.parametrize("settled", [True, False])
def test_a_file_that_is_emptied_while_one_process_has_it_open_does_not_stall_the_next(
    stage: Any, tmp_path: Path, settled: bool
) -> None:
    holder = stage.start(HOLDS)
    assert holder.hears() == "holds"
    if settled:
        stage.settle()
    empty(tmp_path / "a.db")
    comes = stage.run(COMES)
    assert [line for line in comes if line not in told(comes)] == ["right True True"]
    holder.tell()
    held = holder.rest()
    # What was in the WAL alone is still there.
    assert [line for line in held if line not in told(held)] == ["right True", f"kept True {20 if settled else 10}"]
    assert ["set aside" in line for line in told(comes + held)] == [True]


@pytest.mark.parametrize("settled", [True, False])
def test_a_file_that_is_deleted_while_one_process_has_it_open_does_not_keep_the_next_from_keeping(
    stage: Any, tmp_path: Path, settled: bool
) -> None:
    holder = stage.start(HOLDS)
    assert holder.hears() == "holds"
    if settled:
        stage.settle()
    delete(tmp_path / "a.db")
    comes = stage.run(COMES + 'say("kept", all(new_answer(new_spot()).is_cached(n) for n in range(30, 33)))')
    assert [line for line in comes if line not in told(comes)] == ["right True True", "kept True"]
    assert ["its WAL was left" in line for line in told(comes)] == [True]
    holder.tell()
    # What it had read it still has for a moment, which may be over; what it runs now goes to the file that lies there.
    held = holder.rest()
    right, kept = (line for line in held if line not in told(held))
    assert (right, kept in ("kept False 10", "kept True 20")) == ("right True", True)
    assert stage.integrity() == "ok"


MANY = """
answer = new_answer(new_spot(), tags=("old",))
for n in range(1000): answer(n)
"""

BROKEN = """
say("ready")
hear()
answer = new_answer(new_spot())
right = all(answer(n) == value_of(n) for n in range(1000, 1300))
say("right", right and all(answer(n) == value_of(n) for n in range(1000)), len(runs) < 450)
"""


def damage_the_middle(path: Path) -> None:
    """Make noise of the page with the rows in the middle of `tasks`, a child of the table's root page."""
    with closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'tasks'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        page = file.read(size)  # sqlite.org/fileformat2.html, 1.6: cells at offsets that are listed from byte 12 on
        cell = int.from_bytes(page[12 + int.from_bytes(page[3:5], "big") // 2 * 2 :][:2], "big")
        file.seek((int.from_bytes(page[cell : cell + 4], "big") - 1) * size)
        file.write(bytes(1) + os.urandom(size - 1))


def test_what_can_be_read_of_a_damaged_file_is_not_paid_for_again_by_anybody(stage: Any, tmp_path: Path) -> None:
    stage.run(MANY)
    damage_the_middle(tmp_path / "a.db")
    actors = [stage.start(BROKEN) for _ in range(2)]
    for actor in actors:
        assert actor.hears() == "ready"
    for actor in actors:
        actor.tell()
    lines = [line for actor in actors for line in actor.rest()]
    assert [line for line in lines if line not in told(lines)] == ["right True True"] * 2
    assert ["damaged-1.read" in line for line in told(lines) if "set aside" in line] == [True]
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        assert connection.execute("SELECT count(*) FROM tags WHERE tag = 'old'").fetchone()[0] > 850
    assert stage.integrity() == "ok"


def test_a_large_damaged_file_holds_nobody_up_and_waits_for_repair(stage: Any, tmp_path: Path) -> None:
    stage.run(MANY)
    damage_the_middle(tmp_path / "a.db")
    os.truncate(tmp_path / "a.db", 65 * 1024 * 1024)
    lines = stage.run(BROKEN.replace("< 450", "> 700").replace("hear()", ""))
    assert [line for line in lines if line not in told(lines)] == ["ready", "right True True"]
    assert ["damaged-1'" in line and "brings back" in line for line in told(lines) if "set aside" in line] == [True]


SHUT = """
answer = new_answer(new_spot())
say("right", all(answer(n) == value_of(n) for n in range(3)), len(runs))
os.chmod(folder, 0o700)
answer(3)
say("kept", all(new_answer(new_spot()).is_cached(n) for n in range(4)))
"""


def test_a_damaged_file_that_cannot_be_set_aside_loses_nothing_either(stage: Any, tmp_path: Path) -> None:
    assert stage.run(WRITES) == []
    fill_with_noise(tmp_path / "a.db")
    tmp_path.chmod(0o500)
    lines = stage.run(SHUT, before=stage.without_power())
    assert [line for line in lines if line not in told(lines)] == ["right True 3", "kept True"]
    unread, held, moved = told(lines)
    assert "move the file away" in unread
    assert "held in memory" in held
    assert "set aside" in moved


def told(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith("warning")]


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("moment", ["before the start", "while it is open", "while all is in its WAL"])
def test_what_is_paid_for_after_damage_is_kept(
    stage: Any, tmp_path: Path, moment: str, damage: Callable[[Path], None]
) -> None:
    actor = stage.start(WRITES + "say('ready')\nhear()\n" + CALLS)
    assert actor.hears() == "ready"
    if moment == "before the start":
        actor.kill()
        actor.wait()  # until then it has the file open
        stage.settle()
        damage(tmp_path / "a.db")
        actor = stage.start("spot = new_spot()\nanswer = new_answer(spot)\n" + CALLS)
    else:
        if moment == "while it is open":
            stage.settle()
        damage(tmp_path / "a.db")
        actor.tell()
    lines = actor.rest()
    right, kept = (line for line in lines if line not in told(lines))
    assert right == "right True"
    assert kept.startswith("kept True")
    is_broken = damage in BEYOND_REPAIR and moment != "while all is in its WAL"
    assert ["set aside" in line for line in told(lines) if "fresh" in line] == [True] * is_broken, lines
    assert len(list(tmp_path.glob("a.db.damaged-1"))) == is_broken


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
    assert ["held in memory" in line for line in told(lines) if "returned but could not be saved" in line] == [True]


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
    held, lost = [line for line in stage.run(LOST) if "CacheReadWarning" not in line]
    assert "held in memory" in held
    assert "results that were returned are lost (2)" in lost
