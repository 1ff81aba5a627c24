"""Notes of last use, and what keeps a database in order; every database that offers them takes this exam."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from beautyspot.db import MemoryTaskDB, SQLiteTaskDB
from beautyspot.db.sql import SQLTaskDB
from beautyspot.records import Task, TaskFilter
from beautyspot.testing.task_db import NOON, task

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


POSTGRES = pytest.param("postgres", marks=pytest.mark.external_service)


@pytest.fixture(params=["sqlite", "memory", "sqlalchemy", POSTGRES])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    makers: dict[str, Callable[[], Any]] = {
        "sqlite": lambda: SQLiteTaskDB(tmp_path / "a.db"),
        "memory": MemoryTaskDB,
        "sqlalchemy": lambda: SQLTaskDB(f"sqlite:///{tmp_path}/a.db"),
        "postgres": lambda: SQLTaskDB(request.getfixturevalue("postgres_url")),
    }
    with closing(makers[request.param]()) as db:
        yield db


def keys(tasks: list[Task]) -> list[str]:
    return [each.cache_key for each in tasks]


def test_a_noted_use_is_told_and_goes_with_its_task(db: Any) -> None:
    db.put(task("a")), db.put(task("b"))
    db.uses.note(["a", "gone"], NOON + DAY)
    assert db.uses.last(["a", "b", "gone"]) == {"a": NOON + DAY}
    db.delete(["a"])
    assert db.uses.last(["a"]) == {}


def test_a_result_kept_anew_was_not_used_since(db: Any) -> None:
    db.put(task("a"))
    db.uses.note(["a"], NOON + DAY)
    db.put(task("a", updated_at=NOON + 2 * DAY))
    assert db.uses.last(["a"]) == {}


def test_the_first_note_is_written_and_those_of_the_next_hour_are_not(tmp_path: Path) -> None:
    with closing(SQLiteTaskDB(tmp_path / "a.db")) as db:
        db.put(task("a"))
        db.uses.note(["a"], NOON + HOUR / 2)
        assert db.uses.last(["a"]) == {"a": NOON + HOUR / 2}
        db.uses.note(["a"], NOON + HOUR)
        assert db.uses.last(["a"]) == {"a": NOON + HOUR / 2}
        db.uses.note(["a"], NOON + 2 * HOUR)
        assert db.uses.last(["a"]) == {"a": NOON + 2 * HOUR}


def test_a_thousand_notes_are_told(db: Any) -> None:
    many = [f"{number:04}" for number in range(1200)]
    for key in many:
        db.put(task(key))
    db.uses.note(many, NOON + DAY)
    assert len(db.uses.last(many)) == 1200


def test_the_size_is_that_of_the_values(db: Any) -> None:
    assert db.upkeep.size_bytes() == 0
    db.put(task("a", size_bytes=5))
    db.put(task("b", size_bytes=7, result_type="FILE", result_data=None, result_value="b.bin"))
    assert db.upkeep.size_bytes() == 12


def test_tasks_come_in_the_order_of_their_keys_from_one_on(db: Any) -> None:
    for key in ("c", "a", "b"):
        db.put(task(key, tags=("t",)))
    assert keys(db.upkeep.tasks_from("b", 5)) == ["b", "c"]
    first = db.upkeep.tasks_from("", 1)
    assert (keys(first), first[0].tags, first[0].result_data) == (["a"], ("t",), None)


def test_only_what_has_expired_is_named(db: Any) -> None:
    db.put(task("a", expires_at=NOON)), db.put(task("b", expires_at=NOON + HOUR)), db.put(task("c"))
    assert keys(db.upkeep.expired_tasks(NOON + HOUR / 2, 5)) == ["a"]
    assert len(db.upkeep.expired_tasks(NOON + DAY, 1)) == 1


def test_an_older_task_is_not_put_over_a_newer_one(db: Any) -> None:
    db.put(task("a", updated_at=NOON, tags=("old",)))
    older, newer = task("a", updated_at=NOON - HOUR), task("a", updated_at=NOON + HOUR, result_data=b"\x02")
    assert list(db.upkeep.put_newer([older, task("b")])) == ["b"]
    assert list(db.upkeep.put_newer([task("a"), task("b")])) == []
    assert list(db.upkeep.put_newer([newer])) == ["a"]
    assert db.get("a").result_data == b"\x02"
    assert db.upkeep.updated_at(["a", "b", "c"]) == {"a": NOON + HOUR, "b": NOON}
    assert keys(list(db.find(TaskFilter(tags=("old",))))) == []


def test_a_task_that_was_kept_anew_meanwhile_is_not_deleted(db: Any) -> None:
    db.put(task("a")), db.put(task("b", tags=("t",)))
    read = list(db.find(TaskFilter()))
    db.put(task("a", updated_at=NOON + HOUR))
    assert list(db.upkeep.delete_unchanged(read)) == ["b"]
    assert keys(list(db.find(TaskFilter()))) == ["a"]


def test_what_a_process_holds_in_memory_is_forgotten_when_another_prunes(tmp_path: Path) -> None:
    with closing(SQLiteTaskDB(tmp_path / "a.db")) as db, closing(SQLiteTaskDB(tmp_path / "a.db")) as other:
        db.put(task("a")), db.put(task("b"))
        assert all(db.get(key) and db.get(key) for key in ("a", "b"))
        other.upkeep.put_newer([task("a", updated_at=NOON + HOUR, result_data=b"\x02")])
        other.upkeep.delete_unchanged([task("b")])
        entry = db.get("a")
        assert entry is not None
        assert (entry.result_data, db.get("b")) == (b"\x02", None)


def test_the_size_of_many_is_that_of_a_full_count(tmp_path: Path) -> None:
    with closing(SQLiteTaskDB(tmp_path / "a.db")) as db:
        for number in range(300):
            db.put(task(f"{number:03}", size_bytes=number))
        db.delete([f"{number:03}" for number in range(0, 300, 7)])
        assert db.upkeep.size_bytes() == sum(number for number in range(300) if number % 7)
