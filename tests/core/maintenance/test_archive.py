"""Archives: what goes out comes in again, and nothing else does."""

import json
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
from beautyspot.records import Task, TaskFilter
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
    assert (out.tasks, out.left_out, back) == (22, 0, Imported(22, out.size_bytes, 0, out.activity))
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
    assert import_archive(archive, other, blobs) == Imported(0, 0, 7, 0)
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
    assert (done.tasks, done.left_out) == (5, 2)


def test_only_what_a_filter_means_goes_out(kept: Any, archive: Path) -> None:
    kept.fill(5)
    assert export(kept, archive, where=TaskFilter(tags=("red",))).tasks == 5


def test_a_failed_export_leaves_no_file(kept: Any, archive: Path, tmp_path: Path) -> None:
    kept.fill(5)

    def stop(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(kept, archive, progress=stop)
    with pytest.raises(bs.StorageError, match="another path"):
        export(kept, tmp_path / "nowhere" / "a")
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
