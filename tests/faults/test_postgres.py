"""PostgreSQL in trouble: real servers, real processes, a real network in between."""

import os
import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.db import SQLTaskDB
from beautyspot.records import TaskFilter
from servers.postgres import Postgres
from servers.proxy import FaultyProxy

pytestmark = pytest.mark.external_service

SPOT = """
answer = new_answer(new_spot(db="{url}"{more}))
hear()
"""

WRITES = """
for n in range({first}, {first} + 1_000_000):
    answer(n)
    say(n)
"""

STAMPEDE = """
import time
def slow(n):
    runs.append(n)
    time.sleep(0.2)
    return n
spot = new_spot(db="{url}", tpm=6e6, shared_limit=True)
slow = spot.mark(slow)
slow(0)
say("ready")
hear()
threads = [threading.Thread(target=slow, args=(7,)) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
say(runs.count(7))
"""

LEADS = """
def lead(n):
    say("leads")
    hear()
spot = new_spot(db="{url}")
spot.mark(input_key_fn=str, version="1")(lead)(1)
"""

FOLLOWS = """
def lead(n):
    return "done"
spot = new_spot(db="{url}")
say("asks")
say(spot.mark(input_key_fn=str, version="1")(lead)(1))
"""


@pytest.fixture
def impatient(postgres: Postgres) -> Iterator[tuple[FaultyProxy, str]]:
    """A way to the server that faults can be put in, and the URL of a database behind it that gives up soon."""
    with FaultyProxy("127.0.0.1", postgres.port) as proxy:
        yield proxy, postgres.url(postgres.create(), port=proxy.port) + "?statement_timeout=1000&connect_timeout=4"


def kept_numbers(url: str) -> set[int]:
    with closing(SQLTaskDB(url)) as db:
        return {int(task.input_id) for task in db.find(TaskFilter())}


def new_answer(url: str, folder: Path, ran: list[int]) -> tuple[bs.Spot, Any]:
    spot = bs.Spot("faults", db=url, storage=folder)

    def answer(n: int) -> str:
        ran.append(n)
        return f"{n},"

    return spot, spot.mark(input_key_fn=str)(answer)


def test_whatever_a_killed_process_had_returned_is_kept(stage: Any, postgres_url: str) -> None:
    code = SPOT.format(url=postgres_url, more="") + WRITES
    writers = [stage.start(code.format(first=own * 1_000_000)) for own in range(3)]
    returned: set[int] = set()
    for writer in writers:
        writer.tell()
    for writer in writers:
        returned |= {int(writer.hears()) for _ in range(60)}
    for writer in writers:
        writer.kill()
    for writer in writers:
        returned |= {int(line) for line in writer.communicate()[0].splitlines(keepends=True) if line.endswith("\n")}
    assert returned <= kept_numbers(postgres_url)


def test_a_killed_server_stops_nobody_and_loses_nothing(postgres: Postgres, tmp_path: Path) -> None:
    url, ran = postgres.url(postgres.create()), list[int]()
    spot, answer = new_answer(url, tmp_path, ran)
    middle, on = threading.Event(), threading.Event()

    def work(thread: int) -> list[str]:
        values = [answer(n) for n in range(thread * 1000, thread * 1000 + 30)]
        middle.set()
        values += [answer(n) for n in range(thread * 1000 + 30, thread * 1000 + 60)]
        on.wait(60)
        return values + [answer(n) for n in range(thread * 1000 + 60, thread * 1000 + 90)]

    with warnings.catch_warnings(record=True) as said, ThreadPoolExecutor(4) as threads:
        warnings.simplefilter("always")
        futures = [threads.submit(work, thread) for thread in range(4)]
        middle.wait(60)
        postgres.kill()
        postgres.start()
        on.set()
        assert [future.result() for future in futures] == [
            [f"{n}," for n in range(thread * 1000, thread * 1000 + 90)] for thread in range(4)
        ]
        spot.shutdown()
    told = [str(one.message) for one in said if issubclass(one.category, bs.CacheWarning)]
    # Reads, writes, and who holds a result; on a busy machine a statement may time out, too, which is another trouble.
    assert len(told) <= 6, told
    assert kept_numbers(url) == set(ran)


