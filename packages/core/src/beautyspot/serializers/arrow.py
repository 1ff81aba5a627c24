"""Arrow IPC streams with a checksum.

The checksum is for damage, not for malice: a changed length in an IPC stream can make its readers allocate anything.
"""

from typing import Any
from zlib import crc32

from beautyspot.serializers.chunks import Chunk
from beautyspot.serializers.libraries import library


def sealed(data: Any) -> list[Any]:
    """Return the checksum of `data`, then `data` as it lies."""
    return [crc32(data), Chunk(data)]


def opened(parts: list[Any]) -> bytes:
    """Return what `sealed` was given.

    Raises:
        ValueError: it changed since.
    """
    checksum, data = parts
    if crc32(data) != checksum:
        raise ValueError("the checksum of an arrow stream doesn't match")
    return data


def arrow_bytes(columns: dict[str, Any]) -> list[Any]:
    """Return the columns as an IPC stream."""
    arrow = library("pyarrow")
    table = arrow.table(columns)
    sink = arrow.BufferOutputStream()
    with arrow.RecordBatchStreamWriter(sink, table.schema) as writer:
        writer.write_table(table)
    return sealed(memoryview(sink.getvalue()))


def arrow_table(parts: list[Any]) -> Any:
    """See `arrow_bytes`."""
    arrow = library("pyarrow")
    table = arrow.ipc.open_stream(opened(parts)).read_all()
    table.validate(full=True)
    return table
