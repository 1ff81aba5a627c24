"""Results, activity, runs and blobs from any database to any other."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from beautyspot.db import MemoryTaskDB, SQLiteTaskDB, TaskDB, open_db
from beautyspot.errors import ConfigurationError, StorageError
from beautyspot.maintenance import BlobMove, compare, migrate
from beautyspot.maintenance.portions import PORTION_BYTES
from beautyspot.protocols import Buffer
from beautyspot.records import Activity, Run, Task, TaskFilter
from beautyspot.storage import LocalStorage, MemoryStorage
from beautyspot.testing.task_db import NOON, SECOND, task

MINUTE = NOON.replace(second=0, microsecond=0)
RUN = Run(
    "r1", None, "r1", "llm", "chat", "m", NOON, 1.0, None, 0.0, "ok",
    1, 2, None, None, True, False, "0a", None, ("t",), b"d",
)  # fmt: skip
ACTIVITY = Activity("f", MINUTE, 1, 2, 3, 0.1, 0.25, 4, 5)
TASKS = (
    task("0a", tags=("y", "x", "Z"), content_type="text/plain"),
    task("0b", updated_at=NOON + SECOND, expires_at=datetime(2100, 1, 1, tzinfo=UTC)),
    task("0c", result_type="FILE", result_data=None, result_value="0c/0c.bin", compression="zstd"),
)


SERVERS = [pytest.param(name, marks=pytest.mark.external_service) for name in ("redis", "postgres")]


@pytest.fixture(params=["sqlite", "memory", *SERVERS])
def there(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TaskDB]:
    """A database of every kind, empty."""
    places = {"sqlite": str(tmp_path / "there.db"), "memory": "memory://"}
    place = places.get(request.param) or request.getfixturevalue(f"{request.param}_url")
    with closing(open_db(place)) as db:
        yield db


@pytest.fixture
def source(tmp_path: Path) -> Iterator[TaskDB]:
    with closing(SQLiteTaskDB(tmp_path / "source.db")) as db:
        for each in TASKS:
            db.put(each)
        db.add_activity([ACTIVITY])
        db.add_runs([RUN])
        yield db


@pytest.fixture
def target() -> MemoryTaskDB:
    return MemoryTaskDB()


def kept(db: TaskDB) -> dict[str, Task]:
    return {each.cache_key: each for each in db.find(TaskFilter())}


def test_everything_arrives_and_comes_back_as_it_was(source: TaskDB, there: TaskDB, tmp_path: Path) -> None:
    done = migrate(source, there)
    assert (done.tasks, done.named_blobs, done.activity, done.runs) == (3, 1, 1, 1)
    with closing(SQLiteTaskDB(tmp_path / "back.db")) as back:
        migrate(there, back)
        assert kept(back) == kept(source)
        assert [*back.read_activity(), *back.read_runs()] == [ACTIVITY, RUN]
        assert compare(source, back).same
        assert compare(there, back).tasks == 3


def test_a_second_time_changes_nothing(source: TaskDB, there: TaskDB) -> None:
    migrate(source, there)
    done = migrate(source, there)
    assert (done.tasks, done.present, done.activity, done.runs) == (0, 3, 0, 0)
    assert migrate(source, there, dry_run=True) == done
    assert list(there.read_activity()) == [ACTIVITY]


def test_it_goes_on_where_it_was(source: TaskDB, there: TaskDB) -> None:

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        migrate(source, there, progress=interrupt)
    source.put(task("0d"))
    assert migrate(source, there).tasks == 1
    assert compare(source, there).same


def test_a_newer_result_stays_and_an_older_one_is_replaced(source: TaskDB, there: TaskDB) -> None:
    there.put(task("0a", version="newer", updated_at=NOON + SECOND))
    there.put(task("0b", version="older", updated_at=NOON))
    done = migrate(source, there)
    assert (done.tasks, done.present) == (2, 1)
    assert {key: each.version for key, each in kept(there).items()} == {"0a": "newer", "0b": "1", "0c": "1"}
    assert (compare(source, there).tasks, compare(source, there).newer) == (2, 1)


def test_what_both_counted_of_a_minute_is_the_larger_and_later_counts_stay(source: TaskDB, there: TaskDB) -> None:
    there.add_activity([ACTIVITY._replace(hits=10, misses=0, saved_s=0.3)])
    for _ in range(2):
        migrate(source, there)
    assert list(there.read_activity()) == [ACTIVITY._replace(hits=10, saved_s=0.3)]


def test_expired_results_are_left_behind(source: TaskDB, target: TaskDB) -> None:
    source.put(task("0a", expires_at=NOON + SECOND))
    assert migrate(source, target).expired == 1
    assert set(kept(target)) == {"0b", "0c"}
    assert compare(source, target).same


def test_a_dry_run_counts_and_changes_nothing(source: TaskDB, target: MemoryTaskDB) -> None:
    done = migrate(source, target, dry_run=True)
    assert (done.tasks, done.size_bytes, done.activity, done.runs) == (3, 3, 1, 1)
    assert kept(target) == target.activity == target.runs == {}


def test_a_damaged_value_is_left_behind_and_named(source: TaskDB, target: TaskDB) -> None:
    source.put(task("0d", checksum=1))
    source.put(task("0e", result_data=None))
    assert migrate(source, target).lost == 2
    assert set(kept(target)) == {"0a", "0b", "0c"}
    assert {found.key for found in compare(source, target).first} == {"0d", "0e"}


def test_a_dry_run_and_a_comparison_make_no_target(source: TaskDB, tmp_path: Path) -> None:
    target = SQLiteTaskDB(tmp_path / "new" / "new.db")
    done = migrate(source, target, dry_run=True)
    assert (done.tasks, done.activity, done.runs) == (3, 1, 1)
    assert compare(source, target).differences == 4
    assert not (tmp_path / "new").exists()


def test_a_source_that_is_not_there_is_refused_and_not_made(tmp_path: Path, target: TaskDB) -> None:
    for work in (migrate, compare):
        with pytest.raises(ConfigurationError, match="no database at"):
            work(SQLiteTaskDB(tmp_path / "typo.db"), target)
    assert list(tmp_path.iterdir()) == []


def test_blobs_that_a_first_run_left_behind_are_copied_by_a_second(source: TaskDB, there: TaskDB) -> None:
    old, new = MemoryStorage(), MemoryStorage()
    source.put(task("0c", result_type="FILE", result_data=None, result_value=old.save("0c", b"x"), tags=("t",)))
    migrate(source, there)
    move = BlobMove((old,), new)
    said, done = (migrate(source, there, blobs=move, dry_run=dry_run) for dry_run in (True, False))
    assert (said.blobs, done.tasks, done.blobs, done.present) == (1, 1, 1, 2)
    assert compare(source, there, blobs=move).same
    assert migrate(source, there, blobs=move).present == 3


def test_a_result_that_was_kept_anew_while_its_blob_was_copied_stays(source: TaskDB, target: TaskDB) -> None:
    class Busy(MemoryStorage):
        def save(self, key: str, data: Any, /) -> str:
            target.put(task(key, updated_at=NOON + SECOND, version="newer"))
            return super().save(key, data)

    old, new = MemoryStorage(), Busy()
    source.put(task("0c", result_type="FILE", result_data=None, result_value=old.save("0c", b"x")))
    migrate(source, target)
    assert migrate(source, target, blobs=BlobMove((old,), new)).present == 3
    assert (kept(target)["0c"].version, list(new.iter_keys())) == ("newer", [])


def test_a_result_of_an_unreadable_time_goes_along(source: TaskDB, target: TaskDB, tmp_path: Path) -> None:
    ask(tmp_path / "source.db", "UPDATE tasks SET updated_at = 'garbage' WHERE cache_key = '0a'")
    assert (migrate(source, target).tasks, migrate(source, target).present) == (3, 3)
    assert compare(source, target).same


def test_a_row_of_wrong_types_is_told_as_one_that_cant_be_read(source: TaskDB, target: TaskDB, tmp_path: Path) -> None:
    ask(tmp_path / "source.db", "UPDATE tasks SET elapsed_s = 'abc' WHERE cache_key = '0a'")
    said, done = migrate(source, target, dry_run=True), migrate(source, target)
    assert (done.tasks, done.lost, done.changed, said.lost) == (2, 1, 0, 1)
    assert [found.key for found in compare(source, target).first] == ["0a"]


def ask(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


class ReplacedWhileListed(MemoryTaskDB):
    """Another process writes between the list and the read."""

    def find(self, where: TaskFilter) -> Iterator[Task]:
        listed = list(super().find(where))
        for each in listed:
            self.put(each._replace(result_data=b"\x02", elapsed_s=2.0, updated_at=NOON + SECOND))
        return iter(listed)


def test_a_value_never_comes_under_the_row_of_another(target: TaskDB) -> None:
    source = ReplacedWhileListed()
    source.put(task("0a"))
    assert migrate(source, target).changed == 1
    assert kept(target) == {}


def test_a_result_whose_blob_goes_while_it_is_copied_has_changed_and_is_not_lost(
    target: TaskDB, tmp_path: Path
) -> None:
    source, blobs = MemoryTaskDB(), LocalStorage(tmp_path / "blobs")
    locations = {key: blobs.save(key, b"paid") for key in ("0a", "0b", "0c")}
    for key, location in locations.items():
        source.put(task(key, result_type="FILE", result_data=None, result_value=location, size_bytes=4))

    class RefreshedWhileCopied(LocalStorage):
        """Another process replaces a result, and deletes one, once the blob of the first is about to be read."""

        def load(self, location: str, /) -> bytes:
            if source.get("0b"):
                source.put(task("0a", result_data=b"new", updated_at=NOON + SECOND))
                source.delete(["0b"])
                for each in locations.values():
                    blobs.delete(each)
            return super().load(location)

    move = BlobMove([RefreshedWhileCopied(tmp_path / "blobs")], LocalStorage(tmp_path / "copies"))
    done = migrate(source, target, blobs=move)
    assert (done.tasks, done.changed, done.lost) == (0, 2, 1)


@pytest.mark.external_service
def test_one_row_that_the_target_has_no_place_for_does_not_hold_up_the_others(
    source: TaskDB, postgres_url: str
) -> None:
    source.put(task("0d", input_id="\0"))
    with closing(open_db(postgres_url)) as there:
        done = migrate(source, there)
        assert (done.tasks, done.refused, done.present) == (3, 1, 0)
        assert [found.key for found in compare(source, there).first] == ["0d"]


class Plain:
    """A database of somebody else's, with no more than `TaskDB` asks for."""

    def __init__(self) -> None:
        db = MemoryTaskDB()
        self.get, self.put, self.delete, self.find, self.close = db.get, db.put, db.delete, db.find, db.close