def test_a_restart_between_two_calls_is_not_noticed(postgres: Postgres, tmp_path: Path) -> None:
    ran: list[int] = []
    spot, answer = new_answer(postgres.url(postgres.create()), tmp_path, ran)
    answer(1)
    postgres.restart()
    assert (answer(1), answer(2)) == ("1,", "2,")  # warnings are errors here
    postgres.kill()
    postgres.start()
    assert (answer.is_cached(2), ran) == (True, [1, 2])
    spot.shutdown()


def test_without_its_server_a_spot_computes_and_later_keeps(postgres: Postgres, tmp_path: Path) -> None:
    url, ran = postgres.url(postgres.create()), list[int]()
    spot, answer = new_answer(url, tmp_path, ran)
    answer(1)
    postgres.stop()
    try:
        with pytest.warns(bs.CacheWarning) as said:
            assert [answer(n) for n in (1, 2, 3, 2)] == ["1,", "2,", "3,", "2,"]
        assert 1 <= len(said) <= 2
        assert all("secret" not in str(one.message) and "see that the server runs" in str(one.message) for one in said)
        assert ran == [1, 1, 2, 3]  # what could not be kept is held in memory
    finally:
        postgres.start()
    assert answer(4) == "4,"
    spot.flush()  # a call gives what waits a tenth of a second
    assert kept_numbers(url) == {1, 2, 3, 4}
    spot.shutdown()


