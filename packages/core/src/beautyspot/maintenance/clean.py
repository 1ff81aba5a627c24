"""Removes blobs that no row names, half-written ones, and rows whose blob is gone."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePath
from typing import cast

from sqlalchemy import select

from beautyspot.batched import batched
from beautyspot.catalog import Catalog
from beautyspot.catalog.tasks import tasks_named
from beautyspot.errors import ConfigurationError
from beautyspot.maintenance.blob_deletion import delete_blobs
from beautyspot.maintenance.delete import delete_tasks
from beautyspot.maintenance.neighbours import telling_why
from beautyspot.maintenance.presence import is_in, lost_of
from beautyspot.maintenance.repair import set_aside_before
from beautyspot.protocols import BlobStorage, TaskDB
from beautyspot.records import BlobInfo, Task

GRACE = timedelta(hours=1)
"""A younger blob may belong to a row that is written in this moment."""
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Litter:
    """What lies around in a store."""

    blobs: tuple[BlobInfo, ...]
    """Without a row, or half-written."""
    tasks: tuple[Task, ...]
    """Whose blob is gone; their calls run again."""
    elsewhere: int = 0
    """Results whose blob was not found, and that stay: it may lie in a storage that nobody looked into."""

    @property
    def size_bytes(self) -> int:
        """Of the blobs."""
        return sum(blob.size_bytes for blob in self.blobs)

    def still(self, later: "Litter", /) -> "Litter":
        """Return what a `later` look found as well: what somebody saw and agreed to, and is litter yet."""
        places = {blob.location for blob in later.blobs}
        rows = {(task.cache_key, task.updated_at) for task in later.tasks}
        return replace(
            later,
            blobs=tuple(blob for blob in self.blobs if blob.location in places),
            tasks=tuple(task for task in self.tasks if (task.cache_key, task.updated_at) in rows),
        )


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What a cleaning came to."""

    blobs: int
    size_bytes: int
    blobs_left: int
    """Blobs that could not be deleted."""
    tasks: int
    """Results whose blob was gone."""


def litter(
    catalog: Catalog,
    storages: Sequence[BlobStorage],
    *,
    others: Sequence[Catalog] = (),
    grace: timedelta = GRACE,
    blobs_are_gone: bool = False,
) -> Litter:
    """Look for blobs without a row, half-written ones, and rows without a blob; change nothing.

    A row doesn't tell in which storage its blob lies, and a further Spot on the database may keep its own in a third.

    Args:
        catalog: Of the database that is cleaned.
        storages: The first is cleaned; blobs of earlier releases may lie in the others.
        others: Of databases whose blobs lie in the same storage; theirs are no litter.
        grace: Younger blobs are left alone.
        blobs_are_gone: The user says that blobs which are in none of the storages are in no other either. Only then
            are their rows litter, be it all of them, however young.

    Raises:
        ConfigurationError: the storage is empty, or not one of the blobs that rows name is in it, so it must be another
            one, or its disk isn't mounted; or a damaged database was set aside, whose rows may name blobs that then
            seem to be litter.
        StorageError: a database or storage can't be listed, or a storage fails to say whether it has a blob.
    """
    _refuse_before_repair((catalog, *others))
    present = list(storages[0].iter_keys())  # before the rows: what is kept meanwhile is not among them
    named = named_blobs(catalog)
    every = named.union(*map(_named_by_neighbour, others))
    blobs = _older(_unnamed(present, every), grace) + unfinished(storages[0], grace)
    there = {blob.location for blob in present}
    lost = _lost([location for location in named if location not in there], storages, len(present))
    # An unmounted disk reads as an empty folder, while a few blobs may be found where earlier releases kept them.
    if lost and (not present or len(lost) == len(named)) and not blobs_are_gone:
        where = getattr(storages[0], "root", storages[0])
        raise ConfigurationError(
            f"none of the blobs that rows name ({len(named)}) is in {where!r}, as {min(lost)!r}; "
            "say where they lie with --storage or mount it, and only if they are gone for good add --blobs-are-gone"
        )
    if not blobs_are_gone:
        return Litter(tuple(blobs), (), len(lost))
    return Litter(tuple(blobs), tuple(_naming(catalog, lost)))


