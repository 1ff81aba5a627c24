"""A pooler between us and PostgreSQL: what sessions are needed for is done in one, or not at all and said."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import beautyspot as bs
import psycopg
import pytest
from beautyspot.catalog import Catalog
from beautyspot.db import SQLTaskDB
from beautyspot.errors import StorageError
from beautyspot.testing.task_db import task

pytestmark = pytest.mark.external_service
Pooled = Callable[[str, int], str]

CALLS = """
import sys, warnings
import beautyspot as bs

warnings.simplefilter("ignore")
with bs.Spot("app", db=sys.argv[1], tpm=600_000, shared_limit=True) as spot:
    ask = spot.limiter()(spot.mark(len))
    assert [ask("x" * number) for number in range(50)] == list(range(50))
    assert ask.cache_info().unreadable == 0
"""


def test_a_key_is_locked_through_a_pooler_that_lends_sessions(pooled_url: Pooled) -> None:
    url = pooled_url("session", 9)
    with closing(SQLTaskDB(url)) as one, closing(SQLTaskDB(url)) as other:
        assert one.locks.try_acquire("key")
        assert not other.locks.try_acquire("key")


def test_no_lock_stays_with_a_session_that_is_lent_for_a_transaction(pooled_url: Pooled) -> None:
    url = pooled_url("transaction", 3)
    with closing(SQLTaskDB(url)) as one, closing(SQLTaskDB(url)) as other:
        with pytest.warns(bs.CacheWarning, match="use the pooler's session mode"):
            assert one.locks.try_acquire("key")
        assert not one.locks.try_acquire("key")  # within the process it holds
        with pytest.warns(bs.CacheWarning, match="locks belong to sessions"):
            assert other.locks.try_acquire("key")
        one.locks.release("key")
        assert one.locks.try_acquire("key")
    assert asked(url, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0


def test_nothing_is_set_in_a_session_that_others_are_lent(pooled_url: Pooled) -> None:
    url = pooled_url("transaction", 1)
    with closing(SQLTaskDB(url)) as db:
        db.put(task("a" * 32))
    with Catalog.open(url) as catalog:
        assert catalog.size().tasks == 1
    assert asked(url, "SHOW default_transaction_read_only") == "off"
    assert asked(url, "SHOW statement_timeout") == "0"


def test_processes_share_results_and_a_limit_without_sessions(pooled_url: Pooled) -> None:
    url = pooled_url("transaction", 3)
    processes = [subprocess.Popen([sys.executable, "-c", CALLS, url]) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]


def test_threads_share_what_a_pooler_gives(pooled_url: Pooled) -> None:
    together = Barrier(6)
    with closing(SQLTaskDB(pooled_url("session", 2))) as db, ThreadPoolExecutor(6) as threads:

        def use(number: int) -> bool:
            together.wait(20)
            db.put(task(f"{number:032x}"))
            return db.get(f"{number:032x}") is not None

        assert all(threads.map(use, range(6)))


def test_a_pooler_that_knows_no_transactions_is_refused_with_what_to_do(pooled_url: Pooled) -> None:
    with closing(SQLTaskDB(pooled_url("statement", 3))) as db, pytest.raises(StorageError, match="pool_mode=session"):
        db.get("key")


def test_options_that_a_pooler_refuses_are_told_with_what_to_do(pooled_url: Pooled) -> None:
    url = pooled_url("session", 3) + "?options=-csearch_path%3Dmine"
    with closing(SQLTaskDB(url)) as db, pytest.raises(StorageError, match="instead of options="):
        db.get("key")


def asked(url: str, statement: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(statement).fetchone()
    return row and row[0]
