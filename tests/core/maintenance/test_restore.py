"""Imports into a database that has no place for some of the results."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from beautyspot.db import MemoryTaskDB, TaskDB, open_db
from beautyspot.maintenance import Imported, export_archive, import_archive
from beautyspot.records import Task, TaskFilter
from beautyspot.storage import MemoryStorage
from beautyspot.testing.task_db import task

pytestmark = pytest.mark.external_service


@pytest.fixture
def there(postgres_url: str) -> Iterator[TaskDB]:
    with closing(open_db(postgres_url)) as db:
        yield db


def archive_of(folder: Path, *tasks: Task) -> Path:
    db, storage = MemoryTaskDB(), MemoryStorage()
    for each in tasks:
        location = storage.save(each.cache_key, b"blob") if each.result_type == "FILE" else None
        db.put(each._replace(result_value=location))
    export_archive(db, [storage], folder / "all.bspot")
    return folder / "all.bspot"


@pytest.mark.parametrize("place", [{"tags": ("t\0",)}, {"version": "\0"}, {"input_id": "\0"}])
def test_a_result_that_the_database_has_no_place_for_holds_up_no_other(
    tmp_path: Path, there: TaskDB, place: dict[str, Any]
) -> None:
    sound = [task(f"{number:03}") for number in range(700)]
    archive = archive_of(tmp_path, *sound, task("300x", **place))
    done = import_archive(archive, there, None)
    assert done == Imported(700, done.size_bytes, 0, 0, 1, ("300x",))
    assert {each.cache_key for each in there.find(TaskFilter())} == {each.cache_key for each in sound}
    assert import_archive(archive, there, None) == Imported(0, 0, 700, 0, 1, ("300x",))


def test_the_blob_of_a_result_that_is_left_out_does_not_stay(tmp_path: Path, there: TaskDB) -> None:
    file: dict[str, Any] = {"result_type": "FILE", "result_data": None}
    archive = archive_of(tmp_path, task("0a", **file), task("0b", **file, tags=("\0",)))
    storage = MemoryStorage()
    done = import_archive(archive, there, storage)
    assert (done.tasks, done.refused, len(list(storage.iter_keys()))) == (1, 1, 1)


def test_as_many_as_may_be_left_out_ten_are_named(tmp_path: Path, there: TaskDB) -> None:
    done = import_archive(archive_of(tmp_path, *(task(f"{n:02}", version="\0") for n in range(30))), there, None)
    assert (done.tasks, done.refused, done.first_refused) == (0, 30, tuple(f"{n:02}" for n in range(10)))
