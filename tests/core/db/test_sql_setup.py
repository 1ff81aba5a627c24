"""The tables on PostgreSQL: whoever makes them, and whoever made them before."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path
from typing import Any

import beautyspot as bs
import psycopg
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from beautyspot import schema
from beautyspot.catalog import Catalog
from beautyspot.db import SQLiteTaskDB, SQLTaskDB, open_db
from beautyspot.db.migrations import STEPS, take_steps
from beautyspot.db.sql.setup import LOCK
from beautyspot.errors import ConfigurationError, NewerFileError, StorageError
from beautyspot.records import LimitRate, TaskFilter
from beautyspot.testing.task_db import task
from servers.postgres import Postgres
from sqlalchemy import create_engine, inspect

pytestmark = pytest.mark.external_service


def shape(url: str) -> dict[str, Any]:
    """Tables with their columns, keys and indexes, but for our mark of the revision."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    look = inspect(engine)
    found: dict[str, Any] = {}
    for table in sorted(set(look.get_table_names()) - {"beautyspot_revision"}):
        columns = [(each["name"], str(each["type"]), each["nullable"]) for each in look.get_columns(table)]
        indexes = sorted((each["name"], each["column_names"], each["unique"]) for each in look.get_indexes(table))
        foreign = [(each["constrained_columns"], each["options"]) for each in look.get_foreign_keys(table)]
        found[table] = columns, look.get_pk_constraint(table)["constrained_columns"], indexes, foreign
    engine.dispose()
    return found


