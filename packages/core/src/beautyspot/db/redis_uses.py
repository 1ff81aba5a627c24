"""When results were last read, as Redis keeps it: `uses`, a sorted set of cache keys by microseconds."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from beautyspot.batched import batched
from beautyspot.db import redis_scripts
from beautyspot.db.redis_rows import micros_of, time_of

if TYPE_CHECKING:
    from redis import Redis

CHUNK = 500
FRESH_US = 3_600_000_000
"""A note as young as this stays: who asks which result was not used for longest thinks in days."""


class RedisUses:
    """The notes behind `prefix`; a result that is deleted, or kept anew, takes its own along."""

    def __init__(self, prefix: str, client: "Redis", do: Callable[[Callable[[Any], Any]], Any]) -> None:
        """Ask by `do`, which hands the client to an operation."""
        self._prefix = prefix
        self._note: Any = client.register_script(redis_scripts.NOTE_USES)
        self._do = do

    def note(self, keys: Sequence[str], used_at: datetime, /) -> None:
        """Note in one step that the results were read, but those noted in the hour before, or gone."""
        if keys:
            used_us = micros_of(used_at)
            self._do(lambda _: self._note(args=[self._prefix, used_us, used_us - FRESH_US, *keys]))

    def last(self, keys: Sequence[str], /) -> dict[str, datetime]:
        """Return when the results were last read; one that isn't named was not since it was kept."""
        found: dict[str, datetime] = {}
        for chunk in batched(keys, CHUNK):
            noted = zip(chunk, self._do(lambda client, keys=chunk: self._scores(client, keys)), strict=True)
            found.update((key, time_of(int(used_us))) for key, used_us in noted if used_us is not None)
        return found

    def _scores(self, client: Any, keys: Sequence[str]) -> list[float | None]:
        pipeline = client.pipeline(transaction=False)  # ZMSCORE came with Redis 6.2
        for key in keys:
            pipeline.zscore(f"{self._prefix}uses", key)
        return pipeline.execute()
