"""Archives: what goes out comes in again, and nothing else does."""

import json
import math
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.catalog import Catalog
from beautyspot.db import MemoryTaskDB, SQLiteTaskDB, TaskDB
from beautyspot.errors import DamagedEntryError
from beautyspot.maintenance import Exported, Imported, export_archive, import_archive, verify
from beautyspot.maintenance.archive import BIG_BYTES, framed, pack_row
from beautyspot.maintenance.portions import PORTION_BYTES
from beautyspot.records import Activity, Task, TaskFilter
from beautyspot.storage import MemoryStorage
from beautyspot.testing.task_db import NOON, task
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Members = dict[str, bytes]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "all.beautyspot"


@pytest.fixture
def other(tmp_path: Path) -> Iterator[SQLiteTaskDB]:
    with closing(SQLiteTaskDB(tmp_path / "other.db")) as db:
        yield db


def export(kept: Any, archive: Path, **options: Any) -> Exported:
    with closing(SQLiteTaskDB(kept.path)) as db:
        return export_archive(db, [kept.blobs], archive, **options)


def rows(db: TaskDB) -> dict[str, Task]:
    return {each.cache_key: each._replace(result_value=None) for each in db.find(TaskFilter())}


def members(archive: Path) -> Members:
    with zipfile.ZipFile(archive) as file:
        return {name: file.read(name) for name in file.namelist()}