def test_what_a_server_that_takes_no_writes_refused_is_served_and_written_later(
    postgres: Postgres, tmp_path: Path
) -> None:
    name, ran = postgres.create(), list[int]()
    spot = bs.Spot("faults", db=postgres.url(name), storage=tmp_path)

    @spot.mark(input_key_fn=str)
    def answer(n: int) -> int:
        ran.append(n)
        return len(ran)

    assert answer(1) == 1
    postgres.ask(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    spot.parts.store.db.close()  # whoever connects from now on may only read, as after a failover
    with pytest.warns(bs.CacheSaveWarning, match="held in memory"):
        assert [answer.refresh(1), answer(1)] == [2, 2]
    postgres.ask(f"ALTER DATABASE {name} SET default_transaction_read_only = off")
    spot.parts.store.db.close()
    spot.flush()
    assert (len(spot.parts.store.unsaved), answer(1)) == (0, 2)
    spot.shutdown()


@pytest.mark.parametrize("fault", ["stall", "reset"])
def test_a_cut_network_makes_calls_late_by_seconds_at_most(
    impatient: tuple[FaultyProxy, str], tmp_path: Path, fault: str
) -> None:
    (proxy, url), ran = impatient, list[int]()
    spot, answer = new_answer(url, tmp_path, ran)
    answer(1)
    getattr(proxy, fault)()
    start_s = time.monotonic()
    with pytest.warns(bs.CacheWarning):
        assert [answer(n) for n in range(2, 30)] == [f"{n}," for n in range(2, 30)]
    assert time.monotonic() - start_s < 20
    proxy.heal()
    spot.shutdown()
    assert kept_numbers(url) == set(range(1, 30))


def test_a_silent_server_is_waited_for_once_and_not_by_each_question_of_a_call(
    impatient: tuple[FaultyProxy, str], tmp_path: Path
) -> None:
    (proxy, url), ran = impatient, list[int]()
    spot, answer = new_answer(url, tmp_path, ran)
    answer(1)
    proxy.stall()
    start_s = time.monotonic()
    with pytest.warns(bs.CacheWarning):  # reading, locking, reading again and keeping would take 2 s each
        assert answer(2) == "2,"
    assert time.monotonic() - start_s < 5
    with ThreadPoolExecutor(20) as threads:
        assert list(threads.map(answer, range(3, 23))) == [f"{n}," for n in range(3, 23)]
    assert time.monotonic() - start_s < 6
    proxy.heal()
    spot.flush()  # at once: the rest ends when it may be the last try
    assert kept_numbers(url) == set(range(1, 23))
    spot.shutdown()


def test_a_crowd_waits_for_a_silent_server_together(impatient: tuple[FaultyProxy, str], tmp_path: Path) -> None:
    (proxy, url), ran = impatient, list[int]()
    spot, answer = new_answer(url, tmp_path, ran)
    with ThreadPoolExecutor(20) as threads:
        list(threads.map(answer, range(20)))
        proxy.stall()
        start_s = time.monotonic()
        with warnings.catch_warnings(action="ignore"):
            assert list(threads.map(answer, range(20))) == [f"{n}," for n in range(20)]
        assert time.monotonic() - start_s < 6
    proxy.heal()
    spot.shutdown()


def test_eight_processes_make_a_fresh_database_at_once(stage: Any, postgres: Postgres) -> None:
    url = postgres.url(postgres.create())
    openers = [stage.start(SPOT.format(url=url, more="") + "answer(1), answer(os.getpid())") for _ in range(8)]
    for opener in openers:
        opener.tell()
    assert [opener.rest() for opener in openers] == [[]] * 8
    assert len(kept_numbers(url)) == 9
    name = url.rpartition("/")[2]
    assert len(postgres.ask("SELECT revision FROM beautyspot_revision", database=name)) == 1


def test_four_processes_of_eight_threads_run_a_cold_key_once(stage: Any, postgres_url: str) -> None:
    actors = [stage.start(STAMPEDE.format(url=postgres_url)) for _ in range(4)]
    assert [actor.hears() for actor in actors] == ["ready"] * 4
    for actor in actors:
        actor.tell()
    assert sum(int(actor.rest()[0]) for actor in actors) == 1


def test_a_killed_leader_leaves_its_key_to_others(stage: Any, postgres_url: str) -> None:
    leader = stage.start(LEADS.format(url=postgres_url))
    assert leader.hears() == "leads"
    follower = stage.start(FOLLOWS.format(url=postgres_url))
    assert follower.hears() == "asks"
    leader.kill()
    assert follower.rest() == ["done"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_of_a_fork_has_connections_of_its_own(stage: Any, postgres_url: str) -> None:
    code = """
answer = new_answer(new_spot(db="{url}"))
answer(1)
pid = os.fork()
own = range(100) if pid else range(1000, 1100)
right = all(answer(n) == value_of(n) and answer(1) == value_of(1) for n in own)
if not pid:
    os._exit(0 if right and len(runs) == 101 else 1)
say(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), right, len(runs), answer(1000) == value_of(1000), len(runs))
"""
    assert stage.run(code.format(url=postgres_url)) == ["0 True 100 True 100"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("end", ["sys.exit()", "del db; gc.collect(); sys.exit()", "os._exit(0)"])
def test_a_child_that_ends_takes_nothing_from_its_parent(stage: Any, postgres_url: str, end: str) -> None:
    code = """
import gc
from beautyspot.db import SQLTaskDB
db = SQLTaskDB("{url}")
def session():
    return db._connections.do(lambda kept: kept.driver.info.backend_pid)
before = session(), db.locks.try_acquire("key")
pid = os.fork()
if not pid:
    assert session() != before[0] and not db.locks.try_acquire("key")
    {end}
say(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), session() == before[0], db.locks.try_acquire("key"))
db.close()
"""
    assert stage.run(code.format(url=postgres_url, end=end)) == ["0 True False"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_the_key_of_a_killed_leader_is_free_though_its_child_lives_on(stage: Any, postgres_url: str) -> None:
    child = """
pid = os.fork()
if not pid:
    os.close(1), os.close(2)
    hear()
    os._exit(0)
"""
    code = LEADS.format(url=postgres_url).replace('    say("leads")', '    fork()\n    say("leads")')
    leader = stage.start("def fork():" + child.replace("\n", "\n    ") + code)
    assert leader.hears() == "leads"
    follower = stage.start(FOLLOWS.format(url=postgres_url))
    assert follower.hears() == "asks"
    leader.kill()
    assert follower.rest() == ["done"]


def test_more_threads_than_connections_share_them(stage: Any, postgres: Postgres) -> None:
    url = postgres.url(postgres.create())
    code = """
spot = new_spot(db="{url}")
answer, together = new_answer(spot), threading.Barrier(65)
def call(n):
    answer(n)
    together.wait(); together.wait()
threads = [threading.Thread(target=call, args=(n,)) for n in range(64)]
for thread in threads: thread.start()
together.wait()
say("here")
hear()
together.wait()
for thread in threads: thread.join()
say(len(runs))
"""
    actor = stage.start(code.format(url=url))
    assert actor.hears() == "here"
    statement = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'beautyspot' AND datname = %s"
    ((count,),) = postgres.ask(statement, url.rpartition("/")[2])
    assert count <= 8 + 1
    actor.tell()
    assert actor.rest() == ["64"]
