"""A Redis server that is killed, cut off or full: callers get their results, and what was kept is kept."""

import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.db.redis import REST_S, RedisTaskDB
from beautyspot.journal import Journal
from beautyspot.records import TaskFilter
from beautyspot.testing import FrozenClock
from servers.proxy import FaultyProxy
from servers.redis import RedisServer

pytestmark = pytest.mark.external_service


def double(number: int) -> int:
    return number * 2


def numbers_kept(url: str) -> set[int]:
    """Return the number of each row, after a look at whether it can be read."""
    db = RedisTaskDB(url)
    tasks = list(db.find(TaskFilter()))
    assert all(db.get(task.cache_key) for task in tasks)
    db.close()
    return {int(task.input_id) for task in tasks}


@pytest.fixture
def proxy(redis_server: RedisServer, redis_url: str) -> Iterator[FaultyProxy]:
    with FaultyProxy("127.0.0.1", redis_server.port) as proxy:
        yield proxy


def new_spot(url: str | RedisTaskDB, folder: Path, **options: Any) -> bs.Spot:
    return bs.Spot("faults", db=url, storage=folder / "blobs", **options)


def test_results_of_a_time_without_the_server_are_written_when_it_is_back(
    own_redis: RedisServer, tmp_path: Path
) -> None:
    with new_spot(own_redis.url, tmp_path) as spot:
        marked = spot.mark(double, input_key_fn=str)
        marked(1)
        own_redis.kill()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert [marked(number) for number in (1, 2, 3, 2)] == [2, 4, 6, 4]
        own_redis.start()
        assert [marked(number) for number in (1, 2, 3, 4)] == [2, 4, 6, 8]
        assert marked.cache_info()[:3] == (4, 5, 0)
    assert numbers_kept(own_redis.url) == {1, 2, 3, 4}
    assert [each.category for each in caught] == [bs.CacheReadWarning, bs.CacheSaveWarning]
    assert all("see that the server runs and can be reached" in str(each.message) for each in caught)


WRITES = """
answer = new_answer(new_spot(db="{url}"))
hear()
for n in range({first}, {first} + 100_000, 4):
    answer(n)
    say(n)
"""


def test_writers_and_a_server_killed_in_the_middle_lose_no_call_that_had_returned(
    stage: Any, own_redis: RedisServer
) -> None:
    returned: set[int] = set()
    for killing in range(3):
        writers = [stage.start(WRITES.format(first=killing * 100_000 + own, url=own_redis.url)) for own in range(4)]
        for writer in writers:
            writer.tell()
        for _ in range(10 + 30 * killing):
            returned |= {int(writer.hears()) for writer in writers}
        if killing == 2:
            own_redis.kill()
        for writer in writers:
            writer.kill()
    own_redis.start()
    assert returned <= numbers_kept(own_redis.url)


def test_a_cut_network_stalls_one_call_and_not_each(proxy: FaultyProxy, redis_url: str, tmp_path: Path) -> None:
    url = f"redis://127.0.0.1:{proxy.port}/0?socket_timeout=0.2&socket_connect_timeout=0.2"
    db = RedisTaskDB(url)
    spot = new_spot(db, tmp_path)
    marked = spot.mark(double)
    marked(0)
    proxy.stall()
    start_s = time.monotonic()
    with pytest.warns(bs.CacheWarning, match="wait longer with .socket_timeout=…"):
        assert [marked(number) for number in range(100)] == [number * 2 for number in range(100)]
    assert time.monotonic() - start_s < REST_S - 1
    proxy.heal()
    spot.flush()  # at once: the rest ends when it may be the last try
    assert (marked.cache_info().hits, len(list(RedisTaskDB(redis_url).find(TaskFilter())))) == (0, 100)


def test_a_journal_asks_a_server_again_that_was_silent_a_moment_ago(proxy: FaultyProxy, redis_url: str) -> None:
    db = RedisTaskDB(f"redis://127.0.0.1:{proxy.port}/0?socket_timeout=0.2")
    journal = Journal(db, FrozenClock())
    journal.tally("f").miss(0.0, failed=False)
    proxy.stall()
    assert not journal.flush()
    proxy.heal()
    assert journal.flush()
    assert [row.misses for row in RedisTaskDB(redis_url).read_activity()] == [1]


