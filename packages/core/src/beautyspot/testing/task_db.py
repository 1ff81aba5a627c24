"""What every `TaskDB` promises, as tests: subclass it and give a fixture `db`."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from beautyspot.protocols import SupportsJournal, SupportsLimits, TaskDB
from beautyspot.records import Activity, Entry, Task, TaskFilter

NOON = datetime(2026, 1, 2, 12, 0, 0, 123456, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def task(key: str = "0a" * 16, **changes: Any) -> Task:
    """Return a task under `key`, with `changes` of its fields."""
    plain = Task(key, "shop.price", "f00d", "1", "DIRECT_BLOB", None, None, b"\x01", NOON, None, 1, 0.5)
    return plain._replace(**changes)


def keys_of(db: TaskDB, where: TaskFilter) -> list[str]:
    """Return the keys of what `where` finds, in its order."""
    return [found.cache_key for found in db.find(where)]


class TaskDBContract:
    """The exam of a database of tasks."""

    def test_an_unknown_key_has_no_entry(self, db: TaskDB) -> None:
        """None, not an error."""
        assert db.get("0b" * 16) is None

    def test_what_was_put_is_got(self, db: TaskDB) -> None:
        """The entry has what a hit needs."""
        db.put(task(expires_at=NOON + SECOND))
        assert db.get("0a" * 16) == Entry("DIRECT_BLOB", b"\x01", None, NOON + SECOND, 0.5)

    def test_a_blob_has_a_location_and_no_data(self, db: TaskDB) -> None:
        """The location comes back as it was."""
        db.put(task(result_type="FILE", result_data=None, result_value="0a/0a0a.bin"))
        assert db.get("0a" * 16) == Entry("FILE", None, "0a/0a0a.bin", None, 0.5)

    def test_an_expired_entry_is_still_returned(self, db: TaskDB) -> None:
        """Whether it counts is its reader's to say."""
        db.put(task(expires_at=NOON - SECOND))
        entry = db.get("0a" * 16)
        assert entry is not None
        assert entry.expires_at == NOON - SECOND

    def test_a_second_put_replaces_the_row_and_its_tags(self, db: TaskDB) -> None:
        """One row per key."""
        db.put(task(tags=("old", "both")))
        db.put(task(result_data=b"\x02", tags=("both",)))
        entry = db.get("0a" * 16)
        assert entry is not None
        assert entry.result_data == b"\x02"
        assert [found.tags for found in db.find(TaskFilter())] == [("both",)]
        db.put(task())
        assert keys_of(db, TaskFilter(tags=("old", "both"))) == []

    def test_delete_counts_what_was_there(self, db: TaskDB) -> None:
        """Unknown keys are nothing to delete."""
        db.put(task(tags=("a",)))
        assert db.delete(["0a" * 16, "0b" * 16]) == 1
        assert db.get("0a" * 16) is None
        assert db.delete([]) == 0
        assert keys_of(db, TaskFilter(tags=("a",))) == []

    def test_any_number_of_keys_is_deleted_at_once(self, db: TaskDB) -> None:
        """Above the limits that databases have on the values of one statement."""
        keys = [f"{number:032x}" for number in range(1500)]
        for key in keys[:3]:
            db.put(task(key))
        assert db.delete(iter(keys)) == 3

    def test_find_gives_every_field_but_the_data(self, db: TaskDB) -> None:
        """So that a list of results never loads them."""
        kept = task(content_type="image/png", expires_at=NOON + SECOND, tags=("a", "b"))
        db.put(kept)
        assert list(db.find(TaskFilter())) == [kept._replace(result_data=None)]

    def test_find_gives_the_newest_first(self, db: TaskDB) -> None:
        """By the time of the result, whatever the order of the puts."""
        for key, seconds in (("0a", 2), ("0b", 1), ("0c", 3)):
            db.put(task(key, updated_at=NOON + seconds * SECOND))
        assert keys_of(db, TaskFilter()) == ["0c", "0a", "0b"]

    def test_find_knows_a_function_by_its_whole_or_its_bare_name(self, db: TaskDB) -> None:
        """A bare name is whole parts at the end; a `_` is a `_`."""
        for key, name in (("0a", "shop.Cart.price"), ("0b", "shop.price"), ("0c", "shop.Xprice"), ("0d", "a.c_t")):
            db.put(task(key, func_name=name, updated_at=NOON + int(key, 16) * SECOND))
        assert keys_of(db, TaskFilter(function="shop.price")) == ["0b"]
        assert keys_of(db, TaskFilter(function="price")) == ["0b", "0a"]
        assert keys_of(db, TaskFilter(function="Cart.price")) == ["0a"]
        assert keys_of(db, TaskFilter(function="c%t")) == keys_of(db, TaskFilter(function="PRICE")) == []

    def test_find_takes_all_conditions_together(self, db: TaskDB) -> None:
        """Any of the tags, and everything else."""
        db.put(task("0a", tags=("x",)))
        db.put(task("0b", tags=("y", "z"), version="2", updated_at=NOON + SECOND, expires_at=NOON))
        db.put(task("0c", version="2", updated_at=NOON + 2 * SECOND))
        assert keys_of(db, TaskFilter(tags=("x", "y"))) == ["0b", "0a"]
        assert keys_of(db, TaskFilter(tags=())) == []
        assert keys_of(db, TaskFilter(version="2")) == ["0c", "0b"]
        assert keys_of(db, TaskFilter(updated_before=NOON + SECOND)) == ["0a"]
        assert keys_of(db, TaskFilter(expired_before=NOON + SECOND)) == ["0b"]
        assert keys_of(db, TaskFilter(tags=("x", "y"), version="2", expired_before=NOON)) == []

    def test_what_is_found_can_be_deleted_while_it_is_read(self, db: TaskDB) -> None:
        """As `prune` does."""
        for number in range(20):
            db.put(task(f"{number:02x}"))
        assert sum(db.delete([found.cache_key]) for found in db.find(TaskFilter())) == 20
        assert keys_of(db, TaskFilter()) == []

    def test_threads_keep_and_find_each_others_rows(self, db: TaskDB) -> None:
        """No error, nothing lost."""

        def keep(thread: int) -> bool:
            for number in range(20):
                db.put(task(f"{thread:x}{number:02x}", tags=("t",)))
            return db.get(f"{thread:x}00") is not None

        assert _in_threads(keep, 8) == [True] * 8
        assert len(keys_of(db, TaskFilter(tags=("t",)))) == 160

    def test_a_closed_database_opens_again(self, db: TaskDB) -> None:
        """Closing twice is closing."""
        db.close()
        db.close()
        db.put(task())
        assert db.get("0a" * 16) is not None

    def test_a_limit_advances_from_now_or_from_where_it_stands(self, db: TaskDB) -> None:
        """And goes back only if nobody advanced it in between."""
        if not isinstance(db, SupportsLimits):
            return
        assert db.advance_limit("api", 100.0, 1.5) == 101.5
        assert db.advance_limit("api", 100.5, 1.5) == 103.0
        assert db.advance_limit("other", 5.0, 1.0) == 6.0
        assert db.advance_limit("api", 200.0, 1.0) == 201.0
        assert db.restore_limit("api", 103.0, 1.5) is False
        assert db.restore_limit("api", 201.0, 1.0) is True
        assert db.advance_limit("api", 0.0, 1.0) == 201.0
        assert db.restore_limit("unknown", 1.0, 1.0) is False

    def test_threads_that_share_a_limit_get_a_place_each(self, db: TaskDB) -> None:
        """No two the same."""
        if not isinstance(db, SupportsLimits):
            return
        places = _in_threads(lambda _: [db.advance_limit("api", 100.0, 1.0) for _ in range(20)], 4)
        assert sorted(place for own in places for place in own) == [101.0 + number for number in range(80)]

    def test_activity_and_runs_are_taken(self, db: TaskDB) -> None:
        """None at all is nothing to write."""
        if not isinstance(db, SupportsJournal):
            return
        db.add_activity([Activity("shop.price", NOON, 1, 2, 0, 0.5, 0.0, 10, 5)])
        db.add_activity([])
        db.add_runs([])


def _in_threads(work: Callable[[int], Any], count: int) -> list[Any]:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(count) as threads:
        return list(islice(threads.map(work, range(count)), count))
