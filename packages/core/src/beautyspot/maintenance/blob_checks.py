"""The blobs: those that rows miss, those that no row names, and half-written ones."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import PurePath
from typing import cast

from sqlalchemy import select

from beautyspot.catalog.source import Source
from beautyspot.maintenance.findings import Finding
from beautyspot.maintenance.sizes import bytes_text
from beautyspot.protocols import BlobStorage
from beautyspot.records import BlobInfo

GRACE = timedelta(hours=1)
"""A younger blob may belong to a row that is written in this moment."""


def blob_findings(source: Source, storages: Sequence[BlobStorage], /) -> Iterator[Finding]:
    """Yield what there is to say of the blobs that the rows of `source` name."""
    named = _named(source)
    # Listed between two readings of the rows: what is kept or deleted meanwhile is neither lost nor an old orphan.
    blobs = [list(storage.iter_keys()) for storage in storages]
    named &= _named(source)
    yield _lost(named, {blob.location for listed in blobs for blob in listed})
    yield _orphans(named, blobs[0])
    iter_unfinished = getattr(storages[0], "iter_unfinished", None)
    if iter_unfinished is not None:
        yield _unfinished(cast("Callable[[], Iterable[BlobInfo]]", iter_unfinished)())


def _named(source: Source) -> set[str]:
    location, kind = source.column("tasks", "result_value"), source.column("tasks", "result_type")
    rows = source.rows(select(location).where(kind == "FILE", location.is_not(None)))
    return {row[0] for row in rows if not row[0].endswith(".pkl")}


def _file_name(location: str) -> str:
    """Return what still holds of a location that an earlier release wrote as its working directory saw it."""
    return PurePath(location.replace("\\", "/")).name


def _lost(named: set[str], present: set[str]) -> Finding:
    lost = [location for location in named if location not in present and _file_name(location) not in present]
    if not lost:
        return Finding("ok", "blobs", f"{len(named)} named by rows, all there")
    step = "nothing; their calls run again. If the blobs lie elsewhere, say where with --storage"
    return Finding(
        "error", "blobs", f"{len(lost)} of {len(named)} that rows name are not there, as {min(lost)!r}", step
    )


def _orphans(named: set[str], blobs: list[BlobInfo]) -> Finding:
    names = named | {_file_name(location) for location in named}
    young = datetime.now(UTC) - GRACE
    orphans = [blob for blob in blobs if blob.location not in names and blob.modified_at < young]
    if not orphans:
        return Finding("ok", "orphans", "no blob without a row")
    size_bytes = sum(blob.size_bytes for blob in orphans)
    step = "nothing is wrong; they take space until they are cleaned away"
    return Finding("warn", "orphans", f"{len(orphans)} blobs without a row, {bytes_text(size_bytes)}", step)


def _unfinished(files: Iterable[BlobInfo]) -> Finding:
    young = datetime.now(UTC) - GRACE
    left = [file for file in files if file.modified_at < young]
    if not left:
        return Finding("ok", "unfinished", "no half-written blob left behind")
    size_bytes = sum(file.size_bytes for file in left)
    step = "nothing is wrong; killed programs left them, and they take space until they are cleaned away"
    return Finding("warn", "unfinished", f"{len(left)} half-written blobs, {bytes_text(size_bytes)}", step)
