"""What a server that refuses or is full means to those who share it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from threading import Barrier

import psycopg
import pytest
from beautyspot.db import SQLTaskDB
from beautyspot.errors import StorageError
from beautyspot.records import TaskFilter
from beautyspot.testing.task_db import keys_of, task
from servers.postgres import Postgres

pytestmark = pytest.mark.external_service
ROLE = "few_connections"


@pytest.fixture
def few_url(postgres: Postgres) -> Iterator[str]:
    """The URL of a database that gives its user two connections."""
    name = postgres.create()
    postgres.ask(f"CREATE ROLE {ROLE} LOGIN CONNECTION LIMIT 2")
    postgres.ask(f"GRANT ALL ON SCHEMA public TO {ROLE}", database=name)
    yield postgres.url(name).replace("postgres:secret", ROLE)
    postgres.ask(f"DROP OWNED BY {ROLE}", database=name)
    postgres.ask(f"DROP ROLE {ROLE}")


@pytest.fixture
def few(few_url: str) -> Iterator[SQLTaskDB]:
    with closing(SQLTaskDB(few_url)) as db:
        yield db


def use(db: SQLTaskDB, together: Barrier, number: int, *, rests: bool = False) -> bool:
    together.wait(20)
    db.put(task(f"{number:02x}"))
    for _ in range(1 + rests):
        together.wait(20)
    return db.get(f"{number:02x}") is not None


def test_threads_share_what_is_open_when_the_server_gives_no_more(few: SQLTaskDB) -> None:
    together = Barrier(6)
    with ThreadPoolExecutor(6) as threads:
        assert all(threads.map(lambda number: use(few, together, number), range(6)))
    assert len(keys_of(few, TaskFilter())) == 6


def test_key_locks_get_a_connection_of_those_who_can_share(few: SQLTaskDB, few_url: str) -> None:
    together = Barrier(3)
    with ThreadPoolExecutor(2) as threads:
        uses = [threads.submit(use, few, together, number, rests=True) for number in range(2)]
        together.wait(20)
        together.wait(20)  # both have one now, and neither uses it
        assert few.locks.try_acquire("key")
        together.wait(20)
        assert all(future.result() for future in uses)
        with closing(SQLTaskDB(few_url.replace(ROLE, "postgres"))) as other:
            assert not other.locks.try_acquire("key")
        assert [few.get("00") is not None for _ in range(3)] == [True] * 3


REFUSALS = [
    ("postgres:secret", "/none", "make the database on the server with `createdb`"),
    ("nobody-here:secret", "/postgres", "give a user and a password that the server knows"),
    ("postgres:secret", "/postgres?sslmode=require", r"give \?sslmode= and what belongs to it"),
    ("postgres:secret", "/postgres?sslmode=maybe", r"give \?sslmode= and what belongs to it"),
]


@pytest.mark.parametrize(("user", "rest", "step"), REFUSALS)
def test_a_refused_connection_says_what_to_do_and_no_password(
    postgres: Postgres, user: str, rest: str, step: str
) -> None:
    with closing(SQLTaskDB(f"postgresql://{user}@127.0.0.1:{postgres.port}{rest}")) as db:
        with pytest.raises(StorageError, match=step) as raised:
            db.get("0a")
        assert "secret" not in str(raised.value)


def test_a_server_that_is_full_says_how_to_ask_for_less(postgres: Postgres, few: SQLTaskDB) -> None:
    postgres.ask(f"ALTER ROLE {ROLE} CONNECTION LIMIT 0")
    with pytest.raises(StorageError, match=r"give fewer with db=SQLTaskDB\(url, max_connections=…\)"):
        few.get("0a")


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_of_another_encoding_keeps_what_it_can(postgres: Postgres, encoding: str) -> None:
    name = f"{postgres.create()}_{encoding.lower()}"
    postgres.ask(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'")
    with closing(SQLTaskDB(postgres.url(name))) as db:
        db.put(task("0a", tags=("naïve",)))
        (found,) = db.find(TaskFilter(tags=("naïve",)))
        assert (found.cache_key, found.tags) == ("0a", ("naïve",))
        if encoding == "LATIN1":
            with pytest.raises(StorageError, match="give texts that the database's encoding has"):
                db.put(task("0b", tags=("日本",)))


def test_a_tag_that_is_too_long_for_an_index_is_refused_for_good(postgres_url: str) -> None:
    tag = "".join(f"{number:x}" for number in range(5000))
    with (
        closing(SQLTaskDB(postgres_url)) as db,
        pytest.raises(StorageError, match="give shorter tags and versions") as raised,
    ):
        db.put(task("0a", tags=(tag,)))
    assert isinstance(raised.value.__cause__, ValueError)  # as `unsaved` asks


def test_the_victim_of_a_deadlock_begins_anew(postgres_url: str) -> None:
    held = "SELECT FROM tasks WHERE cache_key = %s FOR UPDATE"
    with (
        closing(SQLTaskDB(postgres_url)) as db,
        psycopg.connect(postgres_url.replace("+psycopg", "")) as other,
        ThreadPoolExecutor(1) as thread,
    ):
        first, second = task("0a"), task("0b")
        for each in (first, second):
            db.put(each)
        other.execute("SET LOCAL deadlock_timeout = '1min'")  # so that the other side looks first, and is the victim
        other.execute(held, (second.cache_key,))
        deleting = thread.submit(db.delete, [first.cache_key, second.cache_key])
        waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        while other.execute(waits).fetchone() == (0,):
            assert not wait([deleting], 0.01).done
        other.execute(held, (first.cache_key,))
        other.commit()
        assert deleting.result(30) == 2
        assert db.get(first.cache_key) is None