def _lost(absent: Sequence[str], storages: Sequence[BlobStorage], n_blobs: int) -> list[str]:
    """Return the locations at which no blob is: one may be younger than the list, or in an earlier release's place."""
    unlisted = lost_of(absent, storages, n_blobs=n_blobs)
    # Folders are asked all the same, which is cheap: earlier releases had names in them that no list tells.
    folders = [storage for storage in storages if getattr(storage, "is_local", False)]
    return [
        location
        for location in absent
        if not is_in((location, file_name(location)), folders if location in unlisted else storages)
    ]


def _refuse_before_repair(catalogs: Iterable[Catalog]) -> None:
    for catalog in catalogs:
        aside = [] if catalog.source.path is None else set_aside_before(catalog.source.path)
        if aside:
            raise ConfigurationError(
                f"{str(aside[0])!r} was set aside as damaged, and its results may still name blobs; run "
                f"`beautyspot repair --db {catalog.source.path}` first, or delete that file if nothing in it is missed"
            )


def clean(
    found: Litter,
    db: TaskDB,
    storage: BlobStorage,
    *,
    dry_run: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Cleaned:
    """Delete what `litter` found, and return what was deleted, or would be; an interrupt leaves the rest.

    Args:
        found: What to delete.
        db: Holds the rows.
        storage: Holds the blobs.
        dry_run: Change nothing.
        progress: Called with the number of blobs done so far.
    """
    done, left = 0, set[str]()
    for chunk in batched(found.blobs, CHUNK):
        if not dry_run:
            left.update(delete_blobs([blob.location for blob in chunk], storage))
        done += len(chunk)
        if progress is not None:
            progress(done)
    gone = [blob for blob in found.blobs if blob.location not in left]
    tasks = delete_tasks(found.tasks, db, None, dry_run=dry_run).tasks if found.tasks else 0
    return Cleaned(len(gone), sum(blob.size_bytes for blob in gone), len(left), tasks)


def named_blobs(catalog: Catalog, /) -> set[str]:
    """Return the locations that rows name, without the pickles of release 0.3."""
    source = catalog.source
    location, kind = source.column("tasks", "result_value"), source.column("tasks", "result_type")
    rows = source.rows(select(location).where(kind == "FILE", location.is_not(None)))
    return {row[0] for row in rows if isinstance(row[0], str) and not row[0].endswith(".pkl")}


def _named_by_neighbour(catalog: Catalog) -> set[str]:
    with telling_why(catalog.source.name):
        return named_blobs(catalog)


def file_name(location: str, /) -> str:
    """Return what still holds of a location that an earlier release wrote as its working directory saw it."""
    return PurePath(location.replace("\\", "/")).name


def orphans(catalogs: Sequence[Catalog], storage: BlobStorage, /, grace: timedelta = GRACE) -> list[BlobInfo]:
    """Return the blobs of `storage` that no row of any of `catalogs` names; young ones are left out."""
    present = list(storage.iter_keys())  # as in `litter`
    return _older(_unnamed(present, set[str]().union(*map(named_blobs, catalogs))), grace)


def unfinished(storage: BlobStorage, /, grace: timedelta = GRACE) -> list[BlobInfo]:
    """Return what killed programs left half-written in `storage`, as far as it tells; young ones are left out."""
    iter_unfinished = getattr(storage, "iter_unfinished", None)
    return [] if iter_unfinished is None else _older(cast("Callable[[], Iterable[BlobInfo]]", iter_unfinished)(), grace)


def _unnamed(blobs: Iterable[BlobInfo], named: set[str]) -> list[BlobInfo]:
    known = named | {file_name(location) for location in named}
    return [blob for blob in blobs if blob.location not in known]


def _older(blobs: Iterable[BlobInfo], grace: timedelta) -> list[BlobInfo]:
    young = datetime.now(UTC) - grace
    return [blob for blob in blobs if blob.modified_at < young]


def _naming(catalog: Catalog, locations: Sequence[str]) -> Iterator[Task]:
    """Yield the tasks whose rows name one of `locations`."""
    source = catalog.source
    key, location = source.column("tasks", "cache_key"), source.column("tasks", "result_value")
    for chunk in batched(locations, CHUNK):
        yield from tasks_named(source, [row[0] for row in source.rows(select(key).where(location.in_(chunk)))])
