"""Deleting blobs: in as few requests as the storage can, and none is called gone that stayed."""

from collections.abc import Iterator, Sequence
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.db import MemoryTaskDB
from beautyspot.maintenance import Litter, clean, delete_tasks
from beautyspot.maintenance.presence import PAGE, Presence
from beautyspot.records import BlobInfo, Task
from beautyspot.storage import BlobStorage, MemoryStorage, S3Storage
from beautyspot.storage.locations import new_location
from beautyspot.testing.task_db import task
from servers.object_stores import ObjectStore


class Far(MemoryStorage):
    """Counts its requests, and deletes many blobs with one, but for those it refuses."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = self.listed = self.deleted = 0
        self.refused: set[str] = set()

    def open(self, location: str, /) -> Any:
        self.opened += 1
        return super().open(location)

    def iter_keys(self) -> Iterator[BlobInfo]:
        for number, blob in enumerate(list(super().iter_keys())):
            self.listed += number % PAGE == 0
            yield blob

    def delete_many(self, locations: Sequence[str], /) -> list[str]:
        self.deleted += 1
        for location in set(locations) - self.refused:
            super().delete(location)
        return [location for location in locations if location in self.refused]


def kept(storage: BlobStorage, count: int, first: int = 0) -> list[Task]:
    made: list[Task] = []
    for number in range(first, first + count):
        location = storage.save(f"{number:032x}", b"data")
        made.append(task(f"{number:032x}", result_type="FILE", result_data=None, result_value=location, size_bytes=4))
    return made


def database(tasks: Sequence[Task]) -> MemoryTaskDB:
    db = MemoryTaskDB()
    for each in tasks:
        db.put(each)
    return db


def test_results_go_with_a_request_for_each_step_and_each_page_of_the_list() -> None:
    storage = Far()
    tasks = kept(storage, 3 * PAGE)
    done = delete_tasks(tasks, database(tasks), storage)
    assert (done.tasks, done.blobs_left, list(MemoryStorage.iter_keys(storage))) == (3 * PAGE, 0, [])
    assert (storage.listed, storage.opened) <= (3, 3)
    assert storage.deleted <= 3 * PAGE // 50


def test_a_few_results_in_a_big_storage_cost_a_few_requests() -> None:
    storage = Far()
    tasks = kept(storage, 5 * PAGE)
    delete_tasks(tasks[-1:], database(tasks), storage)
    assert (storage.listed, storage.opened, storage.deleted) == (1, 1, 1)


def test_results_whose_blobs_are_all_gone_cost_a_request_for_each_step() -> None:
    storage = Far()
    tasks = [each._replace(result_value=new_location(each.cache_key)) for each in kept(Far(), 300)]
    younger = kept(storage, 1, first=300)
    assert delete_tasks([*tasks, *younger], database([*tasks, *younger]), storage).blobs_left == 300
    assert (storage.opened, list(MemoryStorage.iter_keys(storage))) == (0, [])


def test_blobs_in_another_storage_and_those_refused_are_told() -> None:
    storage = Far()
    tasks = [*kept(storage, 5), *kept(Far(), 3, first=5)]
    storage.refused = {tasks[0].result_value or "", tasks[1].result_value or ""}
    assert delete_tasks(tasks, database(tasks), storage).blobs_left == 2 + 3


def test_litter_that_the_storage_refuses_to_delete_is_told() -> None:
    storage = Far()
    kept(storage, 5)
    blobs = tuple(MemoryStorage.iter_keys(storage))
    storage.refused = {blobs[0].location}
    done = clean(Litter(blobs, ()), MemoryTaskDB(), storage)
    assert (done.blobs, done.size_bytes, done.blobs_left, storage.deleted) == (4, 16, 1, 1)


def test_a_storage_that_can_not_be_asked_has_deleted_nothing() -> None:
    class Away(Far):
        def delete_many(self, locations: Sequence[str], /) -> list[str]:
            raise bs.StorageError("no answer")

    storage = Away()
    kept(storage, 3)
    done = clean(Litter(tuple(storage.iter_keys()), ()), MemoryTaskDB(), storage)
    assert (done.blobs, done.size_bytes, done.blobs_left) == (0, 0, 3)


def test_a_blob_behind_the_first_page_is_there_and_a_younger_one_too() -> None:
    storage = Far()
    tasks = kept(storage, 2 * PAGE + 1)
    presence = Presence([storage])
    assert presence.has(tasks[-1].result_value or "")
    assert presence.has(storage.save("ff" * 16, b"new"))
    assert not presence.has("ab/cd.bin")


@pytest.mark.external_service
def test_two_hundred_blobs_in_s3_go_by_two_requests(moto: ObjectStore) -> None:
    storage = S3Storage(f"s3://{moto.new_bucket()}", **moto.options())
    tasks = kept(storage, 200)
    asked: list[str] = []
    storage._client().meta.events.register("before-send.s3", lambda event_name, **_: asked.append(event_name))
    assert delete_tasks(tasks, database(tasks), storage).blobs_left == 0
    assert [name.rpartition(".")[2] for name in asked] == ["ListObjectsV2", "DeleteObjects"]
    assert list(storage.iter_keys()) == []