@pytest.mark.parametrize("end", ["", "spot.shutdown()"])
def test_results_of_a_short_silence_are_written_at_exit(
    stage: Any, proxy: FaultyProxy, redis_url: str, end: str
) -> None:
    code = """
spot = new_spot(db="redis://127.0.0.1:{port}/0?socket_timeout=0.5")
answer = new_answer(spot)
answer(1)
say("kept")
hear()
answer(2), answer(4)
say("held")
hear()
"""
    actor = stage.start(code.format(port=proxy.port) + end)
    assert actor.hears() == "kept"
    proxy.stall()
    actor.tell()
    assert actor.hears().startswith("warning CacheReadWarning")
    assert "held in memory" in actor.hears()
    assert actor.hears() == "held"
    proxy.heal()
    actor.tell()
    assert actor.rest() == []
    assert numbers_kept(redis_url) == {1, 2, 4}


def test_a_dropped_connection_is_no_miss(proxy: FaultyProxy, tmp_path: Path) -> None:
    with new_spot(f"redis://127.0.0.1:{proxy.port}/0", tmp_path) as spot:
        marked = spot.mark(double)
        marked(1)
        proxy.reset()
        proxy.heal()
        assert marked(1) == 2
        assert marked.cache_info().hits == 1


def test_a_connection_that_breaks_under_the_question_is_no_miss(proxy: FaultyProxy, tmp_path: Path) -> None:
    with new_spot(f"redis://127.0.0.1:{proxy.port}/0", tmp_path) as spot:
        marked = spot.mark(double)
        marked(1)
        proxy.cut_after(0, once=True)
        assert marked(1) == 2
        assert marked.cache_info().hits == 1


def test_half_an_answer_is_a_warned_miss(proxy: FaultyProxy, tmp_path: Path) -> None:
    with new_spot(f"redis://127.0.0.1:{proxy.port}/0", tmp_path, on_save_error="ignore") as spot:
        marked = spot.mark(lambda: "x" * 10_000)
        marked()
        proxy.cut_after(1000)
        with pytest.warns(bs.CacheReadWarning, match="see that the server runs"):
            assert marked() == "x" * 10_000
        proxy.heal()


def test_a_full_server_refuses_whole_rows_and_no_result_is_lost(
    redis_server: RedisServer, redis_url: str, tmp_path: Path
) -> None:
    with new_spot(redis_url, tmp_path) as spot:
        marked = spot.mark(double, input_key_fn=str)
        marked(1)
        redis_server.command("config", "set", "maxmemory", "1")
        with pytest.warns(bs.CacheSaveWarning, match="raise the server's maxmemory"):
            assert [marked(number) for number in (1, 2)] == [2, 4]
        assert redis_server.command("zcard", "beautyspot:tasks") == "1"
        redis_server.command("config", "set", "maxmemory", "0")
    assert numbers_kept(redis_url) == {1, 2}


def test_what_a_full_server_refused_is_served_and_written_later(
    redis_server: RedisServer, redis_url: str, tmp_path: Path
) -> None:
    ran: list[int] = []
    with new_spot(redis_url, tmp_path) as spot:

        @spot.mark(input_key_fn=str)
        def marked(number: int) -> int:
            ran.append(number)
            return len(ran)

        marked(1)
        redis_server.command("config", "set", "maxmemory", "1")
        with pytest.warns(bs.CacheSaveWarning, match="raise the server's maxmemory"):
            assert [marked.refresh(1), marked(1)] == [2, 2]
        redis_server.command("config", "set", "maxmemory", "0")
        spot.flush()
        assert (len(spot.parts.store.unsaved), marked(1)) == (0, 2)


def test_a_full_server_still_deletes(redis_server: RedisServer, redis_url: str, tmp_path: Path) -> None:
    with new_spot(redis_url, tmp_path) as spot:
        marked = spot.mark(double)
        marked(1)
        spot.flush()
        redis_server.command("config", "set", "maxmemory", "1")
        assert marked.invalidate(1)
        redis_server.command("config", "set", "maxmemory", "0")
    assert numbers_kept(redis_url) == set()


def test_a_clock_moved_back_an_hour_keeps_what_is_kept(redis_url: str, tmp_path: Path) -> None:
    clock = FrozenClock(time.time())
    with new_spot(redis_url, tmp_path, clock=clock) as spot:
        marked = spot.mark(double, ttl=60)
        marked(1)
        clock.advance(-3600)
        marked(1)
        clock.advance(3661)
        marked(1)
        assert marked.cache_info()[:2] == (1, 2)
