"""The catalog: read-only questions."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unicodedata import normalize

import beautyspot as bs
import pytest
from beautyspot.catalog import Catalog
from beautyspot.catalog.source import is_held, open_source
from beautyspot.db import SQLiteTaskDB, SQLTaskDB
from beautyspot.housekeeping import NAME
from beautyspot.limiters import SharedGCRA
from beautyspot.limiters.steps import ENDING
from beautyspot.records import Activity, LimitRate, Run, Task
from beautyspot.testing import FrozenClock

NOW = datetime.fromtimestamp(1_700_000_000, UTC)
TASK = Task("aa", "app.load", "0f", "1", "DIRECT_BLOB", "text/plain", None, b"\xa2hi", NOW, None, 3, 0.5)
RUN = Run(
    *("r1", None, "t", "llm", "chat", "gpt", NOW, 2.0, None, 0.0, "ok"),
    *(10, 5, 0, 0.25, False, False, None, None, ("x",), None),
)


@pytest.fixture(params=["file", pytest.param("server", marks=pytest.mark.external_service)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return request.getfixturevalue("postgres_url") if request.param == "server" else str(tmp_path / "a.db")


@pytest.fixture
def db(place: str) -> Iterator[SQLiteTaskDB | SQLTaskDB]:
    with closing(SQLTaskDB(place) if "://" in place else SQLiteTaskDB(place)) as db:
        db.open()
        yield db


@pytest.fixture
def catalog(db: SQLiteTaskDB | SQLTaskDB, place: str) -> Iterator[Catalog]:
    with Catalog(open_source(place), FrozenClock(NOW.timestamp())) as catalog:
        yield catalog


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SQLiteTaskDB]:
    with closing(SQLiteTaskDB(tmp_path / "a.db")) as db:
        db.open()
        yield db


def keys(catalog: Catalog, **where: object) -> list[str]:
    return [task.cache_key for task in catalog.tasks(**where).rows]  # type: ignore[arg-type]


def test_a_task_comes_back_as_it_was_kept_but_without_its_value(db: SQLiteTaskDB | SQLTaskDB, catalog: Catalog) -> None:
    task = TASK._replace(tags=("one", "two"), expires_at=NOW + timedelta(days=1))
    db.put(task)
    assert catalog.tasks().rows == (task._replace(result_data=None),)


def test_pages_follow_each_other_newest_first_without_a_gap_or_a_double(
    db: SQLiteTaskDB | SQLTaskDB, catalog: Catalog
) -> None:
    for number in range(7):  # three share each time
        db.put(TASK._replace(cache_key=f"k{number}", updated_at=NOW + timedelta(seconds=number // 3)))
    seen: list[str] = []
    after = None
    while True:
        page = catalog.tasks(limit=2, after=after)
        seen += [task.cache_key for task in page.rows]
        after = page.next
        if after is None:
            break
    assert seen == ["k6", "k5", "k4", "k3", "k2", "k1", "k0"]


def test_a_word_is_found_in_whichever_form_it_was_kept_and_typed(
    db: SQLiteTaskDB | SQLTaskDB, catalog: Catalog
) -> None:
    one, parts, narrow = "ガラス", normalize("NFD", "ガラス"), "\uff76\uff9e\uff97\uff7d"
    for key, kept in zip("abc", (one, parts, narrow), strict=True):
        db.put(TASK._replace(cache_key=key, input_id=kept, tags=("x",)))
        db.put(TASK._replace(cache_key=key.upper(), input_id="1", tags=(kept,)))
    assert [sorted(keys(catalog, text=typed)) for typed in (one, parts, narrow)] == [list("ABCabc")] * 3


def test_a_letter_is_found_in_whichever_width_it_was_kept_and_typed(
    db: SQLiteTaskDB | SQLTaskDB, catalog: Catalog
) -> None:
    half, full = "GPT 4%", "\uff27\uff30\uff34\u3000\uff14\uff05"
    db.put(TASK._replace(cache_key="half", input_id=half))
    db.put(TASK._replace(cache_key="full", input_id=full))
    assert [sorted(keys(catalog, text=typed)) for typed in (half, full)] == [["full", "half"]] * 2


def test_a_cursor_stays_good_when_rows_come_and_go(db: SQLiteTaskDB | SQLTaskDB, catalog: Catalog) -> None:
    for number in range(4):
        db.put(TASK._replace(cache_key=f"k{number}", updated_at=NOW + timedelta(seconds=number)))
    after = catalog.tasks(limit=2).next
    db.delete(["k2"])
    db.put(TASK._replace(cache_key="k9", updated_at=NOW + timedelta(seconds=9)))
    assert keys(catalog, after=after) == ["k1", "k0"]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"function": "app.load"}, ["a", "b"]),
        ({"function": "load"}, ["a", "b"]),
        ({"function": "lo_d"}, []),
        ({"function": "nobody"}, []),
        ({"version": "2"}, ["b"]),
        ({"tag": "red"}, ["c"]),
        ({"tag": "re"}, []),
        ({"content_type": "image/png"}, ["c"]),
        ({"older_than": "1h"}, ["c"]),
        ({"newer_than": 60}, ["a", "b"]),
        ({"text": "LOAD"}, ["a", "b"]),
        ({"text": "png"}, ["c"]),
        ({"text": "re"}, ["c"]),
        ({"text": "%"}, []),
        ({"function": "load", "version": "2"}, ["b"]),
    ],
)
def test_every_condition_given_must_hold(
    db: SQLiteTaskDB | SQLTaskDB, catalog: Catalog, where: dict[str, object], expected: list[str]
) -> None:
    db.put(TASK._replace(cache_key="a"))
    db.put(TASK._replace(cache_key="b", version="2"))
    hour_ago = NOW - timedelta(hours=2)
    db.put(
        TASK._replace(cache_key="c", func_name="app.draw", content_type="image/png", updated_at=hour_ago, tags=("red",))
    )
    assert sorted(keys(catalog, **where)) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("text", 5),
        ("text", "\ud800"),
        ("function", b"load"),
        ("content_type", ["image/png"]),
        ("min_bytes", 2**70),
        ("max_bytes", -1),
        ("look", "many"),
        ("expired", "yes"),
    ],
)
def test_an_argument_of_another_type_is_refused_by_its_name(file: SQLiteTaskDB, name: str, value: object) -> None:
    with Catalog.open(file.path) as catalog, pytest.raises(bs.ConfigurationError, match=f"{name} got"):
        catalog.tasks(**{name: value})  # type: ignore[arg-type]


def test_other_questions_refuse_other_types_as_well(file: SQLiteTaskDB) -> None:
    with Catalog.open(file.path) as catalog:
        for ask in (
            lambda: catalog.task(5),  # type: ignore[arg-type]
            lambda: catalog.activity(function=5),  # type: ignore[arg-type]
            lambda: catalog.runs(model=["m"]),  # type: ignore[arg-type]
            lambda: catalog.runs(roots="yes"),  # type: ignore[arg-type]
        ):
            with pytest.raises(bs.ConfigurationError, match=" got "):
                ask()


@pytest.mark.parametrize(
    "where",
    [
        *({"limit": limit} for limit in (0, 10_001, "a", None, 1.5)),
        *({"after": after} for after in ("nonsense", "é", 5)),
        {"older_than": "x"},
    ],
)
def test_a_wrong_question_is_refused_where_it_is_asked(catalog: Catalog, where: dict[str, object]) -> None:
    with pytest.raises(bs.ConfigurationError):
        catalog.tasks(**where)  # type: ignore[arg-type]


def test_a_key_may_be_shortened_while_it_is_the_only_one(db: SQLiteTaskDB | SQLTaskDB, catalog: Catalog) -> None:
    for key in ("ab", "abcd", "abce", "ABC"):
        db.put(TASK._replace(cache_key=key))
    assert catalog.task("abcd").cache_key == "abcd"
    assert catalog.task("A").cache_key == "ABC"
    assert catalog.task("ab").cache_key == "ab"  # whole, though others begin with it
    with pytest.raises(bs.ConfigurationError, match="abcd, abce"):
        catalog.task("abc")
    with pytest.raises(bs.ConfigurationError, match="no result"):
        catalog.task("")


def test_functions_join_what_is_kept_with_what_was_done(db: SQLiteTaskDB | SQLTaskDB, catalog: Catalog) -> None:
    db.put(TASK)
    minute = NOW.replace(second=0, microsecond=0)
    db.add_activity(
        [Activity("app.load", minute, 4, 1, 2, 8.0, 1.5, 10, 40), Activity("app.gone", minute, 0, 1, 0, 0.0, 0.0, 0, 0)]
    )
    load, gone = catalog.functions()
    assert (load.func_name, load.results, load.size_bytes, load.elapsed_s, load.updated_at) == (
        "app.load",
        1,
        3,
        0.5,
        NOW,
    )
    assert (load.hits, load.misses, load.errors, load.saved_s, load.waited_s) == (4, 1, 2, 8.0, 1.5)
    assert (gone.func_name, gone.results, gone.updated_at, gone.misses) == ("app.gone", 0, None, 1)


def test_activity_comes_oldest_first_from_the_asked_time_on(db: SQLiteTaskDB | SQLTaskDB, catalog: Catalog) -> None:
    rows = [Activity("f", NOW.replace(second=0) + timedelta(minutes=n), n, 0, 0, 0.0, 0.0, 0, 0) for n in range(3)]
    db.add_activity(rows[::-1])
    assert catalog.activity() == tuple(rows)
    assert catalog.activity(since=rows[1].minute) == tuple(rows[1:])
    assert catalog.activity(function="g") == ()


def test_activity_may_be_asked_for_by_its_age(db: SQLiteTaskDB | SQLTaskDB, catalog: Catalog) -> None:
    rows = [Activity("f", NOW.replace(second=0) - timedelta(hours=n), n, 0, 0, 0.0, 0.0, 0, 0) for n in range(3)]
    db.add_activity(rows)
    assert catalog.activity(since="90m") == catalog.activity(since=timedelta(minutes=90)) == (rows[1], rows[0])
    with pytest.raises(bs.ConfigurationError, match="not a span of time"):
        catalog.activity(since="yesterday")


def test_runs_come_back_whole_newest_first_and_page(db: SQLiteTaskDB | SQLTaskDB, catalog: Catalog) -> None:
    later = RUN._replace(run_id="r2", started_at=NOW + timedelta(seconds=1), status="error", tags=())
    db.add_runs([RUN, later])
    first = catalog.runs(limit=1)
    assert first.rows == (later,)
    assert catalog.runs(after=first.next).rows == (RUN,)
    assert catalog.runs(status="ok").rows == (RUN,)
    assert catalog.runs(run_id=later.run_id).rows == (later,)
    with pytest.raises(bs.ConfigurationError, match="colour"):
        catalog.runs(colour="red")


def test_models_count_a_nested_run_once(db: SQLiteTaskDB | SQLTaskDB, catalog: Catalog) -> None:
    failed = RUN._replace(run_id="r2", input_tokens=None, cost=None, status="error")
    db.add_runs([RUN, failed, RUN._replace(run_id="r3", nested=True), RUN._replace(run_id="r4", model=None)])
    (model,) = catalog.models()
    assert (model.model, model.runs, model.errors, model.cache_hits) == ("gpt", 2, 1, 0)
    assert (model.input_tokens, model.output_tokens, model.cost, model.elapsed_s) == (10, 10, 0.25, 4.0)


def test_models_tell_what_hits_saved_apart_from_what_calls_spent(
    db: SQLiteTaskDB | SQLTaskDB, catalog: Catalog
) -> None:
    db.add_runs([RUN, RUN._replace(run_id="r2", cache_hit=True, cost=0.0)])
    (model,) = catalog.models()
    assert (model.runs, model.cache_hits, model.cost) == (2, 1, 0.25)
    assert (model.input_tokens, model.output_tokens, model.saved_tokens) == (10, 5, 15)


def test_activity_adds_up_to_the_hour_and_the_day(db: SQLiteTaskDB | SQLTaskDB, catalog: Catalog) -> None:
    hour = NOW.replace(minute=0, second=0)
    rows = [Activity("f", hour + timedelta(minutes=n), 1, 2, 0, 0.5, 0.25, 10, 3) for n in (0, 59, 60)]
    db.add_activity(rows)
    assert [(row.minute, row.hits, row.saved_s) for row in catalog.activity(per="hour")] == [
        (hour, 2, 1.0),
        (hour + timedelta(hours=1), 1, 0.5),
    ]
    (day,) = catalog.activity(per="day", since=hour, function="f")
    assert day == Activity("f", NOW.replace(hour=0, minute=0, second=0), 3, 6, 0, 1.5, 0.75, 30, 9)


def test_models_are_followed_over_time_with_what_hits_saved(db: SQLiteTaskDB | SQLTaskDB, catalog: Catalog) -> None:
    later = RUN._replace(run_id="r3", started_at=NOW + timedelta(days=1))
    db.add_runs([RUN, RUN._replace(run_id="r2", cache_hit=True), later, RUN._replace(run_id="r4", nested=True)])
    first, second = catalog.model_uses(per="day")
    assert (first.runs, first.cache_hits, first.input_tokens, first.saved_input_tokens) == (2, 1, 10, 10)
    assert (first.cost, first.start) == (0.25, NOW.replace(hour=0, minute=0, second=0))
    assert (second,) == catalog.model_uses(since=NOW + timedelta(hours=1))


def test_runs_that_began_a_trace_and_those_answered_from_a_cache_are_found(
    db: SQLiteTaskDB | SQLTaskDB, catalog: Catalog
) -> None:
    child = RUN._replace(run_id="r2", parent_id="r1", cache_hit=True, started_at=NOW + timedelta(seconds=9))
    db.add_runs([RUN, child])
    assert catalog.runs(roots=True).rows == (RUN,)
    assert catalog.runs(cache_hit=True).rows == catalog.runs(since=NOW + timedelta(seconds=1)).rows == (child,)


def test_shared_limits_tell_when_they_are_free(db: SQLiteTaskDB | SQLTaskDB, catalog: Catalog) -> None:
    db.advance_limit("api", NOW.timestamp(), 5.0)
    db.advance_limit("other", NOW.timestamp(), 60.0)
    free = {limit.name: limit.free_at - NOW for limit in catalog.limits()}
    assert free == {"other": timedelta(minutes=1), "api": timedelta(seconds=5)}
    assert list(free) == ["other", "api"]


def test_a_shared_limit_tells_what_it_grants_and_what_it_owes(db: SQLiteTaskDB | SQLTaskDB, catalog: Catalog) -> None:
    limiter = SharedGCRA(db, "api", 60, burst=5, clock=FrozenClock(NOW.timestamp()))
    for _ in range(3):
        limiter.reserve()
    (limit,) = catalog.limits()  # and not the note of the time beside it
    assert (limit.name, limit.tokens_per_minute, limit.burst) == ("api", 60, 5)
    assert (limit.owed(NOW), limit.waiting_s(NOW)) == (3, 0)
    limiter.reserve(4)
    (limit,) = catalog.limits()
    assert (limit.owed(NOW), limit.waiting_s(NOW)) == (7, 3) == (7, limiter.waiting_s())
    later = NOW + timedelta(hours=1)
    assert (limit.owed(later), limit.waiting_s(later)) == (0, 0)


def test_a_limit_whose_rate_nobody_noted_is_shown_without_one(db: SQLiteTaskDB | SQLTaskDB, catalog: Catalog) -> None:
    db.advance_limit("api", NOW.timestamp(), 5.0)
    (limit,) = catalog.limits()
    assert (limit.tokens_per_minute, limit.burst, limit.owed(NOW), limit.waiting_s(NOW)) == (None, None, None, None)


def test_what_is_noted_in_the_table_of_limits_is_none_of_them(db: SQLiteTaskDB | SQLTaskDB, catalog: Catalog) -> None:
    db.advance_limit(f"api{ENDING}", NOW.timestamp(), 0.0)
    db.advance_limit(NAME, NOW.timestamp(), 600.0)
    SharedGCRA(db, f"odd{ENDING}", 60, clock=FrozenClock(NOW.timestamp())).reserve()
    assert [limit.name for limit in catalog.limits()] == [f"odd{ENDING}"]


@pytest.mark.parametrize("rate", ["0, 1", "60, 0", "60, NULL", "'fast', 1", "9e999, 1"])
def test_a_rate_that_no_limiter_wrote_is_not_known(file: SQLiteTaskDB, rate: str) -> None:
    with closing(sqlite3.connect(file.path, isolation_level=None)) as connection:
        connection.execute(f"INSERT INTO limits VALUES ('api', 5.0, {rate})")
    with Catalog.open(file.path) as catalog:
        assert [limit.tokens_per_minute for limit in catalog.limits()] == [None]


def test_a_file_of_an_earlier_revision_shows_its_limits_without_rates(file: SQLiteTaskDB) -> None:
    file.advance_limit("api", NOW.timestamp(), 5.0)
    with closing(sqlite3.connect(file.path, isolation_level=None)) as connection:
        for column in LimitRate._fields:
            connection.execute(f"ALTER TABLE limits DROP COLUMN {column}")
        connection.execute("PRAGMA user_version = 2")
    with Catalog.open(file.path) as catalog:
        assert [(limit.name, limit.burst) for limit in catalog.limits()] == [("api", None)]


@pytest.mark.parametrize(
    ("order", "found"), [("newest", "cba"), ("oldest", "abc"), ("largest", "bac"), ("slowest", "cab")]
)
def test_pages_follow_each_other_in_any_order(
    db: SQLiteTaskDB | SQLTaskDB, catalog: Catalog, order: Any, found: str
) -> None:
    facts = {"a": (20, 2.0), "b": (300, None), "c": (None, 3.0)}
    for number, (key, (size_bytes, elapsed_s)) in enumerate(facts.items()):
        time = NOW + timedelta(seconds=number)
        db.put(TASK._replace(cache_key=key, size_bytes=size_bytes, elapsed_s=elapsed_s, updated_at=time))
    after, seen = None, ""
    while len(seen) < 4:
        page = catalog.tasks(order=order, limit=1, after=after)
        seen, after = seen + page.rows[0].cache_key, page.next
        if after is None:
            break
    assert seen == found


def test_results_are_found_by_their_size(db: SQLiteTaskDB | SQLTaskDB, catalog: Catalog) -> None:
    for key, size_bytes in {"a": 20, "b": 300}.items():
        db.put(TASK._replace(cache_key=key, size_bytes=size_bytes))
    assert (keys(catalog, min_bytes=21), keys(catalog, max_bytes=299)) == (["b"], ["a"])


def test_size_tells_rows_from_blobs_and_counts_the_expired(db: SQLiteTaskDB | SQLTaskDB, catalog: Catalog) -> None:
    db.put(TASK)
    db.put(TASK._replace(cache_key="b", result_type="FILE", result_data=None, result_value="bb/x.bin", size_bytes=100))
    db.put(TASK._replace(cache_key="c", expires_at=NOW - timedelta(seconds=1)))
    size = catalog.size()
    assert replace(size, database_bytes=0) == type(size)(3, 1, 6, 1, 100, 0)
    if isinstance(db, SQLiteTaskDB):
        assert (size.database_bytes or 0) >= Path(db.path).stat().st_size


def test_a_value_is_read_from_its_row_or_its_blob(spot: bs.Spot, tmp_path: Path) -> None:
    @spot.mark(save_blob=True)
    def draw(size: int) -> bytes:
        return b"\x89" * size

    @spot.mark
    def sides(size: int) -> tuple[int, int]:
        return (size, size)

    draw(3), sides(4)
    with Catalog.open(tmp_path / "test.db") as catalog:
        values = catalog.values(bs.LocalStorage(tmp_path / "blobs"))
        found = {task.func_name.rpartition(".")[2]: values.read(task) for task in catalog.tasks().rows}
    assert found == {"draw": b"\x89\x89\x89", "sides": (4, 4)}


def test_a_class_that_only_its_program_knows_is_described_and_never_made(spot: bs.Spot, tmp_path: Path) -> None:
    made: list[str] = []

    class Secret:
        pass

    def make() -> Secret:
        return Secret()

    spot.register_type(Secret, code=7, encoder=lambda _: "fields", decoder=made.append)
    spot.mark(make)()
    with Catalog.open(tmp_path / "test.db") as catalog:
        described = catalog.values().read(catalog.tasks().rows[0])
    assert "fields" in repr(described)
    assert made == []


def test_nothing_beside_the_file_is_made_or_changed_by_reading(file: SQLiteTaskDB, tmp_path: Path) -> None:
    file.put(TASK)
    file.close()
    before = (tmp_path / "a.db").read_bytes()
    with Catalog.open(tmp_path / "a.db") as catalog:
        catalog.functions()
    assert (tmp_path / "a.db").read_bytes() == before
    assert all(each.stat().st_mode & 0o077 == 0 for each in tmp_path.iterdir())


def test_a_file_that_cannot_be_written_is_read(file: SQLiteTaskDB, tmp_path: Path) -> None:
    file.put(TASK)
    file.close()
    (tmp_path / "a.db").chmod(stat.S_IRUSR)
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with Catalog.open(tmp_path / "a.db") as catalog:
            assert keys(catalog) == ["aa"]
    finally:
        tmp_path.chmod(0o700)


def test_a_file_of_release_0_3_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as old:
        old.execute(
            "CREATE TABLE tasks (cache_key TEXT PRIMARY KEY, func_name TEXT, input_id TEXT, result_type TEXT, "
            "result_value TEXT, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)"
        )
        rows = [(f"k{n}", "load", "1", "DIRECT", '{"a": 1}', "2024-01-01 00:00:00") for n in range(5)]
        old.executemany("INSERT INTO tasks VALUES (?, ?, ?, ?, ?, ?)", rows)
        old.commit()
    before = path.read_bytes()
    with Catalog.open(path) as catalog:
        page = catalog.tasks(limit=2)
        rest = keys(catalog, after=page.next)
        assert [task.cache_key for task in page.rows] + rest == ["k4", "k3", "k2", "k1", "k0"]
        assert page.rows[0].updated_at == datetime(2024, 1, 1, tzinfo=UTC)
        assert catalog.values().read(page.rows[0]) == {"a": 1}
        assert keys(catalog, text="LOA", older_than="1d") == ["k4", "k3", "k2", "k1", "k0"]
        assert (keys(catalog, tag="x"), catalog.activity(), catalog.runs().rows, catalog.models()) == ([], (), (), ())
        assert catalog.functions()[0].results == catalog.size().tasks == 5
    assert path.read_bytes() == before


def test_a_pickle_is_never_read(tmp_path: Path) -> None:
    (tmp_path / "k.pkl").write_bytes(b"cos\nsystem\n(S'touch pwned'\ntR.")
    task = TASK._replace(result_type="FILE", result_value="./blobs/k.pkl", elapsed_s=None)
    with closing(SQLiteTaskDB(tmp_path / "a.db")) as db:
        db.put(task)
        with Catalog.open(db.path) as catalog, pytest.raises(bs.DamagedEntryError, match="pickle"):
            catalog.values(bs.LocalStorage(tmp_path)).read(task)


def test_a_file_from_the_future_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    with closing(sqlite3.connect(path)) as new:
        new.execute("PRAGMA user_version = 999")
    before = path.read_bytes()
    with pytest.raises(bs.NewerFileError, match="999"):
        Catalog.open(path)
    assert path.read_bytes() == before


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(bs.ConfigurationError, match=r"no database at .*a\.db"):
        Catalog.open(f"sqlite:///{tmp_path}/a.db")
    assert list(tmp_path.iterdir()) == []


def test_noise_and_files_of_others_are_told_apart_from_a_store(tmp_path: Path) -> None:
    (tmp_path / "noise.db").write_bytes(b"\x00\x01noise" * 1000)
    with pytest.raises(bs.StorageError, match="not a database"):
        Catalog.open(tmp_path / "noise.db")
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE songs (title)")
    with pytest.raises(bs.ConfigurationError, match="holds no kept results"):
        Catalog.open(tmp_path / "other.db")


@pytest.mark.parametrize(
    "url", ["nosuch://x/y", "postgresql+nosuch://me:secret@localhost/x", "://", "mysql+nosuch://x"]
)
def test_a_url_that_nobody_speaks_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(bs.ConfigurationError) as caught:
        Catalog.open(url)
    assert "secret" not in str(caught.value)


def test_reading_leaves_nothing_beside_the_file(tmp_path: Path) -> None:
    with closing(SQLiteTaskDB(tmp_path / "a.db")) as db:
        db.put(TASK)
    before = (tmp_path / "a.db").read_bytes()
    with Catalog.open(tmp_path / "a.db") as catalog:
        assert len(catalog.tasks().rows) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.db"]
    assert (tmp_path / "a.db").read_bytes() == before


@pytest.mark.parametrize("size_bytes", [100, 1000, 4096, 8192, 40_000])
def test_a_look_at_a_file_that_was_cut_short_leaves_nothing_beside_it(size_bytes: int, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(SQLiteTaskDB(path)) as db:
        for number in range(300):
            db.put(TASK._replace(cache_key=f"{number:04x}", result_data=bytes(200)))
    os.truncate(path, size_bytes)
    before = path.read_bytes()
    with pytest.raises(bs.StorageError, match="malformed"):
        Catalog.open(path)
    assert [each.name for each in tmp_path.iterdir()] == ["a.db"]
    assert path.read_bytes() == before


def test_a_look_at_another_programs_file_leaves_nothing_beside_it(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("CREATE TABLE theirs (x)")
    with pytest.raises(bs.ConfigurationError, match="holds no kept results"):
        Catalog.open(tmp_path / "a.db")
    assert [each.name for each in tmp_path.iterdir()] == ["a.db"]


@pytest.mark.parametrize("journal", ["WAL", "DELETE"])
def test_a_file_that_another_program_holds_is_not_read_and_says_so(tmp_path: Path, journal: str) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute(f"PRAGMA journal_mode = {journal}")
        holder.execute("CREATE TABLE tasks (cache_key, func_name, result_type)")
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        assert is_held(path, 0)
        with pytest.raises(bs.StorageError, match="database is locked; another program holds it"):
            open_source(path)
    assert not is_held(path, 0)
