"""How the catalog's questions are answered: by steps in an index, whatever the number of rows."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from beautyspot.catalog import Catalog, Order, Page
from beautyspot.catalog.newest import MERGED
from beautyspot.catalog.source import open_source
from beautyspot.catalog.tasks import ORDERS
from beautyspot.db import SQLiteTaskDB
from beautyspot.records import Task
from beautyspot.testing import FrozenClock
from beautyspot.testing.task_db import task
from sqlalchemy import event

NOW = datetime.fromtimestamp(1_700_000_000, UTC)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[SQLiteTaskDB]:
    with closing(SQLiteTaskDB(tmp_path / "a.db")) as db:
        db.open()
        yield db


@pytest.fixture
def catalog(db: SQLiteTaskDB) -> Iterator[Catalog]:
    with Catalog(open_source(db.path), FrozenClock(NOW.timestamp())) as catalog:
        yield catalog


def kept(number: int, **changes: Any) -> Task:
    later = timedelta(seconds=number)
    return task(f"{number:032x}", func_name=f"app.f{number % 3}", updated_at=NOW + later, **changes)


def every_row(catalog: Catalog, **where: Any) -> list[str]:
    seen: list[str] = []
    after = None
    while True:
        page = catalog.tasks(after=after, **where)
        seen += [each.cache_key for each in page.rows]
        after = page.next
        if after is None:
            return seen


def plans(catalog: Catalog, ask: Callable[[], object]) -> list[str]:
    """Return what SQLite plans for each statement of a question."""
    asked: list[tuple[str, Any]] = []
    event.listen(catalog.source.engine, "before_cursor_execute", lambda *given: asked.append(given[2:4]))
    ask()
    with closing(sqlite3.connect(str(catalog.source.path))) as file:
        return [
            row[3] for statement in asked for row in file.execute(f"EXPLAIN QUERY PLAN {statement[0]}", statement[1])
        ]


QUESTIONS: dict[str, Callable[[Catalog], object]] = {
    "latest": lambda catalog: catalog.tasks(),
    "second page": lambda catalog: catalog.tasks(after=catalog.tasks(limit=2).next),
    "by function": lambda catalog: catalog.tasks(function="app.f1"),
    "by bare name": lambda catalog: catalog.tasks(function="f1"),
    "since": lambda catalog: catalog.tasks(newer_than="1h", function="app.f1"),
    "until": lambda catalog: catalog.tasks(older_than="1h"),
    "functions": lambda catalog: catalog.functions(),
    "size": lambda catalog: catalog.size(),
    "one": lambda catalog: catalog.task(f"{200:032x}"[:-1]),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_reads_or_sorts_the_whole_table(db: SQLiteTaskDB, catalog: Catalog, question: str) -> None:
    for number in (*range(16), 200):
        db.put(kept(number))
    planned = plans(catalog, lambda: QUESTIONS[question](catalog))
    assert planned
    assert not [step for step in planned if step.startswith("SCAN tasks") or "TEMP B-TREE" in step]


@pytest.mark.parametrize("functions", [1, 7, 2 * MERGED + 1])
def test_any_number_of_functions_is_merged_into_one_order(db: SQLiteTaskDB, catalog: Catalog, functions: int) -> None:
    keys: list[str] = []
    for number in range(230):
        time = NOW + timedelta(seconds=number // 4)
        keys.append(f"{number * 7919 % 1000:032x}")
        db.put(task(keys[-1], func_name=f"app.f{number % functions}", updated_at=time))
    assert every_row(catalog, limit=9) == keys[::-1]


def test_pages_stay_right_while_rows_come_and_go(db: SQLiteTaskDB, catalog: Catalog) -> None:
    for number in range(60):
        db.put(kept(number))
    seen: list[str] = []
    page = catalog.tasks(limit=5)
    for number in range(100, 112):
        seen += [each.cache_key for each in page.rows]
        db.put(kept(number))  # newer than all
        db.delete([seen[0], f"{number - 100:032x}"])  # one that was shown, one that is yet to come
        page = catalog.tasks(limit=5, after=page.next)
        if page.next is None:
            break
    seen += [each.cache_key for each in page.rows]
    assert len(seen) == len(set(seen))
    assert set(seen) >= {f"{number:032x}" for number in range(12, 60)}


def test_a_search_goes_on_behind_the_rows_that_one_page_looks_at(
    db: SQLiteTaskDB, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("beautyspot.catalog.newest.WINDOW", 10)
    for number in range(55):
        db.put(kept(number, content_type="image/png" if number in (3, 50, 52) else None))
    first = catalog.tasks(text="PNG", look=20, limit=2)
    assert [each.cache_key for each in first.rows] == [f"{52:032x}", f"{50:032x}"]
    second = catalog.tasks(text="PNG", look=20, limit=2, after=first.next)
    assert second.rows == ()
    assert second.next is not None
    assert every_row(catalog, text="PNG", look=20, limit=2) == [f"{52:032x}", f"{50:032x}", f"{3:032x}"]
    assert every_row(catalog, text="F1") == [f"{number:032x}" for number in range(52, 0, -3)]


@pytest.mark.parametrize(
    "rare", [{"content_type": "image/png"}, {"version": "9"}, {"min_bytes": 900}, {"tag": "rare", "version": "9"}]
)
def test_a_page_for_somebody_who_waits_looks_at_so_many_rows_and_goes_on_behind_them(
    db: SQLiteTaskDB, catalog: Catalog, monkeypatch: pytest.MonkeyPatch, rare: dict[str, Any]
) -> None:
    monkeypatch.setattr("beautyspot.catalog.newest.WINDOW", 10)
    monkeypatch.setattr("beautyspot.catalog.tasks.FEW", 3)
    for number in range(55):
        row = kept(number, tags=("rare",))
        db.put(row._replace(content_type="image/png", version="9", size_bytes=999) if number == 3 else row)
    first = catalog.tasks(**rare, look=20)
    assert first.rows == ()
    assert every_row(catalog, **rare, look=20) == [f"{3:032x}"] == every_row(catalog, **rare)
    assert catalog.tasks(**rare).next is None


@pytest.mark.parametrize("text", [f"{3:032x}", "00000003", "0000000"])
def test_a_key_or_its_start_is_found_at_once_however_old(
    db: SQLiteTaskDB, catalog: Catalog, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr("beautyspot.catalog.newest.WINDOW", 10)
    for number in range(55):
        db.put(kept(number)._replace(cache_key=f"{number:08x}" * 4 if len(text) == 8 else f"{number:032x}"))
    first = catalog.tasks(text=text, look=20)
    keys = [each.cache_key for each in first.rows]
    assert keys == ["00000003" * 4] if len(text) == 8 else [f"{3:032x}"] if len(text) == 32 else len(keys) == 20
    assert (first.next is None) == (len(text) == 32)
    assert sorted(set(seen := every_row(catalog, text=text, look=20))) == sorted(seen)
    assert catalog.tasks(text=text, look=20, version="none").rows == ()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("tag", [None, "few"])
def test_a_whole_key_is_looked_up_in_every_order_and_beside_a_tag(
    db: SQLiteTaskDB, catalog: Catalog, order: Order, tag: str | None
) -> None:
    for number in range(16):
        db.put(kept(number, tags=("few",)))
    found: list[Page[Task]] = []
    planned = plans(catalog, lambda: found.append(catalog.tasks(text=f"{3:032x}", order=order, tag=tag)))
    assert [each.cache_key for each in found[0].rows] == [f"{3:032x}"]
    assert found[0].next is None
    assert not [step for step in planned if step.startswith("SCAN tasks")]


def test_a_page_does_not_read_all_keys_of_a_common_tag(
    db: SQLiteTaskDB, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("beautyspot.catalog.tasks.FEW", 3)
    for number in range(16):
        db.put(kept(number, tags=("common",)))
    planned = plans(catalog, lambda: catalog.tasks(tag="common", text="0f", look=20))
    assert len([step for step in planned if "(tag=?)" in step]) == 1  # to see how common it is


def test_a_content_type_is_meant_in_any_case_and_with_any_parameters(db: SQLiteTaskDB, catalog: Catalog) -> None:
    for number, kind in enumerate(
        ("text/plain", "Text/Plain; charset=latin-1", "text/plain ;a=b", "text/plainer", None)
    ):
        db.put(kept(number, content_type=kind))
    assert len(catalog.tasks(content_type="TEXT/plain").rows) == 3
    assert len(catalog.tasks(content_type="text/plain; charset=latin-1").rows) == 1
    assert catalog.tasks(content_type="text/plai_").rows == ()


def test_a_page_says_how_many_rows_a_search_looked_at(
    db: SQLiteTaskDB, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("beautyspot.catalog.newest.WINDOW", 10)
    for number in range(55):
        db.put(kept(number, content_type="image/png" if number in (3, 50, 52) else None))
    pages = [catalog.tasks(content_type="image/png", look=20, limit=1)]
    while (after := pages[-1].next) is not None:
        pages.append(catalog.tasks(content_type="image/png", look=20, limit=1, after=after))
    assert [page.looked for page in pages] == [3, 20, 20, 12]
    assert sum(page.looked or 0 for page in pages) == 55
    assert catalog.tasks().looked is None


def test_a_function_whose_rows_are_all_gone_is_not_counted(db: SQLiteTaskDB, catalog: Catalog) -> None:
    for number in range(300):
        db.put(kept(number))
    db.delete([f"{number:032x}" for number in range(0, 300, 3)])
    assert [(each.func_name, each.results) for each in catalog.functions()] == [("app.f1", 100), ("app.f2", 100)]
    assert catalog.size().tasks == 200


def test_a_file_of_revision_1_is_read_as_it_is_without_counters(db: SQLiteTaskDB, catalog: Catalog) -> None:
    for number in range(300):
        db.put(kept(number, tags=("red",)))
    counted, size, rows = catalog.functions(), catalog.size(), catalog.tasks().rows
    db.close()
    with closing(sqlite3.connect(db.path)) as file:
        for what in ("TABLE functions", "TABLE counted", "TABLE uses"):
            file.execute(f"DROP {what}")
        for trigger in ("inserted", "deleted", "updated"):
            file.execute(f"DROP TRIGGER tasks_{trigger}")
        file.execute("ALTER TABLE tasks DROP COLUMN compression")
        file.execute("PRAGMA user_version = 1")
    with Catalog(open_source(db.path), FrozenClock(NOW.timestamp())) as older:
        assert older.functions() == counted
        assert replace(older.size(), database_bytes=0) == replace(size, database_bytes=0)
        assert older.tasks().rows == rows
