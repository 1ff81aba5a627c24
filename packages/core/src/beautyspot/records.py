"""The records that cross between the rooms: named tuples, made in a third of the time that frozen dataclasses take."""

from __future__ import annotations

from datetime import UTC, datetime

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
"""How every zstd frame begins (RFC 8878, section 3.1.1), and no message of msgpack."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from beautyspot.tuples import NamedTuple

DAMAGED = "DAMAGED"
"""The `result_type` of what stands in a list for a row that holds values of the wrong types."""

NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for a time that a row holds and nobody can read; as an expiry it is long ago."""


class Entry(NamedTuple):
    """What a hit needs of one row of `tasks`."""

    result_type: str
    """`DIRECT_BLOB` (inline), `FILE` (a blob), or `DIRECT` (JSON, written before release 1.3)."""
    result_data: bytes | None
    """The serialized value; None while it lies in the blob storage."""
    result_value: str | None
    """Location in the blob storage; None while the value is inline."""
    expires_at: datetime | None
    """Aware, UTC; None never expires."""
    elapsed_s: float | None
    """Seconds the call took; None if an earlier release wrote the row."""
    checksum: int | None = None
    """CRC-32 (ISO 3309) of the kept bytes; None where an earlier release wrote it, and above 16 MiB."""
    compression: str | None = None
    """What the kept bytes are compressed with, and how many they were: `zstd 18980`; None for nothing."""


class Task(NamedTuple):
    """One row of `tasks`: a kept result and what is known of its call."""

    cache_key: str
    func_name: str
    """`module.qualname`."""
    input_id: str
    """16 hex digits of the arguments' digest, or the text that `input_key_fn` gave."""
    version: str | None
    result_type: str
    """As in `Entry`; in a list also `DAMAGED`."""
    content_type: str | None
    result_value: str | None
    result_data: bytes | None
    updated_at: datetime
    """Aware, UTC."""
    expires_at: datetime | None
    size_bytes: int | None
    """Bytes that are kept: the serialized value, or what compression left; None marks a row of an earlier release."""
    elapsed_s: float | None
    checksum: int | None = None
    """As in `Entry`."""
    compression: str | None = None
    """As in `Entry`."""
    tags: tuple[str, ...] = ()

    def entry(self) -> Entry:
        """Return what a hit needs of it."""
        return Entry(
            self.result_type,
            self.result_data,
            self.result_value,
            self.expires_at,
            self.elapsed_s,
            self.checksum,
            self.compression,
        )


class TaskFilter(NamedTuple):
    """Which tasks: all conditions that are not None hold together."""

    function: str | None = None
    """`module.qualname`, or the bare qualname."""
    version: str | None = None
    tags: tuple[str, ...] | None = None
    """Tasks that carry any of them."""
    updated_before: datetime | None = None
    expired_before: datetime | None = None


class Activity(NamedTuple):
    """One row of `activity`: what one function did in one minute."""

    func_name: str
    minute: datetime
    """The minute's first instant, aware, UTC."""
    hits: int
    misses: int
    errors: int
    saved_s: float
    """Seconds that the hits would have taken."""
    waited_s: float
    """Seconds spent waiting for the limiter."""
    tokens_spent: int
    tokens_saved: int


class Run(NamedTuple):
    """One row of `runs`: one observed call of a model, tool, retriever or step."""

    run_id: str
    parent_id: str | None
    trace_id: str
    kind: str
    """`llm`, `embedding`, `tool`, `retriever`, `rerank`, `query`, `chain` or `step`."""
    name: str
    model: str | None
    started_at: datetime
    """Aware, UTC."""
    elapsed_s: float | None
    first_token_s: float | None
    """Seconds until the first token of a stream."""
    waited_s: float
    """Seconds spent waiting for a limiter."""
    status: str
    """`ok`, `error`, `cancelled` or `abandoned`."""
    input_tokens: int | None
    """Spent on the call; for a hit, saved, as are `output_tokens`."""
    output_tokens: int | None
    cached_tokens: int | None
    """Input tokens that the provider read from its own cache."""
    cost: float | None
    """In the currency of the price table that gave it."""
    cache_hit: bool | None
    nested: bool
    """Its tokens are counted in another row of its trace: above it or, where it asked another model, below it."""
    cache_key: str | None
    """The kept result that it read or wrote."""
    error: str | None
    tags: tuple[str, ...]
    details: bytes | None
    """Inputs and outputs as msgpack, where the recorder was told to capture them."""


class BlobInfo(NamedTuple):
    """One blob in a storage."""

    location: str
    size_bytes: int
    modified_at: datetime
    """Aware, UTC."""


class LimitRate(NamedTuple):
    """What a limit grants."""

    tokens_per_minute: float
    """Cells a minute: requests or tokens, as the limiter counts them."""
    burst: float
    """Cells that an idle time saves up at most, 1 or more."""


class Reservation(float):
    """Seconds to wait before a reserved cost may be spent; remembers its place for `give_back`."""

    __slots__ = ("cost", "slot_s")
    slot_s: float
    """The instant on the limiter's clock at which the wait ends."""
    cost: float
