"""The page of kept results."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.catalog import Catalog
from beautyspot_dashboard.place import Place
from beautyspot_dashboard.results.deletion import delete
from streamlit.testing.v1 import AppTest

RunPage = Callable[..., AppTest]


def shown(app: AppTest) -> list[str]:
    """Return the functions and types that the table shows, in its order."""
    return [f"{row.function} {row.type}".strip() for row in app.dataframe[0].value.itertuples()]


def choose(app: AppTest, *rows: int, table: str = "results", page: int = 0) -> AppTest:
    app.session_state[f"{table}_{page}"] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    return app.run()


def keys(store: Path) -> set[str]:
    with Catalog.open(store) as catalog:
        return {task.cache_key for task in catalog.tasks().rows}


def turn(app: AppTest) -> AppTest:
    return next(each for each in app.button if each.label == "Next page").click().run()


def words(app: AppTest) -> str:
    return "\n".join(each.value for each in (*app.markdown, *app.header, *app.warning, *app.info, *app.caption))


def press(app: AppTest, key: str) -> AppTest:
    return app.button(key=key).click().run()


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """120 results of one function."""
    with bs.Spot("many", db=tmp_path / "many.db", storage=tmp_path / "blobs") as spot:
        load = spot.mark(_load)
        for number in range(120):
            load(number)
    return tmp_path / "many.db"


def _load(number: int) -> str:
    return f"number {number}"


def test_a_blob_that_is_not_found_makes_the_page_ask_where_blobs_are(small_store: Path, run_page: RunPage) -> None:
    with Catalog.open(small_store) as catalog:
        key = catalog.tasks(function="fetch").rows[0].cache_key
    assert "--storage" not in words(run_page(small_store, "results", key=key))
    (small_store.parent / "blobs").rename(small_store.parent / "elsewhere")
    assert "Start with `--storage`" in words(run_page(small_store, "results", key=key))


def test_only_a_result_that_runs_read_or_wrote_leads_to_them(busy_store: Path, run_page: RunPage) -> None:
    with Catalog.open(busy_store) as catalog:
        fetched, told = (catalog.tasks(function=name).rows[0].cache_key for name in ("fetch", "summarise"))
    pages = [run_page(busy_store, "results", key=key) for key in (fetched, told)]
    links = [[each.proto.label for each in page.get("page_link")] for page in pages]
    assert [each.count("Runs that read or wrote it") for each in links] == [1, 0]


def test_every_kept_result_has_a_row_newest_first(small_store: Path, run_page: RunPage) -> None:
    app = run_page(small_store, "results")
    assert shown(app) == ["fetch", "summarise text/plain", "summarise text/plain"]


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ({"text": "fetch"}, 1),
        ({"tag": "draft"}, 2),
        ({"version": "2", "content_type": "text/plain"}, 2),
        ({"min_bytes": "20"}, 1),
        ({"older_than": "1d"}, 0),
        ({"order": "oldest"}, 3),
    ],
)
def test_the_address_holds_the_filters(small_store: Path, run_page: RunPage, where: dict[str, str], count: int) -> None:
    app = run_page(small_store, "results", **where)
    assert not app.exception
    assert len(app.dataframe) == (count > 0)
    assert not count or len(app.dataframe[0].value) == count
    assert count or "No result matches" in words(app)


def test_pages_follow_each_other_and_lead_back(many: Path, run_page: RunPage) -> None:
    app = run_page(many, "results")
    first = list(app.dataframe[0].value["key"])
    second = list(turn(app).dataframe[0].value["key"])
    assert len({*first, *second}) == 100
    back = next(each for each in app.button if each.label == "Previous page")
    assert list(back.click().run().dataframe[0].value["key"]) == first


def test_a_search_says_how_far_it_looked_and_one_click_leads_to_the_next_find(
    many: Path, run_page: RunPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("beautyspot_dashboard.results.table.LOOK", 20)
    monkeypatch.setattr("beautyspot.catalog.newest.WINDOW", 10)
    with closing(sqlite3.connect(many)) as sql, sql:
        sql.execute("UPDATE tasks SET version = 'old' WHERE rowid IN (5, 50)")
    app = run_page(many, "results", version="old")
    assert "Looked at 20 of 120 results" in words(app)
    assert len(app.dataframe) == 0
    assert len(press(app, "results_search").dataframe[0].value) == 1
    assert "Looked at 80 of 120 results" in words(app)
    assert len(press(app, "results_search").dataframe[0].value) == 2
    assert "results_search" not in [each.key for each in press(app, "results_search").button]


def test_a_key_is_found_at_once_however_old_its_result(
    many: Path, run_page: RunPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("beautyspot_dashboard.results.table.LOOK", 20)
    monkeypatch.setattr("beautyspot.catalog.newest.WINDOW", 10)
    with Catalog.open(many) as catalog:
        key = catalog.tasks(order="oldest").rows[0].cache_key
    for text in (key, key[:12]):
        assert list(run_page(many, "results", text=text).dataframe[0].value["key"]) == [key]


def test_a_choice_stays_with_its_result_when_others_are_kept_meanwhile(small_store: Path, run_page: RunPage) -> None:
    app = choose(run_page(small_store, "results"), 0)
    before = app.header[0].value
    with bs.Spot("other", db=small_store, storage=small_store.parent / "blobs") as spot:
        spot.mark(_load)(1)
    assert app.run().header[0].value == before == "fetch"


def test_before_a_deletion_the_results_are_named_and_nothing_is_gone(small_store: Path, run_page: RunPage) -> None:
    before = keys(small_store)
    app = press(choose(run_page(small_store, "results"), 0, 2), "delete")
    named = words(app).replace("\\", "")
    assert all(app.dataframe[0].value["key"][row][:12] in named for row in (0, 2))
    assert keys(small_store) == before


def test_a_result_that_ran_again_after_it_was_listed_is_not_deleted(small_store: Path) -> None:
    place = Place(str(small_store))
    stale, *others = place.catalog().tasks().rows
    with closing(sqlite3.connect(small_store)) as sql, sql:
        sql.execute("UPDATE tasks SET updated_at = '2999-01-01 00:00:00' WHERE cache_key = ?", (stale.cache_key,))
    assert delete(place, [stale, *others]).tasks == 2
    assert keys(small_store) == {stale.cache_key}


def confirming(store: str) -> None:
    from beautyspot_dashboard.place import Place
    from beautyspot_dashboard.results.deletion import confirm
    from beautyspot_dashboard.results.table import table_of

    place = Place(store)
    confirm(place, table_of(place.catalog()), place.catalog().tasks().rows)
    place.close()


def test_a_deletion_that_fails_says_why_and_nothing_else(small_store: Path) -> None:
    with closing(sqlite3.connect(small_store)) as sql:
        sql.execute("CREATE TRIGGER stays BEFORE DELETE ON tasks BEGIN SELECT RAISE(ABORT, 'it stays'); END")
    app = AppTest.from_function(confirming, args=(str(small_store),)).run()
    press(app, "delete_now")
    assert "it stays" in app.error[0].value
    assert not app.exception
    assert len(keys(small_store)) == 3


def test_deleting_makes_no_file_where_the_database_was(small_store: Path) -> None:
    with closing(Place(str(small_store))) as place:
        tasks = place.catalog().tasks().rows
        small_store.rename(small_store.with_name("away.db"))
        with pytest.raises(bs.ConfigurationError, match="no database at"):
            delete(place, tasks)
    assert not small_store.exists()


def test_a_page_that_everything_left_meanwhile_says_so_and_not_that_the_store_is_empty(
    many: Path, run_page: RunPage
) -> None:
    app = turn(turn(run_page(many, "results")))
    with closing(sqlite3.connect(many)) as sql, sql:
        sql.execute("DELETE FROM tasks WHERE cache_key IN (SELECT cache_key FROM tasks ORDER BY updated_at LIMIT 40)")
    app = next(each for each in app.button if each.label == "Refresh").click().run()
    assert "No further result" in words(app)
    assert "Nothing is kept" not in words(app)


def test_after_the_last_page_was_deleted_the_one_before_is_shown() -> None:
    app = AppTest.from_function(paged).run()
    assert app.markdown[0].value == "rows: 2"
    app.session_state["left"] = 50
    assert app.run().markdown[-1].value == "rows: 50"


def paged() -> None:
    import pandas as pd
    import streamlit as st
    from beautyspot.catalog import Page
    from beautyspot_dashboard.paging import Table

    def ask(limit: int, after: str | None = None) -> Page[int]:
        start = int(after or 0)
        left = st.session_state.get("left", 52)
        return Page(tuple(range(start, min(start + limit, left))), str(start + limit) if left > start + limit else None)

    table: Table[int] = Table("numbers", ask, pd.DataFrame, dict)
    snapshot = table.snapshot({})
    if "left" not in st.session_state:
        snapshot.cursors.append(snapshot.page.next)
        snapshot.before.append(0)
    table.forget()
    st.markdown(f"rows: {len(snapshot.page.rows)}")


def test_a_store_that_is_only_shown_offers_no_deletion(small_store: Path, run_page: RunPage) -> None:
    before = small_store.read_bytes()
    app = choose(run_page(small_store, "results", read_only=True), 0)
    assert "delete" not in [each.key for each in app.button]
    assert small_store.read_bytes() == before


def test_a_link_leads_to_its_result_and_says_if_it_is_gone(small_store: Path, run_page: RunPage) -> None:
    key = min(keys(small_store))
    assert key in words(run_page(small_store, "results", key=key)).replace("\\", "")
    assert "is gone" in words(run_page(small_store, "results", key="nosuchkey"))


def test_two_texts_are_compared_line_by_line(small_store: Path, run_page: RunPage) -> None:
    app = choose(run_page(small_store, "results"), 1, 2)
    difference = next(each.value for each in app.code if each.language == "diff")
    assert "-All about foxes." in difference
    assert "+All about owls." in difference


def test_two_tables_of_the_same_columns_are_shown_beside_each_other(tmp_path: Path, run_page: RunPage) -> None:
    with bs.Spot("t", db=tmp_path / "t.db", storage=tmp_path / "blobs") as spot:
        table = spot.mark(content_type="text/csv")(_table)
        table(1), table(2)
    app = choose(run_page(tmp_path / "t.db", "results"), 0, 1)
    assert not app.exception
    assert [each.label for each in app.multiselect] == ["Columns"] * 2


def _table(number: int) -> str:
    return f"n,m\n1,2\n2,{number}\n"


def test_two_results_get_the_room_that_one_leaves_to_the_table(small_store: Path, run_page: RunPage) -> None:
    app = choose(run_page(small_store, "results"), 1)
    assert max(each.weight for each in app.columns) == pytest.approx(3 / 5)
    assert max(each.weight for each in choose(app, 1, 2).columns) == pytest.approx(2 / 3)


def test_the_line_that_loads_a_result_loads_it(small_store: Path, run_page: RunPage) -> None:
    app = choose(run_page(small_store, "results"), 0)
    code = next(each.value for each in app.code if "Catalog" in each.value)
    names: dict[str, Any] = {}
    exec(code, names)
    assert names["value"] == {"number": 7, "rows": [{"a": 1}, {"a": 2}]}


def test_a_word_is_sought_by_time_alone(small_store: Path, run_page: RunPage) -> None:
    app = run_page(small_store, "results", order="largest")
    assert app.selectbox(key="order").value == "largest"
    app.text_input(key="text").set_value("owl").run()
    assert not app.exception
    assert app.selectbox(key="order").value == "newest"
    assert app.selectbox(key="order").options == ["newest first", "oldest first"]
    assert "order" not in app.query_params
    assert len(app.text_input(key="text").set_value("").run().selectbox(key="order").options) == 4


def test_a_result_opened_by_its_link_can_be_deleted(small_store: Path, run_page: RunPage) -> None:
    with Catalog.open(small_store) as catalog:
        key = catalog.tasks(function="fetch").rows[0].cache_key
    app = run_page(small_store, "results", key=key)
    app.button(key="delete").click().run()
    assert not app.exception
    assert any(key[:12] in each.value for each in app.markdown)