def test_a_database_of_somebody_else_takes_and_gives_results(source: TaskDB, target: TaskDB) -> None:
    plain = Plain()
    plain.put(task("0a", version="newer", updated_at=NOON + SECOND))
    plain.put(task("0b", version="older", updated_at=NOON))
    assert (migrate(source, plain).tasks, migrate(source, plain).tasks) == (2, 0)
    assert {key: each.version for key, each in kept(plain).items()} == {"0a": "newer", "0b": "1", "0c": "1"}
    assert migrate(plain, target).tasks == 3


class Silent(MemoryStorage):
    """A storage that doesn't answer while it is away."""

    is_away = True

    def load(self, location: str, /) -> bytes:
        if self.is_away:
            raise StorageError(f"no answer for {location!r}; try again")
        return super().load(location)


def test_a_storage_that_fails_has_lost_nothing_and_the_next_run_copies_it(source: TaskDB, target: TaskDB) -> None:
    ours = Silent()
    source.put(task("0c", result_type="FILE", result_data=None, result_value=ours.save("0c", b"blob")))
    move = BlobMove((ours, MemoryStorage()), MemoryStorage())
    done = migrate(source, target, blobs=move)
    assert (done.tasks, done.failed, done.lost) == (2, 1, 0)
    ours.is_away = False
    done = migrate(source, target, blobs=move)
    assert (done.tasks, done.failed, done.lost) == (1, 0, 0)