def write(archive: Path, parts: Members, *, compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(archive, "w", compression) as file:
        for name, data in parts.items():
            file.writestr(name, data)
    return archive


def sealed(parts: Members, **changes: Any) -> Members:
    """Return the members with a manifest whose hashes are right."""
    hashes = {name: sha256(data).hexdigest() for name, data in parts.items()}
    manifest = {"format": "beautyspot archive", "version": 1, "sha256": hashes} | changes
    return {**parts, "manifest.json": json.dumps(manifest).encode()}


def part(*tasks: Task, **more: Any) -> bytes:
    return b"".join(framed(pack_row(each, **more)) + framed(each.result_data or b"") for each in tasks)


def test_what_goes_out_comes_in(kept: Any, archive: Path, other: SQLiteTaskDB, tmp_path: Path) -> None:
    kept.fill(20)
    out = export(kept, archive)
    blobs = bs.LocalStorage(tmp_path / "other")
    back = import_archive(archive, other, blobs)
    assert (out.tasks, out.left_out, back) == (22, 0, Imported(22, out.size_bytes, 0, out.activity, 0, ()))
    with closing(SQLiteTaskDB(kept.path)) as db:
        assert rows(other) == rows(db)
        assert list(other.read_activity()) == list(db.read_activity())
    other.close()
    with Catalog.open(tmp_path / "other.db") as catalog:
        assert verify(catalog, [blobs]).is_sound
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600


def test_importing_twice_changes_nothing(kept: Any, archive: Path, other: SQLiteTaskDB, tmp_path: Path) -> None:
    kept.fill(5)
    export(kept, archive)
    blobs = bs.LocalStorage(tmp_path / "other")
    import_archive(archive, other, blobs)
    before = rows(other), list(other.read_activity()), sorted(blob.location for blob in blobs.iter_keys())
    assert import_archive(archive, other, blobs) == Imported(0, 0, 7, 0, 0, ())
    assert (rows(other), list(other.read_activity()), sorted(blob.location for blob in blobs.iter_keys())) == before


def test_a_newer_result_is_never_overwritten_and_an_older_one_is(archive: Path) -> None:
    db, storage = MemoryTaskDB(), MemoryStorage()
    db.put(task("old", updated_at=NOON)), db.put(task("new", updated_at=NOON))
    write(archive, sealed({"tasks/000000": part(
        task("old", updated_at=NOON + timedelta(1), result_data=b"\x02"),
        task("new", updated_at=NOON - timedelta(1), result_data=b"\x02"),
    )}))  # fmt: skip
    assert import_archive(archive, db, storage).tasks == 1
    assert [db.get(key).result_data for key in ("old", "new")] == [b"\x02", b"\x01"]  # pyright: ignore[reportOptionalMemberAccess]


def test_big_values_inline_and_outside_come_back(tmp_path: Path, archive: Path, other: SQLiteTaskDB) -> None:
    value = bytes(range(256)) * (3 * BIG_BYTES // 256)
    with bs.Spot("big", db=tmp_path / "big.db", storage=tmp_path / "blobs") as spot:
        spot.run(lambda: value, _save_blob=True)
        spot.run(lambda: value[1:], _save_blob=False)
    with closing(SQLiteTaskDB(tmp_path / "big.db")) as db:
        export_archive(db, [bs.LocalStorage(tmp_path / "blobs")], archive)
    assert len([name for name in members(archive) if name.startswith("values/")]) == 2
    import_archive(archive, other, bs.LocalStorage(tmp_path / "other"))
    other.close()
    with Catalog.open(tmp_path / "other.db") as catalog:
        assert verify(catalog, [bs.LocalStorage(tmp_path / "other")]).is_sound


def test_a_dry_run_says_as_much_and_makes_nothing(kept: Any, archive: Path, other: SQLiteTaskDB) -> None:
    kept.fill(5)
    said = export(kept, archive, dry_run=True)
    assert (said.tasks, archive.exists()) == (7, False)
    assert export(kept, archive).size_bytes == said.size_bytes
    assert import_archive(archive, other, None, dry_run=True).tasks == 7
    assert rows(other) == {}


def test_damaged_results_and_lost_blobs_are_left_out_and_counted(kept: Any, archive: Path) -> None:
    kept.fill(5)
    kept.ask("UPDATE tasks SET result_data = x'00' WHERE rowid = 1")
    next(Path(kept.blobs.root).rglob("*.bin")).unlink()
    done = export(kept, archive)
    assert (done.tasks, done.left_out, done.lost, done.legacy) == (5, 1, 1, 0)


def test_a_storage_that_fails_to_give_a_blob_has_not_lost_it_and_the_archive_stays(archive: Path) -> None:
    class Failing(MemoryStorage):
        def open(self, location: str, /) -> Any:
            if location == failing:
                raise bs.StorageError("no answer")
            return super().open(location)

    ours, db = Failing(), MemoryTaskDB()
    locations = [ours.save(key, b"blob") for key in ("0a", "0b")]
    for location in locations:
        db.put(task(location, result_type="FILE", result_data=None, result_value=location))
    failing = ""
    export_archive(db, [ours], archive)
    before, failing = archive.read_bytes(), locations[1]
    with pytest.raises(bs.StorageError, match="no answer"):
        export_archive(db, [ours, MemoryStorage()], archive)
    assert archive.read_bytes() == before


def test_an_archive_stays_while_the_blobs_are_away(kept: Any, archive: Path) -> None:
    kept.fill(5)
    export(kept, archive)
    before = archive.read_bytes()
    old = bs.LocalStorage(archive.parent / "old")
    Path(kept.blobs.root).rename(old.root)
    next(Path(old.root).rglob("*.bin")).unlink()
    with closing(SQLiteTaskDB(kept.path)) as db:
        for storages in ([], [kept.blobs], [kept.blobs, old]):
            with pytest.raises(bs.ConfigurationError, match="--storage"):
                export_archive(db, storages, archive)
    assert archive.read_bytes() == before


@pytest.mark.parametrize(
    "change", ["elapsed_s = 9e999", "version = x'ff'", "checksum = 'zz'", "compression = 'zstd 20000000'"]
)
def test_a_row_that_no_import_would_take_is_left_out(kept: Any, archive: Path, change: str) -> None:
    kept.fill(5)
    kept.ask(f"UPDATE tasks SET {change} WHERE rowid = 1")
    done = export(kept, archive)
    assert (done.tasks, done.left_out, done.legacy) == (6, 1, 0)
    assert import_archive(archive, MemoryTaskDB(), MemoryStorage()).tasks == 6


def test_activity_that_no_import_would_take_is_left_out(kept: Any, archive: Path) -> None:
    kept.fill(1)
    kept.ask("UPDATE activity SET hits = -5")
    done = export(kept, archive)
    assert (done.tasks, done.activity) == (3, 0)
    assert import_archive(archive, MemoryTaskDB(), MemoryStorage()).tasks == 3


def test_a_row_of_a_wrong_size_goes_out_with_the_right_one(kept: Any, archive: Path, other: SQLiteTaskDB) -> None:
    kept.fill(5)
    before = kept.ask("SELECT sum(size_bytes) FROM tasks")[0][0]
    kept.ask("UPDATE tasks SET size_bytes = 1000000000000000 WHERE rowid = 1")
    assert export(kept, archive).size_bytes == before
    import_archive(archive, other, MemoryStorage())
    assert other.upkeep.size_bytes() == before


@pytest.mark.parametrize("name", ["test.db", "test.db-wal", "test.db-locks", "notes.txt", "."])
def test_an_export_writes_over_nothing_but_an_archive(kept: Any, tmp_path: Path, name: str) -> None:
    kept.fill(5)
    (tmp_path / "notes.txt").write_text("mine")
    for dry_run in (True, False):
        with pytest.raises(bs.ConfigurationError, match="give another path"):
            export(kept, tmp_path / name, dry_run=dry_run)
    assert (kept.ask("SELECT count(*) FROM tasks"), (tmp_path / "notes.txt").read_text()) == ([(7,)], "mine")
    assert [export(kept, tmp_path / "all.zip").tasks for _ in "12"] == [7, 7]


def test_an_export_of_a_mistyped_path_makes_no_database(tmp_path: Path, archive: Path) -> None:
    with pytest.raises(bs.ConfigurationError, match="no database at"):
        export_archive(SQLiteTaskDB(tmp_path / "typo.db"), [], archive)
    assert list(tmp_path.iterdir()) == []


def test_paths_may_be_text_and_looking_makes_no_database(kept: Any, archive: Path, tmp_path: Path) -> None:
    kept.fill(1)
    with closing(SQLiteTaskDB(kept.path)) as db:
        export_archive(db, [kept.blobs], str(archive))
    with closing(SQLiteTaskDB(tmp_path / "new" / "new.db")) as new:
        assert import_archive(str(archive), new, None, dry_run=True).tasks == 3
    assert not (tmp_path / "new").exists()


def test_only_what_a_filter_means_goes_out(kept: Any, archive: Path) -> None:
    kept.fill(5)
    assert export(kept, archive, where=TaskFilter(tags=("red",))).tasks == 5


def test_a_failed_export_leaves_no_file(kept: Any, archive: Path, tmp_path: Path) -> None:
    kept.fill(5)

    def stop(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(kept, archive, progress=stop)
    (tmp_path / "file").touch()
    for folder in ("nowhere", "file"):
        with pytest.raises(bs.StorageError, match="another path"):
            export(kept, tmp_path / folder / "a")
    assert [path for path in tmp_path.iterdir() if "beautyspot" in path.name] == []


def test_an_interrupted_import_leaves_no_blob_and_goes_on_the_next_time(kept: Any, archive: Path) -> None:
    class Interrupted(MemoryStorage):
        left = 1

        def save(self, key: str, data: Any, /) -> str:
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
            return super().save(key, data)

    kept.fill(5)
    export(kept, archive)
    db, storage = MemoryTaskDB(), Interrupted()
    with pytest.raises(KeyboardInterrupt):
        import_archive(archive, db, storage)
    assert list(storage.iter_keys()) == []
    storage.left = 9
    assert import_archive(archive, db, storage).tasks + len(rows(db)) >= 7
    assert len(list(storage.iter_keys())) == 2


def test_an_import_that_ends_early_keeps_what_came_before_its_last_blobs(archive: Path) -> None:
    class Full(MemoryStorage):
        left = 2

        def save(self, key: str, data: Any, /) -> str:
            if not self.left:
                raise bs.StorageError("it is full")
            self.left -= 1
            return super().save(key, data)

    source, ours, db = MemoryTaskDB(), MemoryStorage(), MemoryTaskDB()
    for key in ("0a", "0b", "0c"):
        location = ours.save(key, b"b" * PORTION_BYTES)
        source.put(task(key, result_type="FILE", result_data=None, result_value=location))
    export_archive(source, [ours], archive)
    with pytest.raises(bs.StorageError, match="full"):
        import_archive(archive, db, Full())
    assert len(rows(db)) == 2


class InterruptedOnceKept:
    """A database of somebody else's; the user stops the program just after a row is there."""

    def __init__(self) -> None:
        db = MemoryTaskDB()
        self.get, self.delete, self.find, self.close, self._put = db.get, db.delete, db.find, db.close, db.put

    def put(self, task: Task, /) -> None:
        self._put(task)
        raise KeyboardInterrupt


def test_an_interrupt_just_after_a_row_is_there_leaves_it_its_blob(archive: Path, tmp_path: Path) -> None:
    db, storage = InterruptedOnceKept(), MemoryStorage()
    write(archive, sealed({"tasks/000000": part(task("a", result_type="FILE"))}))
    with pytest.raises(KeyboardInterrupt):
        import_archive(archive, db, storage)
    (row,) = db.find(TaskFilter())
    assert storage.load(row.result_value or "") == b"\x01"


def test_importing_again_brings_back_a_blob_that_was_lost(kept: Any, archive: Path, other: SQLiteTaskDB) -> None:
    kept.fill(5)
    export(kept, archive)
    blobs = MemoryStorage()
    import_archive(archive, other, blobs)
    before = rows(other)
    blobs.delete(next(blobs.iter_keys()).location)
    assert [import_archive(archive, other, blobs, dry_run=dry_run).tasks for dry_run in (True, False)] == [1, 1]
    assert all(blobs.load(each.result_value) for each in other.find(TaskFilter()) if each.result_value)
    assert (rows(other), import_archive(archive, other, blobs).there) == (before, 7)


def test_a_database_of_somebody_else_gets_a_lost_blob_back(archive: Path) -> None:
    db, storage = InterruptedOnceKept(), MemoryStorage()
    db.put = db._put
    write(archive, sealed({"tasks/000000": part(task("a", result_type="FILE"))}))
    for _ in range(2):
        import_archive(archive, db, storage)
        (row,) = db.find(TaskFilter())
        assert storage.load(row.result_value or "") == b"\x01"
        storage.delete(row.result_value or "")


def test_a_storage_that_fails_to_say_what_it_has_stops_an_import_and_nothing_is_replaced(archive: Path) -> None:
    class Silent(MemoryStorage):
        def open(self, location: str, /) -> Any:
            raise bs.StorageError(f"no answer for {location!r}; try again")

    db, storage = MemoryTaskDB(), Silent()
    write(archive, sealed({"tasks/000000": part(task("a", result_type="FILE"))}))
    import_archive(archive, db, storage)
    before = list(db.find(TaskFilter()))
    with pytest.raises(bs.StorageError, match="no answer"):
        import_archive(archive, db, storage)
    assert list(db.find(TaskFilter())) == before


def test_a_storage_that_goes_away_is_asked_once_to_take_back_what_it_has(archive: Path) -> None:
    class Away(MemoryStorage):
        asked = 0

        def save(self, key: str, data: Any, /) -> str:
            return super().save(key, data) if len(self._blobs) < 50 else self.delete(key)

        def delete(self, location: str, /) -> Any:
            self.asked += 1
            raise bs.StorageError(f"no answer for {location!r}; try again")

    storage = Away()
    tasks = [task(f"{number:02x}", result_type="FILE") for number in range(60)]
    write(archive, sealed({"tasks/000000": part(*tasks)}))
    with pytest.raises(bs.StorageError, match="no answer"):
        import_archive(archive, MemoryTaskDB(), storage)
    assert storage.asked == 2  # to save, and to delete


def test_blobs_without_a_storage_are_refused(kept: Any, archive: Path) -> None:
    kept.fill(1)
    export(kept, archive)
    with pytest.raises(bs.ConfigurationError, match="--storage"):
        import_archive(archive, MemoryTaskDB(), None)


WRONG, DAMAGED = bs.ConfigurationError, DamagedEntryError
HOSTILE: dict[str, tuple[Callable[[Path], object], type[Exception], str]] = {
    "missing": (lambda path: None, WRONG, "no file"),
    "empty": (lambda path: path.write_bytes(b""), WRONG, "no archive"),
    "a text": (lambda path: path.write_bytes(b"hello" * 99), WRONG, "no archive"),
    "another zip": (lambda path: write(path, {"a.txt": b"x"}), DAMAGED, "none that an export writes"),
    "no manifest": (lambda path: write(path, {"tasks/000000": b""}), WRONG, "manifest"),
    "a bad manifest": (lambda path: write(path, {"manifest.json": b"[1"}), WRONG, "none of ours"),
    "a later release": (lambda path: write(path, sealed({}, version=2)), WRONG, "upgrade"),
    "a path upwards": (lambda path: write(path, {"../../evil": b"x"}), DAMAGED, r"\.\./evil"),
    "an absolute path": (lambda path: write(path, {"/etc/passwd": b"x"}), DAMAGED, "none that an export"),
    "a wrong hash": (
        lambda path: write(path, sealed({}) | {"tasks/000000": part(task("a"))}), DAMAGED, "not what was written"
    ),
    "a lost value": (
        lambda path: write(path, sealed({"tasks/000000": part(task("a"), member="values/000009")})),
        DAMAGED, "not there",
    ),
    "a member upwards": (
        lambda path: write(path, sealed({"tasks/000000": part(task("a"), member="../../etc/passwd")})),
        DAMAGED, "not there",
    ),
    "the manifest as a value": (
        lambda path: write(path, sealed({"tasks/000000": part(task("a"), member="manifest.json")})), DAMAGED, "no value"
    ),
    "one big value for many rows": (
        lambda path: write(
            path, sealed({"tasks/000000": part(task("a"), task("b"), member="values/000001"), "values/000001": b"\x01"})
        ),
        DAMAGED, "another row",
    ),
    "half a row": (
        lambda path: write(path, sealed({"tasks/000000": part(task("a"))[:-1]})), DAMAGED, "middle of a row"
    ),
    "a row of lists": (
        lambda path: write(path, sealed({"tasks/000000": framed(b"\x90") + framed(b"")})), DAMAGED, "none"
    ),
    "a foreign type": (
        lambda path: write(path, sealed({"tasks/000000": part(task("a", func_name=["f"]))})), DAMAGED, "func_name"
    ),
    "a wrong kind": (
        lambda path: write(path, sealed({"tasks/000000": part(task("a", result_type="PICKLE"))})),
        DAMAGED, "PICKLE",
    ),
    "a wrong checksum": (
        lambda path: write(path, sealed({"tasks/000000": part(task("a", checksum=5))})), DAMAGED, "not what was"
    ),
    "a size above 64 bits": (
        lambda path: write(path, sealed({"tasks/000000": part(task("a", size_bytes=2**63))})), DAMAGED, "size_bytes"
    ),
    "no number": (
        lambda path: write(path, sealed({"tasks/000000": part(task("a", elapsed_s=math.nan))})), DAMAGED, "elapsed_s"
    ),
    "a time that is a fraction": (
        lambda path: write(path, sealed({"tasks/000000": part(task("a"), updated_at=1.5)})), DAMAGED, "updated_at"
    ),
    "a compressed bomb": (
        lambda path: write(path, sealed({"tasks/000000": part(task("a", compression="zstd 2000000000"))})),
        DAMAGED, "1 bytes become 2000000000",
    ),
    "a compressed bomb in a member": (
        lambda path: write(
            path,
            sealed({
                "tasks/000000": part(task("a", compression="zstd 2000000000", checksum=None), member="values/000001"),
                "values/000001": bytes(2_000_000),
            }),
        ),
        DAMAGED, "2000000 bytes become 2000000000, where at most 400000000",
    ),
    "a packed bomb": (
        lambda path: write(path, sealed({"tasks/000000": bytes(10**8)}), compression=zipfile.ZIP_DEFLATED),
        DAMAGED, "none that an export writes",
    ),
    "a part too big": (
        lambda path: write(path, sealed({"tasks/000000": bytes(17 * 2**20)})), DAMAGED, "no export writes"
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_archive_is_refused_with_a_word_and_nothing_is_kept(archive: Path, kind: str) -> None:
    make, error, word = HOSTILE[kind]
    make(archive)
    db, storage = MemoryTaskDB(), MemoryStorage()
    with pytest.raises(error, match=word) as caught:
        import_archive(archive, db, storage)
    assert "; " in str(caught.value)
    assert (rows(db), list(storage.iter_keys())) == ({}, [])


@pytest.mark.parametrize("count", [{"hits": -1}, {"tokens_saved": 2**63}, {"saved_s": math.nan}, {"waited_s": -1.0}])
def test_hostile_activity_is_refused_with_the_archives_name(archive: Path, count: dict[str, Any]) -> None:
    row = Activity("f", NOON.replace(second=0, microsecond=0), 1, 1, 0, 1.0, 0.0, 0, 0)._replace(**count)
    write(archive, sealed({"activity/000000": framed(pack_row(row))}))
    db = MemoryTaskDB()
    with pytest.raises(DamagedEntryError, match=archive.name):
        import_archive(archive, db, None)
    assert list(db.read_activity()) == []


@pytest.mark.parametrize("size_bytes", [10**15, -(10**15)])
def test_a_lie_about_a_size_is_not_believed(archive: Path, size_bytes: int) -> None:
    write(archive, sealed({"tasks/000000": part(task("a", result_data=b"\x02", size_bytes=size_bytes, checksum=None))}))
    db = MemoryTaskDB()
    assert import_archive(archive, db, None, dry_run=True).size_bytes == 1
    assert import_archive(archive, db, None).size_bytes == 1
    assert rows(db)["a"].size_bytes == 1


def test_members_that_lie_upon_each_other_are_refused(archive: Path) -> None:
    write(archive, sealed({"tasks/000000": part(task("a", result_data=b"x" * 10_000))}))
    with zipfile.ZipFile(archive, "a") as file:
        for number in range(1, 9):
            twin = zipfile.ZipInfo(f"values/{number:06}")
            twin.file_size = twin.compress_size = file.infolist()[0].file_size
            twin.CRC, twin.header_offset = file.infolist()[0].CRC, 0
            file.filelist.append(twin)
        file._didModify = True  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(DamagedEntryError, match="expected no more"):
        import_archive(archive, MemoryTaskDB(), None)


def test_a_link_is_refused(archive: Path) -> None:
    link = zipfile.ZipInfo("values/000000")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(link, b"/etc/passwd")
    with pytest.raises(DamagedEntryError, match="none that an export writes"):
        import_archive(archive, MemoryTaskDB(), None)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_ends_in_an_error_of_ours_or_in_whole_results(data: st.DataObject, archive: Path) -> None:
    tasks = [task(key, result_data=key.encode() * 50, size_bytes=50, checksum=None) for key in ("a", "b")]
    raw = bytearray(write(archive, sealed({"tasks/000000": part(*tasks)})).read_bytes())
    if data.draw(st.booleans()):
        del raw[data.draw(st.integers(0, len(raw))) :]
    for _ in range(data.draw(st.integers(0, 3))):
        raw[data.draw(st.integers(0, max(0, len(raw) - 1))) : 1] = data.draw(st.binary(min_size=1, max_size=4))
    archive.write_bytes(raw)
    db = MemoryTaskDB()
    with suppress(bs.ConfigurationError, DamagedEntryError):
        import_archive(archive, db, None)
    for key, found in rows(db).items():
        entry = db.get(key)
        assert entry is not None
        assert (found.cache_key, entry.result_data) == (key, key.encode() * 50)
