"""Whatever lies at the given place: a page that shows it, or one that says what to do."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path

import beautyspot as bs
import pytest
from beautyspot.catalog import Catalog
from beautyspot.errors import ConfigurationError
from beautyspot_dashboard.place import Place, current
from streamlit.testing.v1 import AppTest

RunPage = Callable[..., AppTest]
PAGES = ("overview", "results", "runs", "limits", "maintenance")


def words(app: AppTest) -> str:
    parts = (*app.header, *app.error, *app.markdown, *app.info, *app.warning)
    return "\n".join(each.value for each in parts).replace("\\", "")


@pytest.fixture
def release_0_3(tmp_path: Path) -> Path:
    """A file with the columns of the first release, a pickle among its rows."""
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as sql, sql:
        sql.execute(
            "CREATE TABLE tasks (cache_key TEXT PRIMARY KEY, func_name TEXT, input_id TEXT, result_type TEXT, "
            "result_value TEXT, updated_at TIMESTAMP)"
        )
        sql.execute("INSERT INTO tasks VALUES ('a1', 'load', '3', 'DIRECT', '[1, 2]', '2023-01-01 10:00:00')")
        sql.execute("INSERT INTO tasks VALUES ('b2', 'load', '4', 'FILE', 'blobs/b2.pkl', '2023-01-02 10:00:00')")
    return path


@pytest.mark.parametrize("page", PAGES)
def test_a_file_of_the_first_release_is_shown_as_it_is(page: str, release_0_3: Path, run_page: RunPage) -> None:
    before = release_0_3.read_bytes()
    app = run_page(release_0_3, page)
    assert not app.exception
    assert not app.error
    assert release_0_3.read_bytes() == before


def test_a_pickle_of_the_first_release_is_never_read(release_0_3: Path, run_page: RunPage) -> None:
    app = run_page(release_0_3, "results")
    app.session_state["results_0"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run()
    assert not app.exception
    assert "is a pickle of release 0.3, which could run code" in words(app)


def test_a_missing_file_is_named_with_what_to_do(tmp_path: Path, run_page: RunPage) -> None:
    app = run_page(tmp_path / "nothing.db", "overview")
    assert not app.exception
    assert "no database at" in words(app)
    assert "give the path of one that a Spot made" in words(app)
    assert not (tmp_path / "nothing.db").exists()


def test_a_file_that_comes_later_is_shown_without_a_restart(tmp_path: Path, run_page: RunPage) -> None:
    app = run_page(tmp_path / "later.db", "results")
    with bs.Spot("later", db=tmp_path / "later.db", storage=tmp_path / "blobs") as spot:
        spot.mark(str)(1)
    app.button(key="try_again").click().run()
    assert not app.error
    assert len(app.dataframe[0].value) == 1


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_file_teaches_the_first_steps_until_something_is_kept(
    page: str, tmp_path: Path, run_page: RunPage
) -> None:
    path = tmp_path / "blank.db"
    path.touch()
    app = run_page(path, page)
    assert "Nothing is kept here yet" in words(app)
    assert path.read_bytes() == b""
    with bs.Spot("first", db=path, storage=tmp_path / "blobs") as spot:
        spot.mark(str)(1)
    assert "Nothing is kept here yet" not in words(app.run())


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"noise" * 5000, "can't read"), (b"SQLite format 3\0" + b"x" * 80, "can't read")],
)
def test_a_file_that_is_no_store_is_named_with_what_to_do(
    content: bytes, said: str, tmp_path: Path, run_page: RunPage
) -> None:
    (tmp_path / "odd.db").write_bytes(content)
    app = run_page(tmp_path / "odd.db", "results")
    assert not app.exception
    assert said in words(app)
    assert "What to do" in words(app)
    assert (tmp_path / "odd.db").read_bytes() == content


def test_a_japanese_page_says_that_messages_of_the_library_are_english(tmp_path: Path, run_page: RunPage) -> None:
    app = run_page(tmp_path / "nothing.db", "overview", lang="日本語")
    assert "英語" in "".join(each.value for each in app.caption)
    app = run_page(tmp_path / "nothing.db", "overview", lang="English")
    assert "English" not in "".join(each.value for each in app.caption)


@contextmanager
def held(store: Path) -> Generator[None]:
    """Keep everybody else from reading `store`, as a program does that repairs or copies it."""
    with closing(sqlite3.connect(store)) as holder:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        yield


@pytest.mark.parametrize(("language", "said"), [("English", "Another program holds"), ("日本語", "別のプログラムが")])
def test_a_store_that_another_program_holds_is_named_until_it_is_let_go(
    language: str, said: str, small_store: Path, run_page: RunPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("beautyspot_dashboard.frame.WAIT_S", 0.1)
    with held(small_store):
        app = run_page(small_store, "results", lang=language)
        assert said in words(app)
    app.button(key="try_again").click().run()
    assert not app.error
    assert len(app.dataframe[0].value) == 3


def test_a_japanese_page_says_in_japanese_what_happened_and_what_to_do(tmp_path: Path, run_page: RunPage) -> None:
    said = words(run_page(tmp_path / "nothing.db", "overview", lang="日本語"))
    assert "この場所にストアはありません" in said
    assert "beautyspot ui を起動してください" in said.replace("`", "")
    assert "no database at" in said


def test_a_database_of_another_program_is_named_in_the_language_of_the_page(tmp_path: Path, run_page: RunPage) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as sql:
        sql.execute("CREATE TABLE cities (name TEXT)")
    said = words(run_page(tmp_path / "other.db", "results", lang="日本語"))
    assert "beautyspot のデータベースではありません" in said
    assert "beautyspot ui を起動してください" in said.replace("`", "")
    assert "holds no kept results" in said


def test_a_japanese_page_says_what_an_english_message_of_a_value_is_about(release_0_3: Path, run_page: RunPage) -> None:
    app = run_page(release_0_3, "results", lang="日本語", key="b2")
    assert "値を読み取れません" in words(app)
    assert "関数を再実行してください" in words(app)
    assert "英語" in "".join(each.value for each in app.caption)


def test_a_damaged_file_leads_to_the_doctor(small_store: Path, tmp_path: Path, run_page: RunPage) -> None:
    (tmp_path / "noise").write_bytes(b"noise" * 5000)
    (tmp_path / "noise").replace(small_store)
    for name in ("small.db-wal", "small.db-shm"):  # with which it would be whole
        (tmp_path / name).unlink(missing_ok=True)
    assert "Doctor" in [each.proto.label for each in run_page(small_store, "overview").get("page_link")]
    app = run_page(small_store, "maintenance")
    app.button(key="examine_trouble").click().run()
    assert ":red-badge[" in words(app)
    assert "beautyspot" in "".join(each.value for each in app.caption)


def test_a_file_from_the_future_is_left_alone(small_store: Path, run_page: RunPage) -> None:
    with closing(sqlite3.connect(small_store)) as sql:
        sql.execute("PRAGMA user_version = 99")
    app = run_page(small_store, "overview")
    assert "upgrade beautyspot" in words(app)


def test_another_file_at_the_path_is_noticed(small_store: Path, tmp_path: Path) -> None:
    with closing(Place(str(small_store))) as place:
        assert len(place.catalog().tasks().rows) == 3
        with bs.Spot("new", db=tmp_path / "new.db", storage=tmp_path / "blobs") as spot:
            spot.mark(str)(1)
        with closing(sqlite3.connect(tmp_path / "new.db")) as sql:
            sql.execute("VACUUM INTO ?", (str(tmp_path / "copy.db"),))
        for name in ("small.db-wal", "small.db-shm"):
            (tmp_path / name).unlink(missing_ok=True)
        (tmp_path / "copy.db").replace(small_store)
        assert len(place.catalog().tasks().rows) == 1


def test_pages_show_a_store_that_four_processes_write_to(small_store: Path, run_page: RunPage) -> None:
    code = (
        "import sys, beautyspot as bs\n"
        "with bs.Spot('w', db=sys.argv[1], storage=sys.argv[2]) as spot:\n"
        "    work = spot.mark(len)\n"
        "    for number in range(200): work(sys.argv[3] * number)\n"
    )
    command = [sys.executable, "-c", code, str(small_store), str(small_store.parent / "blobs")]
    writers = [subprocess.Popen([*command, str(number)]) for number in range(4)]
    while any(writer.poll() is None for writer in writers):
        for page in PAGES:
            app = run_page(small_store, page)
            assert not app.exception
            assert not app.error
    assert [writer.returncode for writer in writers] == [0] * 4
    with Catalog.open(small_store) as catalog:
        assert len(catalog.tasks(function="builtins.len", limit=1000).rows) == 797


@pytest.mark.external_service
@pytest.mark.parametrize("page", PAGES)
def test_a_server_is_shown_like_a_file(page: str, postgres_url: str, run_page: RunPage) -> None:
    with bs.Spot("shared", db=postgres_url) as spot:
        spot.mark(str)(1)
    app = run_page(postgres_url, page)
    assert not app.exception
    assert not app.error


def test_no_place_is_a_page_that_says_how_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beautyspot_dashboard.place._place", None)
    with pytest.raises(ConfigurationError, match="beautyspot ui DB"):
        current()


def test_a_name_holds_no_password() -> None:
    assert Place("postgresql+psycopg://me:p%40ss@host:5432/db?password=x").name == "postgresql+psycopg://host:5432/db"
