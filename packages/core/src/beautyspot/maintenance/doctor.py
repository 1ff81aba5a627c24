"""Examines a store and the machine below it, and changes nothing."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from beautyspot.catalog import Catalog
from beautyspot.db import open_db
from beautyspot.db.ownership import look
from beautyspot.db.redis_url import SCHEMES as NO_SQL
from beautyspot.errors import BeautySpotError, ConfigurationError, NewerFileError
from beautyspot.maintenance.blob_checks import blob_findings
from beautyspot.maintenance.file_checks import file_findings
from beautyspot.maintenance.findings import Finding
from beautyspot.maintenance.machine_checks import machine_findings
from beautyspot.protocols import BlobStorage
from beautyspot.records import TaskFilter


def examine(place: str | Path, storages: Sequence[BlobStorage] = (), /) -> Iterator[Finding]:
    """Yield what is found, one by one, since counting the blobs of a remote storage takes a while.

    Args:
        place: The path or URL of the database.
        storages: Where its blobs lie: the first holds what this release wrote, others may hold older ones.

    Raises:
        ConfigurationError: there is no database at `place`.
    """
    yield from machine_findings()
    if str(place).partition("://")[0] in NO_SQL:
        yield from _guarded("database", _answers(str(place)))
        return
    try:
        catalog = Catalog.open(place)
    except NewerFileError as error:
        yield _broken("database", error, "upgrade beautyspot")
        return
    except OSError as error:
        yield _unreadable(place, error)
        return
    with catalog:
        yield Finding("ok", "database", f"{catalog.source.name} opens")
        if catalog.source.path is not None:
            yield from _guarded("database", file_findings(catalog.source, catalog.source.path))
        yield from _guarded("expired", _expired(catalog))
        if storages:
            yield from _guarded("blobs", blob_findings(catalog, storages))


def _answers(url: str) -> Iterator[Finding]:
    """Yield what can be said of a database that speaks no SQL."""
    with closing(open_db(url)) as db:
        next(iter(db.find(TaskFilter())), None)
        step = "nothing; what else there is to say of it, its own tools do"
        yield Finding("ok", "database", f"{db!r} answers", step)


def _expired(catalog: Catalog) -> Iterator[Finding]:
    expired = catalog.size().expired
    step = "nothing is wrong; they take space until `beautyspot prune --expired`" if expired else None
    yield Finding("ok", "expired", f"{expired} results whose time to live has passed", step)


def _unreadable(place: str | Path, error: OSError) -> Finding:
    """Return what to do about a database that can't be read; nobody shall repair a file of another program."""
    try:
        if "://" not in str(place):
            look(str(place))
    except ConfigurationError as other:
        return _broken("database", other, "give another path")
    return _broken("database", error, "`beautyspot repair` sets the file aside and keeps what can still be read")


def _broken(check: str, error: Exception, next_step: str) -> Finding:
    """Return what an error says, with `next_step` where its own would be to ask the doctor."""
    what, _, own_step = str(error).rpartition("; ")
    return Finding("error", check, what or own_step, next_step if not what or "doctor" in own_step else own_step)


def _guarded(check: str, findings: Iterator[Finding]) -> Iterator[Finding]:
    """Turn an error in the middle into a finding: a doctor should not faint."""
    try:
        yield from findings
    except (BeautySpotError, OSError) as error:
        yield _broken(check, error, "mend that, then run it again")
