"""A server does what it was asked and its answer is lost: nothing is taken back for that, or done twice."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from beautyspot.db import MemoryTaskDB, RedisTaskDB, SQLTaskDB, TaskDB
from beautyspot.errors import StorageError
from beautyspot.maintenance import BlobMove, export_archive, import_archive, migrate
from beautyspot.records import Activity, TaskFilter
from beautyspot.storage import MemoryStorage
from beautyspot.testing.task_db import NOON, task
from servers.postgres import Postgres
from servers.proxy import FaultyProxy
from servers.redis import RedisServer
from sqlalchemy import event
from sqlalchemy.engine import Engine

pytestmark = pytest.mark.external_service
COUNT = 600
HALF_WAY = 250
Copies = Callable[[TaskDB, MemoryStorage], int]


@pytest.fixture(params=["import", "migrate"])
def copy(request: pytest.FixtureRequest, tmp_path: Path) -> Copies:
    """Bring 600 results in blobs into a database, and say how many were new there."""
    source, blobs = MemoryTaskDB(), MemoryStorage()
    for number in range(COUNT):
        key = f"{number:04x}"
        location = blobs.save(key, b"\x01")
        source.put(task(key, result_type="FILE", result_data=None, result_value=location, checksum=None))
    archive = tmp_path / "all.zip"
    export_archive(source, [blobs], archive)
    if request.param == "import":
        return lambda db, storage: import_archive(archive, db, storage).tasks
    return lambda db, storage: migrate(source, db, blobs=BlobMove([blobs], storage)).tasks


class Counting(MemoryStorage):
    """Calls `half_way` after the blob of a chunk in the middle."""

    def __init__(self, half_way: Callable[[], None]) -> None:
        super().__init__()
        self._half_way = half_way
        self._left = HALF_WAY

    def save(self, key: str, data: Any, /) -> str:
        self._left -= 1
        if not self._left:
            self._half_way()
        return super().save(key, data)


def rows_without_blob(db: TaskDB, storage: MemoryStorage) -> tuple[int, int]:
    """Return how many rows there are, and how many of them name a blob that is gone."""
    there = {blob.location for blob in storage.iter_keys()}
    named = [each.result_value for each in db.find(TaskFilter())]
    return len(named), len([location for location in named if location not in there])


@pytest.fixture
def redis_proxy(redis_server: RedisServer, redis_url: str) -> Iterator[FaultyProxy]:
    with FaultyProxy("127.0.0.1", redis_server.port) as proxy:
        yield proxy


def test_copies_to_redis_keep_their_blobs(redis_url: str, redis_proxy: FaultyProxy, copy: Copies) -> None:
    # The first few bytes say that the script is known; what is lost are the answers of some rows.
    storage = Counting(lambda: redis_proxy.cut_after(40, once=True))
    with closing(RedisTaskDB(f"redis://127.0.0.1:{redis_proxy.port}/0")) as db:
        assert copy(db, storage) == COUNT
        assert copy(db, storage) == 0
        assert rows_without_blob(db, storage) == (COUNT, 0)
        assert len(list(storage.iter_keys())) == COUNT


def test_counts_are_added_once_to_redis(redis_url: str, redis_proxy: FaultyProxy) -> None:
    counts = Activity("f:g", NOON.replace(second=0, microsecond=0), 1, 2, 3, 0.1234567890123456, 0.25, 2**53 + 1, 5)
    with closing(RedisTaskDB(f"redis://127.0.0.1:{redis_proxy.port}/0")) as db:
        db.add_activity([counts])
        asked_bytes = redis_proxy.asked_bytes
        db.add_activity([counts])
        once_bytes = redis_proxy.asked_bytes - asked_bytes
        redis_proxy.cut_after(0, once=True)
        db.add_activity([counts])
        assert redis_proxy.asked_bytes - asked_bytes > 3 * once_bytes
        (found,) = db.read_activity()
    assert (found.hits, found.saved_s, found.tokens_spent) == (3, pytest.approx(0.370370367, abs=1e-9), 3 * 2**53 + 3)


def test_copies_to_postgresql_keep_their_blobs(postgres: Postgres, postgres_url: str, copy: Copies) -> None:
    with FaultyProxy("127.0.0.1", postgres.port) as proxy:
        commits: list[bool] = []
        storage = Counting(lambda: commits.append(True))

        def cut(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
            if statement == "COMMIT" and commits:
                commits.clear()
                proxy.cut_after(1, once=True)

        event.listen(Engine, "before_cursor_execute", cut)
        try:
            with closing(SQLTaskDB(postgres_url.replace(f":{postgres.port}/", f":{proxy.port}/"))) as db:
                with pytest.raises(StorageError):
                    copy(db, storage)
                assert rows_without_blob(db, storage)[1] == 0
                copy(db, storage)
                assert rows_without_blob(db, storage) == (COUNT, 0)
        finally:
            event.remove(Engine, "before_cursor_execute", cut)


def test_counts_are_added_once_to_postgresql(postgres: Postgres, postgres_url: str) -> None:
    counts = Activity("f:g", NOON.replace(second=0, microsecond=0), 1, 2, 3, 0.5, 0.25, 2**40, 5)
    with FaultyProxy("127.0.0.1", postgres.port) as proxy:

        def cut(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
            if statement == "COMMIT":
                proxy.cut_after(1, once=True)

        with closing(SQLTaskDB(postgres_url.replace(f":{postgres.port}/", f":{proxy.port}/"))) as db:
            db.add_activity([counts])
            event.listen(Engine, "before_cursor_execute", cut)
            try:
                db.add_activity([counts])  # raises nothing: whoever is told of a failure adds them again
            finally:
                event.remove(Engine, "before_cursor_execute", cut)
            (found,) = db.read_activity()
    assert (found.hits, found.misses, found.tokens_spent) == (2, 4, 2**41)


def test_counts_that_were_not_added_to_postgresql_are_an_error(postgres: Postgres, postgres_url: str) -> None:
    counts = Activity("f:g", NOON.replace(second=0, microsecond=0), 1, 2, 3, 0.5, 0.25, 7, 5)
    with FaultyProxy("127.0.0.1", postgres.port) as proxy:

        def cut(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
            if statement.startswith("INSERT INTO activity"):
                proxy.cut_after(0, once=True)

        with closing(SQLTaskDB(postgres_url.replace(f":{postgres.port}/", f":{proxy.port}/"))) as db:
            db.open()
            event.listen(Engine, "before_cursor_execute", cut)
            try:
                with pytest.raises(StorageError):
                    db.add_activity([counts])
            finally:
                event.remove(Engine, "before_cursor_execute", cut)
            assert list(db.read_activity()) == []
