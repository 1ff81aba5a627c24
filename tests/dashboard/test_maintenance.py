"""The page that puts a store in order."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import beautyspot as bs
from beautyspot.catalog import Catalog
from beautyspot.storage import create_storage
from beautyspot_dashboard.maintenance import cleaning, pruning
from beautyspot_dashboard.place import Place
from streamlit.testing.v1 import AppTest

RunPage = Callable[..., AppTest]


def words(app: AppTest) -> str:
    parts = (*app.markdown, *app.success, *app.error, *app.info, *app.caption)
    return "\n".join(each.value for each in parts).replace("\\", "")


def count(store: Path) -> int:
    with Catalog.open(store) as catalog:
        return catalog.size().tasks


def test_a_look_says_what_would_go_and_deletes_nothing(small_store: Path, run_page: RunPage) -> None:
    app = run_page(small_store, "maintenance")
    app.text_input(key="prune_tag").set_value("draft").run()
    app.button(key="prune_look").click().run()
    assert "**2 results**, 33 B, would go" in words(app)
    assert len(app.dataframe[0].value) == 2
    assert count(small_store) == 3


def test_what_was_looked_at_is_not_offered_once_the_question_is_another(small_store: Path, run_page: RunPage) -> None:
    app = run_page(small_store, "maintenance")
    app.text_input(key="prune_tag").set_value("draft").run()
    app.button(key="prune_look").click().run()
    app.text_input(key="prune_version").set_value("9").run()
    assert "prune_run" not in [each.key for each in app.button]


def test_nothing_is_pruned_without_a_condition(small_store: Path, run_page: RunPage) -> None:
    app = run_page(small_store, "maintenance")
    assert app.button(key="prune_look").disabled


def test_a_store_is_pruned_to_a_size(small_store: Path, run_page: RunPage) -> None:
    app = run_page(small_store, "maintenance")
    app.text_input(key="prune_max_size").set_value("40B").run()
    app.button(key="prune_look").click().run()
    assert "**1 result**, 16 B, would go" in words(app)


def test_a_store_that_is_only_shown_says_what_would_go_and_offers_no_more(small_store: Path, run_page: RunPage) -> None:
    app = run_page(small_store, "maintenance", read_only=True)
    app.text_input(key="prune_tag").set_value("draft").run()
    app.button(key="prune_look").click().run()
    assert "**2 results**" in words(app)
    assert "prune_run" not in [each.key for each in app.button]
    assert "prune_max_size" not in [each.key for each in app.text_input]


def test_blobs_of_a_neighbour_that_came_meanwhile_are_no_litter(small_store: Path) -> None:
    blobs = small_store.parent / "blobs"
    place = Place(str(small_store), [create_storage(blobs)], neighbours=lambda: list(map(str, others)))
    others: list[Path] = []
    with bs.Spot("late", db=small_store.parent / "late.db", storage=blobs) as spot:
        spot.mark(save_blob=True)(_load)(1)
    age(blobs)
    assert len(cleaning.look(place, is_gone=False).blobs) == 1
    others.append(small_store.parent / "late.db")
    assert cleaning.look(place, is_gone=False).blobs == ()


def test_litter_is_found_and_named(small_store: Path, run_page: RunPage) -> None:
    storage = create_storage(small_store.parent / "blobs")
    storage.save("ff" * 16, b"nobody's")
    age(small_store.parent / "blobs")
    app = run_page(small_store, "maintenance", work="clean")
    app.button(key="clean_look").click().run()
    assert "**1 blob**, 8 B, and **0 results**" in words(app)


def test_an_empty_storage_is_not_taken_for_one_that_lost_its_blobs(small_store: Path, run_page: RunPage) -> None:
    for blob in (small_store.parent / "blobs").rglob("*.bin"):
        blob.unlink()
    app = run_page(small_store, "maintenance", work="clean")
    app.button(key="clean_look").click().run()
    assert "none of the blobs that rows name" in words(app)
    assert "clean_run" not in [each.key for each in app.button]


def test_verification_names_what_is_damaged(small_store: Path, run_page: RunPage) -> None:
    with closing(sqlite3.connect(small_store)) as sql, sql:
        sql.execute("UPDATE tasks SET result_data = x'c1' WHERE rowid = 1")
    app = run_page(small_store, "maintenance", work="verify")
    app.button(key="verify_run").click().run()
    assert "1 is damaged" in words(app)
    assert "beautyspot repair" in words(app)
    assert len(app.dataframe[0].value) == 1


def test_the_doctor_says_what_it_finds(small_store: Path, run_page: RunPage) -> None:
    app = run_page(small_store, "maintenance", work="doctor")
    app.button(key="examine").click().run()
    assert not app.exception
    assert ":green-badge[ok] **database** " in words(app)
    assert "small.db opens" in words(app)


def test_what_is_kept_between_a_look_and_its_answer_stays(small_store: Path) -> None:
    with closing(Place(str(small_store), [create_storage(small_store.parent / "blobs")])) as place:
        preview = pruning.look(place, {"tag": "draft"}, print)
        with bs.Spot("late", db=small_store, storage=small_store.parent / "blobs") as spot:
            spot.mark(tags=("draft",))(_load)(1)
        assert pruning.delete(place, preview, print).tasks == 2
    with Catalog.open(small_store) as catalog:
        assert [task.func_name.rpartition(".")[2] for task in catalog.tasks().rows] == ["_load", "fetch"]


def _load(number: int) -> str:
    return f"number {number}"


def age(folder: Path) -> None:
    """Let every blob be old enough to be litter."""
    for blob in folder.rglob("*.bin"):
        os.utime(blob, (0, datetime(2020, 1, 1, tzinfo=UTC).timestamp()))
