import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from beautyspot.db import SQLTaskDB
from beautyspot.errors import StorageError
from beautyspot.protocols import SupportsKeyLocks
from beautyspot.testing.task_db import task
from servers.postgres import Postgres
from servers.proxy import FaultyProxy

pytestmark = pytest.mark.external_service


@pytest.fixture
def url(postgres: Postgres) -> str:
    return postgres.url(postgres.create())


@pytest.fixture
def two(url: str) -> Iterator[tuple[SQLTaskDB, SQLTaskDB]]:
    with closing(SQLTaskDB(url)) as one, closing(SQLTaskDB(url)) as other:
        yield one, other


def test_a_key_has_one_holder_in_and_between_processes(two: tuple[SQLTaskDB, SQLTaskDB]) -> None:
    one, other = two
    assert isinstance(one, SupportsKeyLocks)
    assert one.locks.try_acquire("key")
    assert not one.locks.try_acquire("key")
    assert not other.locks.try_acquire("key")
    assert other.locks.try_acquire("another")
    one.locks.release("key")
    assert one.locks.try_acquire("key")


def test_what_is_released_is_free_for_others_without_a_further_word(two: tuple[SQLTaskDB, SQLTaskDB]) -> None:
    one, other = two
    keys = [f"{number:032x}" for number in range(200)]
    assert all(one.locks.try_acquire(key) for key in keys)
    for key in keys:
        one.locks.release(key)
        one.locks.release(key)  # twice is once
    one.locks.try_acquire("last")  # the server has done what came before
    assert all(other.locks.try_acquire(key) for key in keys)


def test_nobody_waits_in_the_server(two: tuple[SQLTaskDB, SQLTaskDB]) -> None:
    assert not two[0].locks.acquire("key")


def test_threads_share_the_locks_of_their_process(two: tuple[SQLTaskDB, SQLTaskDB]) -> None:
    one, other = two

    def take(number: int) -> bool:
        key = f"{number % 50:032x}"
        taken = one.locks.try_acquire(key)
        return taken and not other.locks.try_acquire(key)

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(take, range(400))) == 50


def test_the_locks_of_a_closed_database_are_free(two: tuple[SQLTaskDB, SQLTaskDB], postgres: Postgres) -> None:
    one, other = two
    assert one.locks.try_acquire("key")
    one.close()
    postgres.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    assert other.locks.try_acquire("key")
    assert not one.locks.try_acquire("key")


def test_a_session_that_was_ended_is_replaced(two: tuple[SQLTaskDB, SQLTaskDB], postgres: Postgres) -> None:
    one, other = two
    assert one.locks.try_acquire("key")
    postgres.restart()
    assert other.locks.try_acquire("key")  # it went with the session
    one.locks.release("key")
    assert not one.locks.try_acquire("key")
    assert one.locks.try_acquire("another")


def test_a_server_that_is_gone_is_said_so(two: tuple[SQLTaskDB, SQLTaskDB], postgres: Postgres) -> None:
    one, _ = two
    assert one.locks.try_acquire("key")
    postgres.stop()
    try:
        with pytest.raises(StorageError, match="see that the server runs"):
            one.locks.try_acquire("another")
        one.locks.release("key")
    finally:
        postgres.start()


def test_a_row_that_came_after_its_key_was_taken_is_seen(two: tuple[SQLTaskDB, SQLTaskDB]) -> None:
    one, other = two
    for number, writer in enumerate((one, other)):
        key = f"{number:032x}"
        assert one.locks.try_acquire(key)
        if writer is other:
            assert one.get(key) is None  # a leader's second look, right behind its lock
        writer.put(task(key))
        assert one.get(key) is not None
        one.locks.release(key)


def test_a_key_taken_twice_shows_what_was_kept_meanwhile(two: tuple[SQLTaskDB, SQLTaskDB]) -> None:
    one, other = two
    assert one.locks.try_acquire("key")
    one.locks.release("key")
    other.put(task("key"))
    assert one.get("key") is not None


def test_a_key_that_was_interrupted_in_a_silence_is_taken_once_and_free_again(url: str, postgres: Postgres) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    proxy = FaultyProxy("127.0.0.1", postgres.port)
    with proxy, closing(SQLTaskDB(postgres.url(url.rpartition("/")[2], port=proxy.port))) as db:
        assert db.locks.try_acquire("first")
        proxy.stall()
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(KeyboardInterrupt):
            db.locks.try_acquire("key")
        proxy.heal()
        assert db.locks.try_acquire("key")
        with closing(SQLTaskDB(url)) as other:
            assert not other.locks.try_acquire("key")
            db.locks.release("key")  # once, though it may have been taken twice
            db.locks.try_acquire("last")  # as above
            assert other.locks.try_acquire("key")
    signal.signal(signal.SIGALRM, before)
