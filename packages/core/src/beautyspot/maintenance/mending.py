"""Rows whose value is whole, and only what is said of it isn't: they are written as they should be."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from beautyspot.catalog import Catalog, ValueReader
from beautyspot.errors import BeautySpotError
from beautyspot.maintenance.verify import look
from beautyspot.records import DAMAGED, Task

COLUMNS = Task._fields[:-1]
DESCRIBING = {"content_type": str, "checksum": int, "compression": str, "result_value": str}
"""Columns that may be empty, and are where they hold anything else."""


def mended(catalog: Catalog, reader: ValueReader, task: Task, /) -> Task | None:
    """Return the damaged `task` as its row should be, with its inline value; None if that can't be read."""
    try:
        row = _row_of(catalog, task) if task.result_type == DAMAGED else task
        data = reader.data(row) if row is not None else b""
    except BeautySpotError:
        return None
    if row is None:
        return None
    row = row._replace(size_bytes=len(data))
    kind = look(reader, row, data).kind
    # Where a column was odd, only decoding says that the value is read as it was written.
    if kind != "sound" and (kind != "unread" or task.result_type == DAMAGED):
        return None
    return row if row.result_type == "FILE" else row._replace(result_data=data)


def _row_of(catalog: Catalog, task: Task) -> Task | None:
    source = catalog.source
    columns = [source.column("tasks", name).label(name) for name in COLUMNS]
    rows = source.rows(select(*columns).where(source.column("tasks", "cache_key") == task.cache_key))
    return _typed(dict(zip(COLUMNS, rows[0], strict=True)), task) if rows else None


def _typed(row: Mapping[str, Any], listed: Task) -> Task:
    """Return the row with texts as lists show them, and nothing where a value says nothing."""
    has_kind = row["result_type"] in ("DIRECT_BLOB", "FILE")
    elapsed_s = row["elapsed_s"]
    return listed._replace(
        **{name: row[name] if isinstance(row[name], kind) else None for name, kind in DESCRIBING.items()},
        result_type=row["result_type"] if has_kind else "FILE" if row["result_data"] is None else "DIRECT_BLOB",
        # None would say that an earlier release wrote it.
        elapsed_s=elapsed_s if isinstance(elapsed_s, int | float) else 0.0,
    )
