"""Verification: what can't be read is named, and nothing else is."""

import sys
import tracemalloc
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.catalog import Catalog
from beautyspot.maintenance import Verified, repair, verify
from sqlalchemy.event import listen


def verified(kept: Any) -> Verified:
    with Catalog.open(kept.path) as catalog:
        return verify(catalog, [kept.blobs])


def blob_of(kept: Any) -> Path:
    return Path(kept.blobs.root) / kept.ask("SELECT result_value FROM tasks WHERE result_type = 'FILE'")[0][0]


def test_a_sound_store_is_sound(kept: Any) -> None:
    kept.fill(5)
    found = verified(kept)
    assert (found.is_sound, found.tasks, found.unread) == (True, 7, 0)
    assert found.size_bytes == kept.ask("SELECT sum(size_bytes) FROM tasks")[0][0]


@pytest.mark.parametrize("change", ["result_data = x'c1'", "result_data = NULL", "checksum = 1"])
def test_a_damaged_row_is_named(kept: Any, change: str) -> None:
    kept.fill(5)
    key = kept.ask("SELECT cache_key FROM tasks WHERE result_type = 'DIRECT_BLOB' LIMIT 1")[0][0]
    kept.ask(f"UPDATE tasks SET {change} WHERE cache_key = '{key}'")
    found = verified(kept)
    assert [(each.task.cache_key, each.is_lost) for each in found.damaged] == [(key, False)]


def test_a_type_that_only_its_program_registers_is_no_damage_in_a_row_of_an_earlier_release(kept: Any) -> None:
    kept.fill(1)
    kept.ask("UPDATE tasks SET result_data = x'd60a01020304', elapsed_s = NULL, checksum = NULL, size_bytes = NULL "
             "WHERE rowid = (SELECT max(rowid) FROM tasks WHERE result_type = 'DIRECT_BLOB')")  # fmt: skip
    assert verified(kept).is_sound
    assert repair(kept.path, [kept.blobs]).dropped == 0


@pytest.mark.parametrize("size_bytes", [10**15, -(10**15), 0])
@pytest.mark.parametrize("kind", ["DIRECT_BLOB", "FILE"])
def test_a_row_that_lies_about_its_size_is_damaged(kept: Any, kind: str, size_bytes: int) -> None:
    kept.fill(1)
    kept.ask(f"UPDATE tasks SET size_bytes = {size_bytes} WHERE rowid = (SELECT max(rowid) FROM tasks "
             f"WHERE result_type = '{kind}')")  # fmt: skip
    damage = verified(kept).damaged[0]
    assert (damage.is_lost, f"{size_bytes} bytes" in damage.what) == (False, True)


@pytest.mark.parametrize("location", ["NULL", "''"])
def test_a_row_of_a_blob_that_names_none_is_damaged_and_dropped_by_a_repair(kept: Any, location: str) -> None:
    kept.fill(1)
    kept.ask(f"UPDATE tasks SET result_value = {location} WHERE result_type = 'FILE'")
    assert [each.is_lost for each in verified(kept).damaged] == [False, False]
    assert repair(kept.path, [kept.blobs]).dropped == 2
    assert verified(kept).is_sound


def test_a_lost_blob_is_told_with_the_first_folder_that_was_asked(kept: Any, tmp_path: Path) -> None:
    kept.fill(1)
    blob_of(kept).unlink()
    storages = [kept.blobs, bs.LocalStorage(tmp_path / "old")]
    with Catalog.open(kept.path) as catalog:
        what = verify(catalog, storages).damaged[0].what
    assert repr(kept.blobs.root) in what


def test_a_blob_with_a_flipped_bit_and_a_lost_one_are_told_apart(kept: Any) -> None:
    kept.fill(1)
    blob = blob_of(kept)
    blob.write_bytes(blob.read_bytes()[:-1] + b"y")
    assert [each.is_lost for each in verified(kept).damaged] == [False]
    blob.unlink()
    assert [each.is_lost for each in verified(kept).damaged] == [True]


def test_bytes_that_are_as_they_were_written_are_not_called_damaged(tmp_path: Path, kept: Any) -> None:
    class Shouting:
        def dumps(self, value: Any, /) -> bytes:
            return b"\xc1" + str(value).upper().encode()

        def loads(self, data: Any, /) -> Any:
            return bytes(data)[1:].decode()

    with bs.Spot("test", db=kept.path, storage=kept.blobs, serializer=Shouting()) as spot:
        spot.run(str, "abc")
    found = verified(kept)
    assert (found.is_sound, found.unread) == (True, 1)


@pytest.mark.parametrize(("said", "damaged"), [("zstd 5000", 1), ("zstd 20000000", 1), ("lz4 5003", 0)])
def test_a_row_that_lies_about_its_compression_is_damaged_and_one_of_a_later_release_unread(
    kept: Any, said: str, damaged: int
) -> None:
    with bs.Spot("test", db=kept.path, storage=kept.blobs, compress="zstd") as spot:
        spot.run(lambda text: text * 1000, "much ")
    kept.ask(f"UPDATE tasks SET compression = '{said}'")
    found = verified(kept)
    assert (len(found.damaged), found.unread) == (damaged, 1 - damaged)


def test_pickles_are_counted_and_never_read(kept: Any) -> None:
    kept.fill(1)
    kept.ask("UPDATE tasks SET result_value = 'a.pkl' WHERE result_type = 'FILE'")
    found = verified(kept)
    assert (found.is_sound, found.unread) == (True, 2)


def test_inline_values_are_read_many_at_a_time(kept: Any) -> None:
    kept.fill(900, inline=lambda number: number)
    asked: list[str] = []
    with Catalog.open(kept.path) as catalog:
        listen(catalog.source.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
        assert verify(catalog, [kept.blobs]).tasks == 902
    assert len(asked) < 50


@pytest.mark.parametrize("lie", ["0", "-1000000000000000"])
def test_rows_that_lie_about_their_sizes_are_read_one_at_a_time(kept: Any, lie: str) -> None:
    kept.fill(200, inline=lambda number: b"x" * 60_000)
    kept.ask("UPDATE tasks SET size_bytes = " + lie)
    tracemalloc.start()
    try:
        assert len(verified(kept).damaged) == 202
        assert tracemalloc.get_traced_memory()[1] < 6_000_000
    finally:
        tracemalloc.stop()


def test_a_value_that_needs_a_missing_library_is_unread_and_not_damaged(
    kept: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("zstandard")
    with bs.Spot("test", db=kept.path, storage=kept.blobs, compress="zstd") as spot:
        spot.run(lambda text: text * 1000, "much ")
    kept.fill(2)
    monkeypatch.setitem(sys.modules, "zstandard", None)
    found = verified(kept)
    assert (found.is_sound, found.tasks, found.unread) == (True, 5, 1)


def test_a_malformed_file_is_told_and_what_can_be_read_is_read(kept: Any) -> None:
    kept.fill(300)
    kept.overwrite_pages(0.5)
    found = verified(kept)
    assert found.complaints
    assert not found.is_sound


def test_progress_is_told_and_ends(kept: Any) -> None:
    kept.fill(450, inline=lambda number: number)
    told: list[int] = []
    with Catalog.open(kept.path) as catalog:
        verify(catalog, [kept.blobs], progress=told.append)
    assert told == [200, 400]
