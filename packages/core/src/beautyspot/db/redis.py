"""A Redis server as the database: rows that it drops by itself once they have expired, listed by indexes."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from beautyspot.db import redis_journal, redis_scripts
from beautyspot.db.asking import Asking
from beautyspot.db.redis_faults import storage_error
from beautyspot.db.redis_listing import Listing
from beautyspot.db.redis_rows import entry_of, index_names, micros_of, task_row
from beautyspot.db.redis_url import connect, parse
from beautyspot.db.redis_uses import RedisUses
from beautyspot.errors import StorageError
from beautyspot.records import DAMAGED, NO_TIME, Activity, Entry, Run, Task, TaskFilter

if TYPE_CHECKING:
    from redis import Redis

T = TypeVar("T")

GRACE_MS = 3_600_000
"""How long Redis keeps a row that has expired: clocks differ, and `prune` wants to know which blob it named."""
REST_S = 5.0
"""How long nothing is tried after a timeout, so that a cut network doesn't stall every call for as long."""


class RedisTaskDB:
    """Keeps rows on a Redis server, for any number of threads, processes and machines.

    It has no locks and no limits: single flight and `tpm` hold within each process. What a write that returned is
    worth after a crash of the server is as its `appendonly` and `appendfsync` say.
    """

    def __init__(self, url: str) -> None:
        """Take the address; nothing is opened before the first use.

        Args:
            url: `redis://`, `rediss://` (TLS) or `unix://`. Its query takes `prefix` (of every key, "beautyspot"), and
                redis-py's options such as `socket_connect_timeout` (3 seconds), `socket_timeout` (5 seconds) and
                `max_connections` (64).

        Raises:
            ConfigurationError: the URL can't be read, or redis is not installed.
        """
        self._address = parse(url)
        self.name: str = self._address.name
        self.canonical_name: str = self._address.canonical_name
        self._client: Redis = connect(self._address)
        self._put: Any = self._client.register_script(redis_scripts.PUT)
        self._delete: Any = self._client.register_script(redis_scripts.DELETE)
        self._delete_unchanged: Any = self._client.register_script(redis_scripts.DELETE_UNCHANGED)
        self._forget: Any = self._client.register_script(redis_scripts.FORGET)
        self._add_activity: Any = self._client.register_script(redis_scripts.ADD_ACTIVITY)
        self._prefix = self._address.prefix
        self._task = f"{self._prefix}task:"
        self._origins = f"{self._prefix}origins"
        self._listing = Listing(self._prefix, self._do, self._drop_from_index)
        self.uses = RedisUses(self._prefix, self._client, self._do)
        """The notes of last use."""
        self._rests_until_s = float("-inf")
        self._refusal = ""
        self._asking = Asking()
        self._failures, self._disconnected = _failures()

    def __repr__(self) -> str:
        """Name the server, without a password."""
        return f"RedisTaskDB({self.name!r})"

    def get(self, key: str, /) -> Entry | None:
        """Return the entry kept under `key`, expired or not, in one round trip.

        Raises:
            DamagedEntryError: what lies there is no row of ours.
        """
        row, data = self._do(partial(self._look, self._task + key))
        return entry_of(key, row, data)

    def _look(self, name: str, client: "Redis") -> Any:
        # Straight through a connection of the pool: what the client puts around it is a third of a hit.
        pool: Any = client.connection_pool
        connection = pool.get_connection()
        try:
            connection.send_command("HMGET", name, "row", "data")
            return connection.read_response()
        except self._disconnected:
            pass
        except BaseException:  # an interrupt would leave its answer to whoever comes next; re-raised
            connection.disconnect()
            raise
        finally:
            pool.release(connection)
        return client.hmget(name, ("row", "data"))  # with a new connection: the server may have closed that one

    def put(self, task: Task, /) -> None:
        """Keep `task` with its tags, replacing what was under its key."""
        self._do(lambda _: self._put(args=self._put_arguments(task)))

    def get_many(self, keys: Sequence[str], /) -> dict[str, Entry]:
        """Return what is kept under those of `keys` that are there, expired or not, in one round trip."""

        def look(client: "Redis") -> list[Any]:
            pipeline: Any = client.pipeline(transaction=False)  # pyright: ignore[reportUnknownMemberType] - redis' own
            for key in keys:
                pipeline.hmget(self._task + key, ("row", "data"))
            return pipeline.execute()

        rows = zip(keys, self._do(look), strict=True)
        return {key: entry for key, found in rows if (entry := entry_of(key, *found)) is not None}

    def put_many(self, tasks: Sequence[Task], /) -> None:
        """Keep each of the tasks as `put` does; of two under one key, the later."""
        self._put_all(tasks, only_newer=False)

    def updated_at(self, keys: Sequence[str], /) -> dict[str, datetime]:
        """Return when each of the results that are there was kept."""
        return self._listing.updated_at(keys)

    def put_newer(self, tasks: Sequence[Task], /) -> list[str]:
        """Keep the tasks but those under whose key one as new or newer is, and return the keys of what was kept."""
        return self._put_all(tasks, only_newer=True)

    def _put_all(self, tasks: Sequence[Task], *, only_newer: bool) -> list[str]:
        def put_all(client: "Redis") -> list[str]:
            pipeline: Any = client.pipeline(transaction=False)  # pyright: ignore[reportUnknownMemberType] - redis' own
            for task in tasks:
                self._put(args=self._put_arguments(task, only_newer=only_newer), client=pipeline)
            return [task.cache_key for task, kept in zip(tasks, pipeline.execute(), strict=True) if kept]

        return self._do(put_all) if tasks else []

    def delete(self, keys: Iterable[str], /) -> int:
        """Delete the rows under `keys` and their tags, all or none, and return how many there were."""
        keys = list(keys)
        return self._do(lambda _: self._delete(args=[self._prefix, *keys])) if keys else 0

    def delete_unchanged(self, tasks: Sequence[Task], /) -> list[str]:
        """Delete the tasks but those that were kept anew since they were read, and return the keys of what is gone."""
        arguments: list[Any] = [self._prefix]
        for task in tasks:
            # A damaged row has the time by which an index lists it; NO_TIME if that is none.
            is_unknown = task.result_type == DAMAGED and task.updated_at == NO_TIME
            arguments += [task.cache_key, "" if is_unknown else micros_of(task.updated_at)]
        gone: list[bytes] = self._do(lambda _: self._delete_unchanged(args=arguments)) if tasks else []
        return [key.decode(errors="surrogateescape") for key in gone]

    def find(self, where: TaskFilter, /) -> Iterator[Task]:
        """Yield the matching tasks, newest first, without `result_data`; a damaged one has the type `DAMAGED`."""
        return self._listing.find(where)

    def origin(self, scope: str, /) -> str | None:
        """Return the path that was noted last for the functions whose keys have that scope in common."""
        path: Any = self._do(lambda client: client.hget(self._origins, scope))
        return None if path is None else path.decode(errors="replace")

    def note_origin(self, scope: str, path: str, /) -> None:
        """Note the absolute path of the file that results of the scope are kept by from now on."""
        self._do(lambda client: client.hset(self._origins, scope, path))

    def add_activity(self, rows: Sequence[Activity], /) -> None:
        """Add the counts to those kept for the same function and minute, in one transaction."""
        if rows:
            arguments = redis_journal.activity_arguments(self._prefix, rows)
            self._do(lambda _: self._add_activity(args=arguments))

    def add_runs(self, rows: Sequence[Run], /) -> None:
        """Keep the runs, replacing those of the same id, in one transaction."""
        if rows:
            self._do(lambda client: redis_journal.add_runs(client, self._prefix, rows))

    def read_activity(self) -> Iterator[Activity]:
        """Yield every row of activity, oldest first."""
        return redis_journal.read_activity(self._do, self._prefix)

    def read_runs(self) -> Iterator[Run]:
        """Yield every run, oldest first."""
        return redis_journal.read_runs(self._do, self._prefix)

    def wake(self) -> None:
        """Ask the server again, though it was silent a moment ago."""
        self._rests_until_s = float("-inf")

    def close(self) -> None:
        """Give every connection back. A closed database opens again when it is used."""
        self._client.connection_pool.disconnect()

    def _put_arguments(self, task: Task, *, only_newer: bool = False) -> list[Any]:
        if task.tags:
            task = task._replace(tags=tuple(sorted(set(task.tags))))
        expires_ms = lasts_ms = ""
        if task.expires_at is not None:
            expires_ms = micros_of(task.expires_at) // 1000
            # From now on, not at a time: the server's clock may be ahead of ours, and would drop the row at once.
            lasts_ms = max(expires_ms - int(time.time() * 1000), 0) + GRACE_MS
        arguments = [self._prefix, task.cache_key, task_row(task), index_names(task)]
        arguments += [micros_of(task.updated_at), int(only_newer), expires_ms, lasts_ms]
        return arguments if task.result_data is None else [*arguments, task.result_data]

    def _drop_from_index(self, index: str, keys: list[str]) -> None:
        self._do(lambda _: self._forget(args=[self._prefix, index, *keys]))

    def _do(self, operation: "Callable[[Redis], T]") -> T:
        """Return what `operation` gives.

        Raises:
            StorageError: the server can't be reached, or refuses.
        """
        if time.monotonic() < self._rests_until_s:
            raise StorageError(self._refusal)
        return self._asking.do(self.name, partial(self._ask, operation))

    def _ask(self, operation: "Callable[[Redis], T]") -> T:
        try:
            return operation(self._client)
        except self._failures as error:
            refusal = storage_error(self._address.name, error)
            if "TimeoutError" in type(error).__name__:
                self._refusal = str(refusal)
                self._rests_until_s = time.monotonic() + REST_S
            raise refusal from error


def open_redis(url: str, /, **_options: Any) -> RedisTaskDB:
    """Return the database for `open_db`; durability and the like are the server's to say."""
    return RedisTaskDB(url)


def _failures() -> tuple[tuple[type[Exception], ...], type[Exception]]:
    """Return what a command can raise, and what it raises when its connection is gone."""
    from redis.exceptions import ConnectionError as Disconnected  # as in `connect`
    from redis.exceptions import RedisError

    return (RedisError, OSError, OverflowError, UnicodeError), Disconnected
