"""What RedisTaskDB promises beyond the contract of every database."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.db import TaskDB, open_db
from beautyspot.db.redis import GRACE_MS, RedisTaskDB
from beautyspot.deletion import delete_rows
from beautyspot.errors import ConfigurationError, DamagedEntryError, StorageError
from beautyspot.records import Activity, Run, TaskFilter
from beautyspot.testing import TaskDBContract
from beautyspot.testing.task_db import NOON, SECOND, keys_of, task
from servers.redis import RedisServer

pytestmark = pytest.mark.external_service
HOUR = timedelta(hours=1)


def double(number: int) -> int:
    return number * 2


def letters(number: int) -> str:
    return "x" * 10_000


@pytest.fixture
def db(redis_url: str) -> Iterator[RedisTaskDB]:
    with closing(RedisTaskDB(redis_url)) as db:
        yield db


class TestRedis(TaskDBContract):
    @pytest.fixture
    def db(self, redis_url: str) -> Iterator[TaskDB]:
        with closing(open_db(redis_url, durability="full")) as db:
            yield db


class TestRedisBySocket(TaskDBContract):
    @pytest.fixture
    def db(self, redis_server: RedisServer, redis_url: str) -> Iterator[TaskDB]:
        with closing(open_db(f"unix://{redis_server.socket}?prefix=mine")) as db:
            yield db


def test_a_result_is_a_hit_in_another_spot(redis_url: str, tmp_path: Any) -> None:
    for hits in range(2):
        with bs.Spot("one", db=redis_url, storage=tmp_path) as spot:
            marked = spot.mark(double)
            assert marked(21) == 42
            assert marked.cache_info().hits == hits


def test_redis_drops_a_row_an_hour_after_its_end(db: RedisTaskDB, redis_server: RedisServer) -> None:
    end = datetime.now(UTC) + HOUR
    db.put(task("0a", expires_at=end))
    dropped_ms = int(redis_server.command("pexpiretime", "beautyspot:task:0a"))
    assert abs(dropped_ms - int(end.timestamp() * 1000) - GRACE_MS) < 10_000
    db.put(task("0a"))
    assert redis_server.command("ttl", "beautyspot:task:0a") == "-1"


def test_a_clock_behind_the_servers_has_no_row_dropped_early(
    db: RedisTaskDB, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind_s = time.time() - 2 * HOUR.total_seconds()
    monkeypatch.setattr(time, "time", lambda: behind_s)
    db.put(task("0a", expires_at=datetime.fromtimestamp(behind_s, UTC) + SECOND))
    assert int(redis_server.command("pttl", "beautyspot:task:0a")) > GRACE_MS - 10_000


def test_rows_that_redis_dropped_are_swept_by_a_write(db: RedisTaskDB, redis_server: RedisServer) -> None:
    for key in ("0a", "0b"):
        db.put(task(key, func_name=f"f.{key}", expires_at=NOON, tags=(key,)))
        redis_server.command("del", f"beautyspot:task:{key}")
    db.put(task("0c", func_name="f.kept"))
    left = {key for key in redis_server.command("keys", "*").splitlines() if not key.endswith(("0c", "kept"))}
    assert left == {"beautyspot:tasks", "beautyspot:functions"}
    assert redis_server.command("smembers", "beautyspot:functions") == "f.kept"


def test_a_row_that_redis_dropped_takes_its_note_of_use_along(db: RedisTaskDB, redis_server: RedisServer) -> None:
    db.put(task("0a", expires_at=NOON))
    db.put(task("0b", expires_at=NOON))
    db.uses.note(["0a"], NOON + HOUR)
    for key in ("0a", "0b"):
        redis_server.command("del", f"beautyspot:task:{key}")
    db.uses.note(["0b"], NOON + HOUR)
    assert redis_server.command("zrange", "beautyspot:uses", "0", "-1") == "0a"
    db.put(task("0c"))
    assert redis_server.command("exists", "beautyspot:uses") == "0"


def test_a_use_is_noted_once_an_hour(db: RedisTaskDB) -> None:
    db.put(task("0a"))
    db.uses.note(["0a", "0a"], NOON + HOUR)
    db.uses.note(["0a"], NOON + 2 * HOUR)
    assert db.uses.last(["0a"]) == {"0a": NOON + HOUR}
    db.uses.note(["0a"], NOON + 2 * HOUR + SECOND)
    assert db.uses.last(["0a"]) == {"0a": NOON + 2 * HOUR + SECOND}
    db.uses.note([], NOON)
    assert db.uses.last([]) == {}


def test_what_another_process_read_outlives_newer_results_in_a_prune(redis_url: str, tmp_path: Any) -> None:
    for numbers in (range(20), range(5)):
        with bs.Spot("one", db=redis_url, storage=tmp_path) as spot:
            assert list(spot.mark(letters).map(numbers)) == ["x" * 10_000] * len(numbers)
    command = ["prune", "--db", redis_url, "--storage", str(tmp_path), "--max-size", "60kB", "--yes"]
    subprocess.run([sys.executable, "-m", "beautyspot", *command], check=True, capture_output=True, timeout=60)
    with bs.Spot("one", db=redis_url, storage=tmp_path) as spot:
        assert [number for number in range(20) if spot.mark(letters).is_cached(number)] == [0, 1, 2, 3, 4]


def test_rows_that_redis_dropped_are_swept_by_a_list(db: RedisTaskDB, redis_server: RedisServer) -> None:
    db.put(task("0a", tags=("x",)))
    db.put(task("0b", tags=("x",)))
    redis_server.command("del", "beautyspot:task:0a")
    assert keys_of(db, TaskFilter(tags=("x",))) == keys_of(db, TaskFilter()) == ["0b"]
    assert redis_server.command("zcard", "beautyspot:tag:x") == redis_server.command("zcard", "beautyspot:tasks") == "1"


def test_deleting_everything_leaves_no_key(db: RedisTaskDB, redis_server: RedisServer) -> None:
    db.put(task("0a", tags=("x", "y"), expires_at=datetime.now(UTC) + HOUR))
    db.put(task("0b", func_name="f"))
    db.uses.note(["0a", "0b"], NOON + HOUR)
    assert db.delete(["0a", "0b"]) == 2
    assert redis_server.command("keys", "*") == ""


def test_a_result_that_goes_into_a_blob_leaves_no_bytes_behind(db: RedisTaskDB) -> None:
    db.put(task("0a"))
    db.put(task("0a", result_type="FILE", result_data=None, result_value="0a/0a.bin"))
    entry = db.get("0a")
    assert entry is not None
    assert (entry.result_data, entry.result_value) == (None, "0a/0a.bin")


def test_a_newer_row_is_never_replaced_by_an_older_one(db: RedisTaskDB) -> None:
    db.put(task("0a", updated_at=NOON, version="kept"))
    older = [task("0a", updated_at=NOON - SECOND), task("0a", updated_at=NOON), task("0b", updated_at=NOON - SECOND)]
    assert db.put_newer(older) == ["0b"]
    assert db.put_newer([task("0b", version="newer")]) == ["0b"]
    assert db.updated_at(["0a", "0b", "0c"]) == {"0a": NOON, "0b": NOON}
    assert {found.cache_key: found.version for found in db.find(TaskFilter())} == {"0a": "kept", "0b": "newer"}


def test_more_rows_of_one_instant_than_a_page_are_all_found_once(db: RedisTaskDB) -> None:
    db.put_newer([task(f"{number:04x}", tags=("x", "y")) for number in range(1203)])
    assert len(set(keys_of(db, TaskFilter()))) == len(keys_of(db, TaskFilter(tags=("x", "y")))) == 1203


@pytest.mark.parametrize("row", [b"", b"\xc1", b"\x93\x01\x02\x03", b"\x01", b"\xff" * 50])
def test_a_damaged_row_is_an_error_for_a_hit_and_can_be_deleted(
    db: RedisTaskDB, redis_server: RedisServer, row: bytes
) -> None:
    db.put(task("0a"))
    db._client.hset("beautyspot:task:0a", "row", row)
    with pytest.raises(DamagedEntryError, match=r"'0a'.*; run its call again"):
        db.get("0a")
    assert [(found.cache_key, found.result_type) for found in db.find(TaskFilter())] == [("0a", "DAMAGED")]
    assert db.delete(["0a"]) == 1
    assert redis_server.command("keys", "*") == ""


def test_a_damaged_row_is_a_counted_miss_that_is_mended(redis_url: str, db: RedisTaskDB, tmp_path: Any) -> None:
    with bs.Spot("one", db=redis_url, storage=tmp_path) as spot:
        marked = spot.mark(double)
        marked(21)
        (key,) = keys_of(db, TaskFilter())
        db._client.hset(f"beautyspot:task:{key}", "row", b"noise")
        with pytest.warns(bs.CacheReadWarning, match="is no row of this release"):
            assert marked(21) == 42
        assert db.get(key) is not None
        db._client.hset(f"beautyspot:task:{key}", "row", b"noise")
        assert marked.invalidate(21) is True


def test_another_programs_key_is_an_error_that_names_the_prefix(db: RedisTaskDB, redis_server: RedisServer) -> None:
    redis_server.command("set", "beautyspot:task:0a", "theirs")
    for use in (lambda: db.get("0a"), lambda: db.put(task("0a"))):
        with pytest.raises(StorageError, match=r"give another \?prefix="):
            use()
    assert redis_server.command("get", "beautyspot:task:0a") == "theirs"


def test_what_was_kept_anew_since_it_was_listed_is_not_deleted(db: RedisTaskDB, redis_server: RedisServer) -> None:
    for key in ("0a", "0b", "0c", "0d"):
        db.put(task(key))
    db._client.hset("beautyspot:task:0c", "row", b"noise")
    listed = list(db.find(TaskFilter()))
    db.put(task("0a", updated_at=NOON + timedelta(microseconds=1)))
    db.delete(["0d"])
    assert {each.cache_key for each in delete_rows(listed, db)} == {"0b", "0c", "0d"}
    assert keys_of(db, TaskFilter()) == ["0a"]
    db.delete(["0a"])
    assert redis_server.command("keys", "*") == ""


def test_what_took_the_place_of_a_damaged_row_is_not_deleted_for_it(db: RedisTaskDB) -> None:
    for key in ("0a", "0b"):
        db.put(task(key))
        db._client.hset(f"beautyspot:task:{key}", "row", b"noise")
    listed = list(db.find(TaskFilter()))
    db.put(task("0a", updated_at=NOON + timedelta(microseconds=1)))
    assert db.delete_unchanged(listed) == ["0b"]
    assert keys_of(db, TaskFilter()) == ["0a"]


def test_two_prefixes_are_two_databases(db: RedisTaskDB, redis_url: str) -> None:
    db.put(task("0a"))
    with closing(RedisTaskDB(f"{redis_url}?prefix=other")) as other:
        assert other.get("0a") is None
        assert keys_of(other, TaskFilter()) == []


def test_activity_of_one_minute_adds_up_and_runs_are_replaced(db: RedisTaskDB) -> None:
    minute = NOON.replace(second=0, microsecond=0)
    for _ in range(2):
        db.add_activity([Activity("f:g", minute, 1, 2, 3, 0.5, 0.25, 4, 5)])
    assert list(db.read_activity()) == [Activity("f:g", minute, 2, 4, 6, 1.0, 0.5, 8, 10)]
    run = Run(
        "1", None, "1", "llm", "chat", "m", NOON, 1.0, None, 0.0, "ok",
        1, 2, None, None, False, False, None, None, ("t",), b"d",
    )  # fmt: skip
    db.add_runs([run._replace(status="error"), run])
    assert list(db.read_runs()) == [run]


def test_text_that_is_no_unicode_is_refused_and_nothing_is_written(db: RedisTaskDB, redis_server: RedisServer) -> None:
    with pytest.raises(StorageError, match="without lone surrogates"):
        db.put(task(tags=("\ud800",)))
    assert redis_server.command("keys", "*") == ""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_and_its_parent_both_go_on(db: RedisTaskDB) -> None:
    db.put(task("0a"))
    pid = os.fork()
    if pid == 0:
        try:
            db.put(task("0b"))
            os._exit(0 if db.get("0a") else 1)
        finally:
            os._exit(2)
    assert db.get("0a") is not None
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert db.get("0b") is not None


def test_a_limit_can_not_be_shared_there(redis_url: str, tmp_path: Any) -> None:
    with pytest.raises(ConfigurationError, match="RedisTaskDB can't share a limit; use PostgreSQL or a SQLite file"):
        bs.Spot("one", db=redis_url, storage=tmp_path, tpm=60, shared_limit=True)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("redis://u:secret@host/name", "got 'name'; give the number of a database"),
        ("redis://u:secret@host:port/0", "'redis://…'; give one like"),
        ("redis://:1/secret@host/0", "'redis://…'; give one like"),
        ("redis://:1#secret@host/0", "'redis://…'; give one like"),
        ("redis://u:secret@host/0?prefix=", "prefix got ''; give a word"),
        ("redis://u:secret@host/0?colour=red", r"unknown options \['colour'\]; known: client_name"),
        ("redis://u:secret@host/0?socket_timeout=soon", "socket_timeout got 'soon'; give a number above 0"),
        ("redis://u:secret@host/0?socket_timeout=-1", "socket_timeout got '-1'; give a number above 0"),
        ("redis://u:secret@host/0?max_connections=0", "max_connections got '0'; give a number above 0"),
        ("redis://u:secret@host/0?max_connections=1.5", "'redis://…'; give one like"),
        ("redis://u:secret@host/0?protocol=7", "'redis://…'; give one like"),
        ("rediss://u:secret@host/0?ssl_cert_reqs=maybe", "'rediss://…'; give one like"),
    ],
)
def test_a_wrong_url_is_refused_without_its_password(url: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as refused:
        RedisTaskDB(url)
    assert "secret" not in str(refused.value)


def test_a_user_who_may_not_use_the_keys_is_told_so(db: RedisTaskDB, redis_server: RedisServer) -> None:
    redis_server.command("acl", "setuser", "other", "on", ">pw", "~other:*", "+@all")
    with closing(RedisTaskDB(f"redis://other:pw@127.0.0.1:{redis_server.port}/0")) as other:
        for use in (lambda: other.get("0a"), lambda: other.put(task("0a"))):
            with pytest.raises(StorageError, match="give a user who may use these commands and keys"):
                use()
    redis_server.command("acl", "deluser", "other")


def test_no_message_holds_the_password(redis_server: RedisServer) -> None:
    db = RedisTaskDB(f"redis://me:secret@127.0.0.1:{redis_server.port}/0?password=secret2")
    with pytest.raises(
        StorageError, match=f"'redis://127.0.0.1:{redis_server.port}/0'.*; give the right user"
    ) as error:
        db.get("0a")
    assert "secret" not in f"{error.value}{db!r}"


def test_without_the_extra_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigurationError, match=r"'redis://host/0' needs an extra; pip install 'beautyspot\[redis\]'"):
        RedisTaskDB("redis://host/0")


def test_importing_beautyspot_does_not_import_redis() -> None:
    code = "import sys, beautyspot as bs; bs.Spot('one', db='memory://'); sys.exit('redis' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
