"""What every `TaskDB` promises, as tests: subclass it and give a fixture `db`."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from beautyspot.errors import StorageError
from beautyspot.protocols import (
    SupportsBatches,
    SupportsJournal,
    SupportsJournalReads,
    SupportsOrigins,
    SupportsUpkeep,
    SupportsUses,
    TaskDB,
)
from beautyspot.records import Activity, Entry, Run, Task, TaskFilter
from beautyspot.testing.limits import LimitsContract
from beautyspot.testing.threads import in_threads

NOON = datetime(2026, 1, 2, 12, 0, 0, 123456, tzinfo=UTC)
SECOND = timedelta(seconds=1)
RUN = Run(
    *("r1", None, "trace", "llm", "chat", "gpt", NOON, 2.0, None, 0.0, "ok"),
    *(10, 5, 0, 0.25, False, False, None, None, ("x",), b"\x80"),
)


def task(key: str = "0a" * 16, **changes: Any) -> Task:
    """Return a task under `key`, with `changes` of its fields."""
    plain = Task(key, "shop.price", "f00d", "1", "DIRECT_BLOB", None, None, b"\x01", NOON, None, 1, 0.5)
    return plain._replace(**changes)


def keys_of(db: TaskDB, where: TaskFilter) -> list[str]:
    """Return the keys of what `where` finds, in its order."""
    return [found.cache_key for found in db.find(where)]


class TaskDBContract(LimitsContract):
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

    def test_many_rows_are_kept_and_got_at_once(self, db: TaskDB) -> None:
        """As one by one: replaced, of two the later, with their own tags; unknown keys have no entry."""
        if not isinstance(db, SupportsBatches):
            return
        db.put(task("00", result_data=b"old", tags=("old",)))
        many = [task(f"{number:02x}", result_data=b"%d" % number, tags=("new",)) for number in range(1200)]
        db.put_many([task("01", tags=("old",)), *many])
        db.put_many([])
        found = db.get_many(["gone", *(each.cache_key for each in many)])
        assert found == {each.cache_key: each.entry() for each in many}
        assert db.get_many([]) == {}
        assert keys_of(db, TaskFilter(tags=("old",))) == []
        assert len(keys_of(db, TaskFilter(tags=("new",)))) == 1200

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

        assert in_threads(keep, 8) == [True] * 8
        assert len(keys_of(db, TaskFilter(tags=("t",)))) == 160

    def test_a_closed_database_opens_again(self, db: TaskDB) -> None:
        """Closing twice is closing."""
        db.close()
        db.close()
        db.put(task())
        assert db.get("0a" * 16) is not None

    def test_activity_adds_up_and_runs_are_replaced(self, db: TaskDB) -> None:
        """None at all is nothing to write."""
        if not isinstance(db, SupportsJournal):
            return
        minute = NOON.replace(second=0, microsecond=0)
        row, later = Activity("shop.price", minute, 1, 2, 0, 0.5, 0.0, 10, 5), minute + 60 * SECOND
        db.add_activity([row, row._replace(minute=later)])
        db.add_activity([row])
        db.add_activity([])
        db.add_runs([RUN, RUN._replace(run_id="r2", tags=("a", "b"), cache_hit=True)])
        db.add_runs([RUN._replace(status="error")])
        db.add_runs([])
        if isinstance(db, SupportsJournalReads):
            summed = Activity("shop.price", minute, 2, 4, 0, 1.0, 0.0, 20, 10)
            assert sorted(db.read_activity()) == [summed, row._replace(minute=later)]
            runs = {run.run_id: run for run in db.read_runs()}
            assert runs["r1"] == RUN._replace(status="error")
            assert (runs["r2"].tags, runs["r2"].cache_hit, len(runs)) == (("a", "b"), True, 2)

    def test_a_last_use_is_noted_until_the_result_is_kept_anew(self, db: TaskDB) -> None:
        """A note on what is not there is none."""
        if not isinstance(db, SupportsUses):
            return
        hour = 3600 * SECOND
        db.put(task("0a"))
        db.put(task("0b"))
        db.uses.note(["0a", "gone"], NOON + 2 * hour)
        assert db.uses.last(["0a", "0b", "gone"]) == {"0a": NOON + 2 * hour}
        db.uses.note(["0a"], NOON + 4 * hour)
        assert db.uses.last(["0a"]) == {"0a": NOON + 4 * hour}
        db.put(task("0a", updated_at=NOON + 5 * hour))
        assert db.uses.last(["0a"]) == {}
        db.uses.note(["0a"], NOON + 5 * hour + SECOND)
        assert db.uses.last(["0a"]) == {"0a": NOON + 5 * hour + SECOND}

    def test_the_file_that_was_noted_last_is_the_origin_of_a_scope(self, db: TaskDB) -> None:
        """Each scope has its own."""
        if not isinstance(db, SupportsOrigins):
            return
        assert db.origin("0a" * 16) is None
        db.note_origin("0a" * 16, "/srv/a/main.py")
        db.note_origin("0b" * 16, "/srv/日本/main.py")
        assert [db.origin(scope * 16) for scope in ("0a", "0b")] == ["/srv/a/main.py", "/srv/日本/main.py"]
        db.note_origin("0a" * 16, "/srv/b/main.py")
        assert db.origin("0a" * 16) == "/srv/b/main.py"

    def test_upkeep_shows_rows_by_key_and_by_expiry(self, db: TaskDB) -> None:
        """A few at a time, whole but for the value."""
        if not isinstance(db, SupportsUpkeep):
            return
        assert db.upkeep.size_bytes() == 0
        kept = [task(f"0{n}", tags=("t", "u"), size_bytes=n, expires_at=NOON + n * SECOND) for n in range(4)]
        for each in reversed(kept):
            db.put(each)
        plain = [each._replace(result_data=None) for each in kept]
        assert db.upkeep.size_bytes() == 6
        assert list(db.upkeep.tasks_from("01", 2)) == plain[1:3]
        assert sorted(db.upkeep.expired_tasks(NOON + 2 * SECOND, 9)) == plain[:2]
        assert len(db.upkeep.expired_tasks(NOON + 9 * SECOND, 3)) == 3

    def test_upkeep_takes_nothing_that_is_newer_away(self, db: TaskDB) -> None:
        """Neither for rows of another database nor by deleting what was read before."""
        if not isinstance(db, SupportsUpkeep):
            return
        newer, new = task("0a", updated_at=NOON + SECOND, tags=("new",)), task("0b", tags=("t",))
        db.put(task("0a", tags=("old",)))
        assert db.upkeep.put_newer([task("0a", updated_at=NOON - SECOND), new, newer]) in (["0b", "0a"], ["0a", "0b"])
        assert db.upkeep.put_newer([newer, new]) == []
        assert db.upkeep.updated_at(["0a", "0b", "0c"]) == {"0a": NOON + SECOND, "0b": NOON}
        assert keys_of(db, TaskFilter(tags=("old",))) == []
        assert db.upkeep.delete_unchanged([task("0a"), new, task("0c")]) == ["0b"]
        assert [found.tags for found in db.find(TaskFilter())] == [("new",)]

    def test_any_text_comes_back_as_it_was(self, db: TaskDB) -> None:
        """Whatever it means to a statement, a pattern or a key."""
        odd = ("'; DROP TABLE tasks; --", "%s %(key)s :key ? $1", "a\nb\t\\", "*[?]{}^", "日本 𝄞 é é", " ", "x" * 5000)
        for number, text in enumerate(odd):
            db.put(task(f"{number:02x}", func_name=f"m.{text}", input_id=text, version=text, tags=(text, "all")))
        for text in odd:
            (found,) = db.find(TaskFilter(function=f"m.{text}", version=text, tags=(text,)))
            assert (found.input_id, set(found.tags)) == (text, {text, "all"})
        assert len(keys_of(db, TaskFilter(tags=odd))) == len(odd)

    def test_text_that_cannot_be_kept_is_refused_once_and_for_all(self, db: TaskDB) -> None:
        """A NUL character or half of a surrogate pair: kept as it is, or refused for a reason in the row itself."""
        for text in ("nul\0", "half \ud800"):
            odd = task(version=text, tags=(text,))
            try:
                db.put(odd)
            except StorageError as error:
                assert isinstance(error.__cause__, ValueError)  # noqa: PT017 - a database may do either
                assert db.get(odd.cache_key) is None
            else:
                assert [found.tags for found in db.find(TaskFilter(version=text))] == [(text,)]
                db.delete([odd.cache_key])
        db.put(task())
        assert db.get("0a" * 16) is not None

    def test_any_bytes_of_any_length_are_data(self, db: TaskDB) -> None:
        """From none to several megabytes."""
        for data in (b"", bytes(range(256)), b"\\x00' OR 1=1", bytes(5_000_000)):
            db.put(task(result_data=data, size_bytes=len(data), checksum=2**32 - 1))
            entry = db.get("0a" * 16)
            assert entry is not None
            assert (entry.result_data, entry.checksum) == (data, 2**32 - 1)

    def test_times_are_exact_to_the_microsecond_in_any_zone(self, db: TaskDB) -> None:
        """From the first year that has one to the last."""
        east = timezone(timedelta(hours=9, minutes=30))
        for time in (NOON, datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)):
            db.put(task(updated_at=time, expires_at=NOON.astimezone(east)))
            (found,) = db.find(TaskFilter())
            assert (found.updated_at, found.expires_at) == (time, NOON)

    def test_threads_that_keep_one_key_leave_one_row(self, db: TaskDB) -> None:
        """With its own tags."""

        def keep(thread: int) -> None:
            for number in range(10):
                db.put(task(version=f"{thread} {number}", tags=(f"{thread} {number}", "all", "all")))

        in_threads(keep, 4)
        (found,) = db.find(TaskFilter())
        assert set(found.tags) == {found.version, "all"}
        assert db.delete([found.cache_key, found.cache_key]) == 1
