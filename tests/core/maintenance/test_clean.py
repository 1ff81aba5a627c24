"""Cleaning: what no row names goes, and rows that name nothing; what may be written in this moment stays."""

import os
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

import beautyspot as bs
import pytest
from beautyspot.catalog import Catalog
from beautyspot.db import SQLiteTaskDB
from beautyspot.maintenance import Cleaned, Litter, clean, litter
from beautyspot.records import BlobInfo
from beautyspot.testing.task_db import task

HOURS_AGO_S = 1_600_000_000


def look(kept: Any, **options: Any) -> Litter:
    with Catalog.open(kept.path) as catalog:
        return litter(catalog, [kept.blobs], **options)


def clear(kept: Any, found: Litter, **options: Any) -> Cleaned:
    with closing(SQLiteTaskDB(kept.path)) as db:
        return clean(found, db, kept.blobs, **options)


def blobs(kept: Any, *, age: bool = False) -> list[Path]:
    files = [path for path in Path(kept.blobs.root).rglob("*") if path.is_file()]
    for path in files if age else ():
        os.utime(path, (HOURS_AGO_S, HOURS_AGO_S))
    return files


def test_a_store_in_order_has_no_litter(kept: Any) -> None:
    kept.fill(3)
    blobs(kept, age=True)
    assert look(kept) == Litter((), ())


def test_old_blobs_without_a_row_go_and_young_ones_stay(kept: Any) -> None:
    kept.fill(3)
    kept.ask("DELETE FROM tasks WHERE result_type = 'FILE'")
    assert look(kept).blobs == ()
    assert len(look(kept, grace=timedelta(0)).blobs) == 2
    blobs(kept, age=True)
    found = look(kept)
    said = clear(kept, found, dry_run=True)
    assert (said.blobs, said.size_bytes, len(blobs(kept))) == (2, found.size_bytes, 2)
    assert clear(kept, found) == said
    assert blobs(kept) == []


def test_a_row_whose_blob_is_gone_goes_where_the_user_says_so(kept: Any) -> None:
    kept.fill(3)
    blobs(kept)[0].unlink()
    found = look(kept, grace=timedelta(0))
    assert (found.tasks, found.elsewhere) == ((), 1)  # its blob may lie in another storage
    found = look(kept, blobs_are_gone=True)
    assert (len(found.tasks), found.blobs, found.elsewhere) == (1, (), 0)
    assert clear(kept, found).tasks == 1
    assert kept.ask("SELECT count(*) FROM tasks") == [(4,)]
    assert len(blobs(kept)) == 1


def test_what_is_no_litter_any_more_or_was_none_before_is_not_deleted(kept: Any) -> None:
    kept.fill(3)
    there, gone = blobs(kept)
    moved = gone.rename(gone.with_suffix(".away"))
    found = look(kept, blobs_are_gone=True)
    assert found.tasks == found.still(look(kept, blobs_are_gone=True)).tasks != ()
    moved.rename(gone)
    there.unlink()
    assert found.still(look(kept, blobs_are_gone=True)) == Litter((), ())


def test_a_storage_that_has_not_one_of_the_blobs_is_taken_for_the_wrong_one(kept: Any, tmp_path: Path) -> None:
    kept.fill(3)
    with Catalog.open(kept.path) as catalog:
        with pytest.raises(bs.ConfigurationError, match=r"none of the blobs that rows name \(2\)"):
            litter(catalog, [bs.LocalStorage(tmp_path / "elsewhere")])
        assert len(litter(catalog, [bs.LocalStorage(tmp_path / "elsewhere")], blobs_are_gone=True).tasks) == 2


def test_a_disk_that_is_not_mounted_is_no_loss_though_an_old_folder_has_some_blobs(kept: Any, tmp_path: Path) -> None:
    kept.fill(3)
    unmounted = bs.LocalStorage(tmp_path / "unmounted")
    old = bs.LocalStorage(tmp_path / "old")
    name = kept.ask("SELECT result_value FROM tasks WHERE result_type = 'FILE'")[0][0].rpartition("/")[2]
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / name).write_bytes(b"x")
    with Catalog.open(kept.path) as catalog, pytest.raises(bs.ConfigurationError, match="--blobs-are-gone"):
        litter(catalog, [unmounted, old])