def test_blobs_are_copied_and_the_rows_name_the_copies(source: TaskDB, target: TaskDB, tmp_path: Path) -> None:
    ours, theirs = LocalStorage(tmp_path / "ours"), MemoryStorage()
    source.put(task("0c", result_type="FILE", result_data=None, result_value=ours.save("0c", b"blob")))
    source.put(task("0d", result_type="FILE", result_data=None, result_value="0d/lost.bin"))
    move = BlobMove((MemoryStorage(), ours), theirs)
    done = migrate(source, target, blobs=move)
    assert (done.tasks, done.blobs, done.lost, done.named_blobs) == (3, 1, 1, 0)
    location = kept(target)["0c"].result_value
    assert location is not None
    assert theirs.load(location) == b"blob"
    assert [found.key for found in compare(source, target, blobs=move).first] == ["0d"]
    migrate(source, target, blobs=move)
    assert len(list(theirs.iter_keys())) == 1


class Copies(MemoryStorage):
    """Notes how many rows there are whenever a blob comes, and meets an interrupt with every tenth."""

    def __init__(self, rows: TaskDB) -> None:
        super().__init__()
        self.rows_at_saves: list[int] = []
        self._rows = rows

    def save(self, key: str, data: Buffer, /) -> str:
        self.rows_at_saves.append(len(kept(self._rows)))
        if len(self.rows_at_saves) % 10 == 0:
            raise KeyboardInterrupt
        return super().save(key, data)


def blobs_of(count: int, size_bytes: int, target: TaskDB) -> tuple[TaskDB, BlobMove, Copies]:
    source, ours, theirs = MemoryTaskDB(), MemoryStorage(), Copies(target)
    for key in map(str, range(count)):
        location = ours.save(key, b"b" * size_bytes)
        source.put(task(key, result_type="FILE", result_data=None, result_value=location, size_bytes=size_bytes))
    return source, BlobMove((ours,), theirs), theirs