def test_alembic_and_sqlmodel_make_the_same_tables(postgres: Postgres) -> None:
    by_model, by_alembic = postgres.url(postgres.create()), postgres.url(postgres.create())
    with closing(SQLTaskDB(by_model)) as db:
        db.open()
    engine = create_engine(by_alembic.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as sql:
        take_steps(sql, 0)
    engine.dispose()
    assert set(shape(by_model)) == set(schema.TABLES)
    assert shape(by_alembic) == shape(by_model)


def make_revision(revision: int, postgres: Postgres) -> str:
    """Make the tables as this house did when its schema had that revision, and return the database's name."""
    name = postgres.create()
    engine = create_engine(postgres.url(name).replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as sql:
        for step in range(1, revision + 1):
            STEPS[step](Operations(MigrationContext.configure(sql)), sql)
    engine.dispose()
    postgres.ask("CREATE TABLE beautyspot_revision (revision integer PRIMARY KEY)", database=name)
    postgres.ask(f"INSERT INTO beautyspot_revision VALUES ({revision})", database=name)
    row = "('0a', 'f', 'i', 'DIRECT_BLOB', now(), '\\x01')"
    names = "cache_key, func_name, input_id, result_type, updated_at, result_data"
    postgres.ask(f"INSERT INTO tasks ({names}) VALUES {row}", database=name)
    postgres.ask("INSERT INTO limits (name, tat_s) VALUES ('api', 1000.5)", database=name)
    return name


@pytest.mark.parametrize("revision", [1, 2, 3])
def test_an_older_database_is_upgraded_and_loses_nothing(postgres: Postgres, revision: int) -> None:
    url = postgres.url(make_revision(revision, postgres))
    with closing(SQLTaskDB(url)) as db:
        entry = db.get("0a")
        assert entry is not None
        assert entry.result_data == b"\x01"
        assert db.note_limit_rate("api", LimitRate(60.0, 1.0)) is None
        assert db.advance_limit("api", 0.0, 0.0) == 1000.5
        assert db.origin("0a") is None
    fresh = postgres.url(postgres.create())
    with closing(SQLTaskDB(fresh)) as db:
        db.open()
    assert {table: set(map(str, parts[0])) for table, parts in shape(url).items()} == {
        table: set(map(str, parts[0])) for table, parts in shape(fresh).items()
    }


def test_processes_that_open_an_older_database_at_once_upgrade_it_once(postgres: Postgres) -> None:
    name = make_revision(2, postgres)
    code = """
import sys
from beautyspot.db import open_db
from beautyspot.records import LimitRate
db = open_db(sys.argv[1])
sys.stdin.readline()
print(db.get("0a")[1], db.note_limit_rate("api", LimitRate(60.0, 1.0)) in (None, (60.0, 1.0)))
db.close()
"""
    command = [sys.executable, "-c", code, postgres.url(name)]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    children = [subprocess.Popen(command, **pipes) for _ in range(8)]
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    assert [child.communicate(timeout=60)[0] for child in children] == ["b'\\x01' True\n"] * 8
    revisions = postgres.ask("SELECT revision FROM beautyspot_revision ORDER BY revision", database=name)
    assert revisions == [(2,), (schema.REVISION,)]
    assert postgres.ask("SELECT * FROM limits", database=name) == [("api", 1000.5, 60.0, 1.0)]


def test_a_database_of_a_later_release_is_refused_and_left_as_it_is(postgres: Postgres, tmp_path: Path) -> None:
    name = postgres.create()
    postgres.ask("CREATE TABLE beautyspot_revision (revision integer PRIMARY KEY)", database=name)
    postgres.ask("INSERT INTO beautyspot_revision VALUES (999)", database=name)
    with pytest.raises(NewerFileError, match=r"revision 999, .*; upgrade beautyspot"):
        bs.Spot("late", db=postgres.url(name), storage=tmp_path)
    tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    assert postgres.ask(tables, database=name) == [("beautyspot_revision",)]


def test_a_release_that_became_too_old_while_it_ran_stops_nobody(postgres: Postgres, tmp_path: Path) -> None:
    name = postgres.create()
    spot = bs.Spot("late", db=postgres.url(name), storage=tmp_path, tpm=6e6, shared_limit=True)

    @spot.limiter
    @spot.mark
    def double(n: int) -> int:
        return 2 * n

    assert double(1) == 2
    postgres.ask("INSERT INTO beautyspot_revision VALUES (999)", database=name)
    spot.shutdown()  # the next call connects anew
    with pytest.warns(bs.CacheWarning, match="revision 999"):
        assert [double(1), double(2)] == [2, 4]
    postgres.ask("DELETE FROM beautyspot_revision WHERE revision = 999", database=name)
    spot.flush()
    assert double.is_cached(2)
    spot.shutdown()


def test_a_table_of_another_program_is_left_alone(postgres: Postgres) -> None:
    name = postgres.create()
    postgres.ask("CREATE TABLE tasks (title text)", database=name)
    with (
        closing(SQLTaskDB(postgres.url(name))) as db,
        pytest.raises(StorageError, match=r"another program; .*search_path"),
    ):
        db.open()
    postgres.ask("CREATE SCHEMA beautyspot", database=name)
    with closing(SQLTaskDB(postgres.url(name) + "?options=-csearch_path%3Dbeautyspot")) as db:
        db.put(task())
        assert [found.cache_key for found in db.find(TaskFilter())] == ["0a" * 16]


def test_who_waits_for_an_upgrade_has_more_patience_than_a_call(postgres: Postgres) -> None:
    name = postgres.create()
    url = postgres.url(name) + "?statement_timeout=100"
    with (
        psycopg.connect(postgres.url(name)) as upgrading,
        closing(SQLTaskDB(url)) as db,
        ThreadPoolExecutor(1) as thread,
    ):
        upgrading.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        waiting = thread.submit(db.open)
        assert wait([waiting], 2).done == set()  # a call gives up after 1.1 s
        upgrading.commit()
        waiting.result(30)


def test_tables_that_somebody_dropped_are_made_again(postgres: Postgres) -> None:
    name = postgres.create()
    with closing(SQLTaskDB(postgres.url(name))) as db:
        db.put(task())
        postgres.ask("DROP SCHEMA public CASCADE", database=name)
        postgres.ask("CREATE SCHEMA public", database=name)
        assert db.get("0a" * 16) is None
        db.put(task())
        assert db.get("0a" * 16) is not None


def test_a_file_made_through_sqlalchemy_is_one_of_sqlite(tmp_path: Path) -> None:
    with closing(SQLTaskDB(f"sqlite:///{tmp_path}/a.db")) as db:
        db.put(task(tags=("t",)))
    with closing(SQLiteTaskDB(tmp_path / "a.db")) as db:
        assert [found.tags for found in db.find(TaskFilter())] == [("t",)]
    with closing(SQLTaskDB(f"sqlite:///{tmp_path}/a.db")) as db:
        assert db.get("0a" * 16) is not None
    with Catalog.open(tmp_path / "a.db") as catalog:
        assert catalog.size().tasks == 1


@pytest.mark.parametrize("query", ["?statement_timeout=5s", "?statement_timeout=-1"])
def test_a_wrong_timeout_is_refused_where_it_is_given(query: str) -> None:
    with pytest.raises(ConfigurationError, match="whole milliseconds"):
        open_db(f"postgresql://127.0.0.1/x{query}")


def test_what_the_url_says_goes_before_our_own_choice(postgres: Postgres) -> None:
    name = postgres.create()
    url = postgres.url(name) + "?application_name=mine&options=-c%20statement_timeout%3D7000"
    with closing(SQLTaskDB(url)) as db:
        said = [
            db._connections.do(lambda kept, w=what: kept.sql.exec_driver_sql(f"SHOW {w}").scalar_one())
            for what in ("application_name", "statement_timeout", "tcp_keepalives_idle")
        ]
    assert said == ["mine", "7s", "20"]


@pytest.mark.parametrize("url", ["postgresql://me:secret@127.0.0.1:1/x?password=secret", "postgres://:secret@/x"])
def test_a_password_is_in_no_message(url: str) -> None:
    db = SQLTaskDB(url)
    with pytest.raises(StorageError) as caught:
        db.open()
    assert "secret" not in f"{caught.value!r} {caught.value.__cause__!r} {db!r}"


def test_a_driver_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="'pg8000'; pip install it"):
        open_db("postgresql+pg8000://me:secret@127.0.0.1/x")
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'beautyspot\[postgres\]'"):
        open_db("postgresql://127.0.0.1/x")


@pytest.mark.parametrize("url", ["mysql://me:secret@127.0.0.1/x", "mysql+pymysql://x", "oracle://x"])
def test_a_database_that_can_keep_nothing_is_refused_before_its_driver_is_asked_for(url: str) -> None:
    with pytest.raises(ConfigurationError, match="only PostgreSQL and SQLite") as caught:
        open_db(url)
    assert "pip install" not in str(caught.value)


ALONE = """
import sys
sys.modules["psycopg"] = None
import beautyspot as bs
try:
    bs.Spot("x", db=sys.argv[1])
except bs.ConfigurationError as error:
    print(error)
"""


def test_an_install_without_the_extra_says_what_a_server_needs(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ALONE, "postgresql://x@127.0.0.1:1/n"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert ("needs an extra; pip install 'beautyspot[postgres]'" in done.stdout, done.stderr) == (True, "")


@pytest.mark.parametrize("count", [0, -1, True, 2.5, "8"])
def test_a_wrong_number_of_connections_is_refused(count: Any) -> None:
    with pytest.raises(ConfigurationError, match="max_connections"):
        SQLTaskDB("postgresql://127.0.0.1/x", max_connections=count)


@pytest.mark.parametrize("rest", ["127.0.0.1:port/x", "127.0.0.1:5432:1/x"])
def test_a_url_that_can_not_be_read_is_refused_with_the_right_form(rest: str) -> None:
    with pytest.raises(ConfigurationError, match="'postgresql://…'; write 'postgresql://user:password@host") as refused:
        open_db(f"postgresql://me:secret@{rest}")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("name", ["colour", "autocommit"])
def test_a_parameter_that_libpq_does_not_know_is_refused_where_it_is_given(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f'"{name}" for .*; give parameters of libpq') as refused:
        open_db(f"postgresql://me:secret@127.0.0.1/x?sslmode=disable&{name}=1")
    assert "secret" not in str(refused.value)
