"""The form of an archive: a zip of uncompressed members, with a manifest of their SHA-256.

`tasks/<number>` holds in turns a row, as a msgpack map, and its value, each behind its length in 4 bytes, big-endian;
`values/<number>` is a value above `BIG_BYTES`; `activity/<number>` holds rows. `manifest.json` is written last.

Nothing is compressed, so no member can be larger than the archive and none needs a bound of trust: whoever wants it
smaller compresses the whole. No member is ever unpacked to a path, and nothing in one is a pickle.
"""

import math
import re
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from msgpack import packb, unpackb

from beautyspot.compression import unpacked_bytes
from beautyspot.errors import DamagedEntryError
from beautyspot.records import Activity, Task

FORMAT = "beautyspot archive"
VERSION = 1
MANIFEST = "manifest.json"
MEMBER = re.compile(r"manifest\.json|(tasks|activity|values)/[0-9]{6,}")
LENGTH = struct.Struct(">I")

PART_BYTES = 4 * 2**20
"""A part of rows is ended once it holds so much."""
BIG_BYTES = 2**20
"""A larger value is a member of its own, written and read piece by piece."""
MAX_PART_BYTES = 16 * 2**20
MAX_ROW_BYTES = 2**20
"""Of a row without its value; a hostile row of so many bytes unpacks to 60 MB at most."""
PIECE_BYTES = 2**20
LARGEST = 2**63 - 1

BOUNDS: dict[str, Any] = {"max_map_len": 64, "max_array_len": 10_000, "max_ext_len": 0}
_unpack: Callable[[bytes], dict[str, Any]] = partial(unpackb, **BOUNDS)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
TIMES = ("updated_at", "expires_at", "minute")
TYPES: dict[str, tuple[type, ...]] = {
    "cache_key": (str,),
    "func_name": (str,),
    "input_id": (str,),
    "version": (str, type(None)),
    "result_type": (str,),
    "content_type": (str, type(None)),
    "updated_at": (datetime,),
    "expires_at": (datetime, type(None)),
    "size_bytes": (int,),
    "elapsed_s": (float, type(None)),
    "checksum": (int, type(None)),
    "compression": (str, type(None)),
    "tags": (list,),
    "minute": (datetime,),
    "saved_s": (float,),
    "waited_s": (float,),
}
"""Of the fields of tasks and activity; the other counts are whole numbers."""
COUNTS = Activity._fields[2:]


def pack_row(record: Task | Activity, /, **more: Any) -> bytes:
    """Return a row without its value, and what `more` says of it."""
    row: dict[str, Any] = record._asdict() | more
    for name in TIMES:
        if isinstance(row.get(name), datetime):
            row[name] = (row[name] - EPOCH) // MICROSECOND
    return packb({name: value for name, value in row.items() if name not in ("result_data", "result_value")})


def framed(data: bytes, /) -> bytes:
    """Return `data` behind its length."""
    return LENGTH.pack(len(data)) + data


def pieces_of(part: bytes, /) -> Iterator[bytes]:
    """Yield what `framed` put into a part.

    Raises:
        DamagedEntryError: it is anything else.
    """
    place = 0
    while place < len(part):
        end = place + LENGTH.size
        length = LENGTH.unpack_from(part, place)[0] if end <= len(part) else len(part)
        if end + length > len(part):
            raise DamagedEntryError("a part of the archive ends in the middle of a row; export it anew")
        yield part[end : end + length]
        place = end + length


def unpack_row(data: bytes, /) -> dict[str, Any]:
    """Return a row with its times and of the types that its fields have.

    Raises:
        DamagedEntryError: it isn't one.
    """
    try:
        if len(data) > MAX_ROW_BYTES:
            raise ValueError(f"a row of {len(data)} bytes")
        row = _unpack(data)
        for name in TIMES:
            if row.get(name) is not None:
                row[name] = EPOCH + _whole(name, row[name]) * MICROSECOND
        for name, value in row.items():
            if (name in TYPES and type(value) not in TYPES[name]) or not _fits(value):
                raise TypeError(f"{name} is {value!r:.80}")
        if not all(type(tag) is str for tag in row.get("tags", ())):
            raise TypeError("a tag is no text")
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise DamagedEntryError(f"a row of the archive is none: {error}; export it anew") from error
    return row


def _whole(name: str, value: Any) -> int:
    if type(value) is not int:
        raise TypeError(f"{name} is {value!r:.80}")
    return value


def _fits(value: Any) -> bool:
    """Say whether a number is one that a column can hold: databases have 64 bits with a sign, and none takes NaN."""
    return math.isfinite(value) and abs(value) <= LARGEST if isinstance(value, int | float) else True


def task_from(row: dict[str, Any], size_bytes: int, /) -> Task:
    """Return the task of a row, still without its value.

    Args:
        row: As `unpack_row` returns it.
        size_bytes: Of the value. What the row says is not believed: a lie would make `max_size` delete all others.

    Raises:
        DamagedEntryError: something is missing, or the value would become a bomb.
    """
    fields: dict[str, Any] = {name: value for name, value in row.items() if name in Task._fields}
    try:
        if fields["result_type"] not in ("DIRECT_BLOB", "FILE"):
            raise ValueError(f"result_type is {fields['result_type']!r:.80}")
        fields |= {"tags": tuple(fields["tags"]), "result_value": None, "result_data": None, "size_bytes": size_bytes}
        if fields["compression"] is not None:
            unpacked_bytes(fields["compression"], size_bytes)
        return Task(**fields)
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedEntryError(f"a row of the archive is no result: {error}; export it anew") from error


def activity_from(row: dict[str, Any], /) -> Activity:
    """Return the activity of a row; raises as `task_from` does."""
    counts = set(COUNTS) - set(TYPES)
    if (
        set(row) != set(Activity._fields)
        or any(type(row[name]) is not int for name in counts)
        or any(row[name] < 0 for name in COUNTS)
    ):
        raise DamagedEntryError(f"a row of the archive is no activity: {sorted(row)!r:.200}; export it anew")
    return Activity(**row)