class Failing(bs.LocalStorage):
    """A folder that is listed, and then answers nothing any more."""

    def iter_keys(self) -> Iterator[BlobInfo]:
        return islice(super().iter_keys(), 1)

    def open(self, location: str, /) -> NoReturn:
        raise bs.StorageError(f"no answer for {location!r}; try again")


def test_a_storage_that_fails_has_lost_nothing(kept: Any) -> None:
    kept.fill(3)
    with Catalog.open(kept.path) as catalog:
        with pytest.raises(bs.StorageError, match="no answer"):
            litter(catalog, [Failing(kept.blobs.root)], blobs_are_gone=True)
        assert litter(catalog, [Failing(kept.blobs.root), kept.blobs], blobs_are_gone=True).tasks == ()


class Far(bs.LocalStorage):
    """A storage whose every request costs something; it counts them."""

    is_local = False
    requests = 0

    def iter_keys(self) -> Iterator[BlobInfo]:
        self.requests += 1
        return super().iter_keys()

    def open(self, location: str, /) -> Any:
        self.requests += 1
        return super().open(location)


def test_many_blobs_that_are_gone_from_a_far_storage_cost_two_lists(tmp_path: Path) -> None:
    storage = Far(tmp_path / "far")
    locations = [storage.save(f"{number:02}", b"x") for number in range(20)]
    with closing(SQLiteTaskDB(tmp_path / "a.db")) as db:
        for location in locations:
            db.put(task(location[:5], result_type="FILE", result_data=None, result_value=location))
    for location in locations[1:]:
        storage.delete(location)
    with Catalog.open(tmp_path / "a.db") as catalog:
        found = litter(catalog, [storage], blobs_are_gone=True)
    assert {task.result_value for task in found.tasks} == set(locations[1:])
    assert storage.requests == 2


def test_a_result_that_was_kept_anew_since_the_look_stays(kept: Any) -> None:
    kept.fill(3)
    blobs(kept)[0].unlink()
    found = look(kept, blobs_are_gone=True)
    with closing(SQLiteTaskDB(kept.path)) as db:
        db.put(found.tasks[0]._replace(updated_at=found.tasks[0].updated_at + timedelta(seconds=1)))
    assert clear(kept, found).tasks == 0


def test_blobs_of_earlier_releases_in_another_folder_are_not_lost(kept: Any, tmp_path: Path) -> None:
    kept.fill(3)
    old = bs.LocalStorage(tmp_path / "old")
    moved = blobs(kept)[0]
    target = Path(old.root) / moved.relative_to(kept.blobs.root)
    target.parent.mkdir(parents=True)
    moved.rename(target)
    with Catalog.open(kept.path) as catalog:
        assert litter(catalog, [kept.blobs, old], blobs_are_gone=True).tasks == ()


def test_progress_is_told(kept: Any) -> None:
    kept.fill(1)
    kept.ask("DELETE FROM tasks")
    told: list[int] = []
    clear(kept, look(kept, grace=timedelta(0)), progress=told.append)
    assert told == [2]


@pytest.mark.parametrize("name", ["damaged-1", "damaged-1.read"])
def test_blobs_of_a_damaged_database_that_was_set_aside_are_no_litter_until_it_is_repaired(
    kept: Any, name: str
) -> None:
    kept.fill(3)
    aside = Path(f"{kept.path}.{name}")
    aside.write_bytes(Path(kept.path).read_bytes())
    with pytest.raises(bs.ConfigurationError, match=rf"{name}' was set aside.*`beautyspot repair --db .* first"):
        look(kept)
    aside.unlink()
    assert look(kept) == Litter((), ())
