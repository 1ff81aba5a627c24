"""The blobs: those that rows miss, those that no row names, and half-written ones."""

from collections.abc import Iterator, Sequence

from beautyspot.catalog import Catalog
from beautyspot.maintenance.clean import file_name, named_blobs, orphans, unfinished
from beautyspot.maintenance.findings import Finding
from beautyspot.protocols import BlobStorage
from beautyspot.records import BlobInfo
from beautyspot.sizes import bytes_text


def blob_findings(catalog: Catalog, storages: Sequence[BlobStorage], /) -> Iterator[Finding]:
    """Yield what there is to say of the blobs that the rows of `catalog` name."""
    named = named_blobs(catalog)
    # Listed between two readings of the rows: what is kept or deleted meanwhile is not lost.
    present = {blob.location for storage in storages for blob in storage.iter_keys()}
    yield _lost(named & named_blobs(catalog), present)
    yield _orphans(orphans([catalog], storages[0]))
    yield _unfinished(unfinished(storages[0]))


def _lost(named: set[str], present: set[str]) -> Finding:
    lost = [location for location in named if location not in present and file_name(location) not in present]
    if not lost:
        return Finding("ok", "blobs", f"{len(named)} named by rows, all there")
    step = "say where they lie with --storage; if they are gone, `beautyspot clean --blobs-are-gone` removes their rows"
    return Finding(
        "error", "blobs", f"{len(lost)} of {len(named)} that rows name are not there, as {min(lost)!r}", step
    )


def _orphans(blobs: list[BlobInfo]) -> Finding:
    if not blobs:
        return Finding("ok", "orphans", "no blob without a row")
    size_bytes = sum(blob.size_bytes for blob in blobs)
    step = "nothing is wrong; they take space until `beautyspot clean`, unless they are another database's"
    return Finding("warn", "orphans", f"{len(blobs)} blobs without a row, {bytes_text(size_bytes)}", step)


def _unfinished(blobs: list[BlobInfo]) -> Finding:
    if not blobs:
        return Finding("ok", "unfinished", "no half-written blob left behind")
    size_bytes = sum(blob.size_bytes for blob in blobs)
    step = "nothing is wrong; killed programs left them, and they take space until `beautyspot clean`"
    return Finding("warn", "unfinished", f"{len(blobs)} half-written blobs, {bytes_text(size_bytes)}", step)
