import sqlite3
from contextlib import closing
from pathlib import Path

import beautyspot as bs
import pytest
from beautyspot.db import MemoryTaskDB, SQLiteTaskDB, open_db
from beautyspot.errors import ConfigurationError
from beautyspot.maintenance import examine
from beautyspot.protocols import SupportsJournal, SupportsKeyLocks, SupportsLegacy, SupportsLimits


@pytest.mark.parametrize("place", ["sub/a.db", Path("sub/a.db"), "sqlite:///sub/a.db"])
def test_a_path_and_a_relative_url_are_files_below_here(
    place: str | Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    db = open_db(place)
    assert isinstance(db, SQLiteTaskDB)
    assert db.path == str(tmp_path / "sub" / "a.db")


def test_four_slashes_are_an_absolute_path(tmp_path: Path) -> None:
    db = open_db(f"sqlite:///{tmp_path}/a.db")
    assert isinstance(db, SQLiteTaskDB)
    assert db.path == f"{tmp_path}/a.db"


@pytest.mark.parametrize("url", ["memory://", "sqlite://", "sqlite:///:memory:", ":memory:"])
def test_memory_has_a_url_and_needs_no_options(url: str) -> None:
    assert isinstance(open_db(url, durability="full"), MemoryTaskDB)


def test_a_database_is_itself() -> None:
    db = MemoryTaskDB()
    assert open_db(db, durability="full") is db


def test_an_unknown_scheme_names_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"'mongo'; give a path, a URL .*\(memory, .*sqlite"):
        open_db("mongo://host/db")


@pytest.mark.parametrize("place", ["", ".", "sqlite:///."])
def test_an_empty_name_and_a_folder_are_no_database(place: str) -> None:
    with pytest.raises(ConfigurationError, match="give a"):
        open_db(place)


@pytest.mark.parametrize("place", ["file:u.db?mode=memory", "sqlite:///file:u.db?mode=memory&uri=true"])
def test_a_uri_for_sqlite_alone_is_refused_with_what_to_give(place: str) -> None:
    with pytest.raises(ConfigurationError, match=r"db got 'file:u.db\?mode=memory.*'memory://'"):
        open_db(place)


@pytest.mark.parametrize("place", ["a\0b.db", "sqlite:///a\0b.db", Path("a\0b/c.db")])
def test_a_name_that_no_file_can_have_is_refused(place: str | Path) -> None:
    with pytest.raises(ConfigurationError, match=r"'.*a\\x00b.*' has a null character.*; give another path"):
        open_db(place)


@pytest.mark.parametrize("thing", [None, 7, b"a.db", object()])
def test_what_is_no_database_is_refused(thing: object) -> None:
    with pytest.raises(ConfigurationError, match="not a database"):
        open_db(thing)


def test_a_wrong_durability_is_refused_where_it_is_given(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="'hard'; give 'normal' or 'full'"):
        open_db(tmp_path / "a.db", durability="hard")


def test_sqlite_can_do_everything_and_memory_what_one_process_needs(tmp_path: Path) -> None:
    extras = (SupportsKeyLocks, SupportsLimits, SupportsJournal, SupportsLegacy)
    assert [isinstance(SQLiteTaskDB(tmp_path / "a.db"), extra) for extra in extras] == [True, True, True, True]
    assert [isinstance(MemoryTaskDB(), extra) for extra in extras] == [False, True, True, False]


def test_full_durability_reaches_sqlite(tmp_path: Path) -> None:
    for durability, level in (("normal", 1), ("full", 2)):
        db = SQLiteTaskDB(tmp_path / "a.db", durability=durability)
        assert db._connections.read(lambda execute: execute("PRAGMA synchronous").fetchone()) == (level,)
        db.close()
    connection = sqlite3.connect(tmp_path / "a.db")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_copy_that_sqlites_dump_made_is_used_as_it_is(tmp_path: Path) -> None:
    with bs.Spot("a", db=tmp_path / "a.db") as spot:
        spot.run(divmod, 7, 2)
    with closing(sqlite3.connect(tmp_path / "a.db")) as old, closing(sqlite3.connect(tmp_path / "b.db")) as new:
        new.executescript("\n".join(old.iterdump()))
        assert new.execute("PRAGMA user_version").fetchone() == (0,)
    assert {each.check: each.level for each in examine(tmp_path / "b.db")}["schema"] == "ok"
    with bs.Spot("b", db=tmp_path / "b.db") as spot:
        divide = spot.mark(divmod)
        assert (divide(7, 2), divide(8, 2), divide.cache_info().hits) == ((3, 1), (4, 0), 1)


def test_a_password_that_is_not_encoded_is_refused_and_never_shown() -> None:
    with pytest.raises(ConfigurationError, match="percent-encoded") as refused:
        open_db("postgresql://app:p@ss@w0rd@127.0.0.1:1/x")
    assert "w0rd" not in str(refused.value)