def test_an_interrupted_copy_has_a_row_for_each_blob_and_goes_on(target: TaskDB) -> None:
    source, move, copies = blobs_of(15, 1, target)
    with pytest.raises(KeyboardInterrupt):
        migrate(source, target, blobs=move)
    assert {each.result_value for each in kept(target).values()} == {blob.location for blob in copies.iter_keys()}
    assert (len(kept(target)), migrate(source, target, blobs=move).blobs) == (9, 6)


def test_the_row_follows_a_big_blob_at_once(target: TaskDB) -> None:
    """So even a copy that is killed begins again at its last blob only."""
    source, move, copies = blobs_of(3, PORTION_BYTES, target)
    migrate(source, target, blobs=move)
    assert copies.rows_at_saves == [0, 1, 2]


def test_rows_of_an_earlier_release_go_as_they_are(source: TaskDB, there: TaskDB) -> None:
    old = {"size_bytes": None, "elapsed_s": None}
    source.put(task("0d", **old))
    source.put(task("0e", result_type="FILE", result_data=None, result_value="/old/0e.bin", **old))
    source.put(task("0f", result_type="DIRECT", result_data=None, result_value="[1]", **old))
    source.delete(["0c"])
    move = BlobMove((MemoryStorage(),), MemoryStorage())
    done = migrate(source, there, blobs=move)
    not_hits = 0 if isinstance(there, SQLiteTaskDB) else 3
    assert (done.tasks, done.legacy, done.named_blobs, done.lost) == (5, not_hits, 1, 0)
    assert kept(there)["0e"].result_value == "/old/0e.bin"
    assert compare(source, there, blobs=move).same


def test_rows_of_an_earlier_release_are_hits_in_the_new_file_as_well(tmp_path: Path) -> None:
    with closing(SQLiteTaskDB(tmp_path / "old.db")) as old, closing(MemoryTaskDB()) as between:
        old.put(task("0d", func_name="load", size_bytes=None, elapsed_s=None))
        old.put(task("0e", func_name="read", size_bytes=None, elapsed_s=None))
        old.upkeep.add_legacy_holders({"load": None, "read": None})
        assert old.claim_legacy("load", "app.load") == "app.load"
        migrate(old, between)
        for number, source in enumerate((old, between)):
            with closing(SQLiteTaskDB(tmp_path / f"new-{number}.db")) as new:
                assert not migrate(source, new, dry_run=True).legacy
                assert not new.holds_legacy()
                migrate(source, new)
                new.close()
                assert new.holds_legacy()
                holder = "app.load" if source is old else "other.load"
                assert new.claim_legacy("load", "other.load") == holder
                assert new.claim_legacy("read", "app.read") == "app.read"


def test_a_comparison_finds_what_differs(source: TaskDB, there: TaskDB) -> None:
    migrate(source, there)
    there.put(TASKS[0]._replace(tags=("x",)))
    there.put(TASKS[1]._replace(result_data=b"\x03"))
    there.delete(["0c"])
    source.add_runs([RUN._replace(run_id="r2")])
    found = compare(source, there)
    assert found.tasks == 0
    assert {each.key: each.what for each in found.first} == {
        "0a": "other columns or tags",
        "0b": "other value",
        "0c": "missing",
        "r2": "run missing",
    }


def test_what_is_counted_since_the_copy_is_told_and_is_no_difference(source: TaskDB, there: TaskDB) -> None:
    migrate(source, there)
    source.add_activity([ACTIVITY, ACTIVITY._replace(func_name="g")])
    found = compare(source, there)
    assert (found.same, found.activity) == (True, 2)
    migrate(source, there)
    assert compare(source, there).activity == 0


def test_a_comparison_without_bytes_finds_blobs_of_other_sizes_and_lost_ones(source: TaskDB, target: TaskDB) -> None:
    old, new = MemoryStorage(), MemoryStorage()
    for key in ("0c", "0d", "0e"):
        source.put(task(key, result_type="FILE", result_data=None, result_value=old.save(key, b"x")))
    migrate(source, target, blobs=BlobMove((old,), new))
    assert (compare(source, target).same, compare(source, target).unseen) == (True, 3)
    new.delete(kept(target)["0d"].result_value or "")
    target.put(kept(target)["0e"]._replace(size_bytes=2))
    found = compare(source, target, storage=new)
    assert (found.tasks, found.unseen) == (3, 0)
    assert {each.key: each.what[:10] for each in found.first} == {"0d": "no blob at", "0e": "other colu"}


def test_more_rows_than_a_chunk_arrive(source: TaskDB, there: TaskDB) -> None:
    for number in range(1100):
        source.put(task(f"{number:04x}", updated_at=NOON + timedelta(seconds=number % 3)))
    seen: list[int] = []
    assert migrate(source, there, progress=seen.append).tasks == 1103
    assert seen == [500, 1000, 1103]
    assert len(kept(there)) == 1103
