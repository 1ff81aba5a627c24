"""The store that this process shows: one for all sessions, set before the server starts."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from beautyspot.catalog import Catalog, ValueReader
from beautyspot.catalog.source import file_of, is_held
from beautyspot.db import open_db
from beautyspot.errors import BeautySpotError, ConfigurationError, NewerFileError, StorageError
from beautyspot.protocols import BlobStorage, TaskDB

PASSWORD = re.compile("//[^/]*@")
"""In a URL, with the user it belongs to."""


def _nobody() -> Sequence[str]:
    return ()


@dataclass
class Place:
    """A database and where its blobs lie."""

    database: str
    """Path or URL."""
    storages: Sequence[BlobStorage] = ()
    """Those of this release first, then those of earlier ones; only the first is ever written to."""
    read_only: bool = False
    """Whether the pages offer nothing that changes the store."""
    neighbours: Callable[[], Sequence[str]] = _nobody
    """Returns the databases whose blobs may lie among these; asked anew each time, as one may be made meanwhile."""
    _catalog: Catalog | None = field(default=None, repr=False)
    _file: tuple[int, int] | None = field(default=None, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    @property
    def name(self) -> str:
        """The path, absolute, or the URL without a password."""
        if "://" in self.database:
            return PASSWORD.sub("//", self.database.partition("?")[0])
        return str(Path(self.database).absolute())

    @property
    def is_blank(self) -> bool:
        """Whether the file is there and holds no byte: SQLite takes it for a new database, as a Spot will."""
        try:
            return Path(self.database).stat().st_size == 0
        except OSError:
            return False

    def is_held(self, wait_s: float = 0.0) -> bool:
        """Say whether another program keeps everybody from reading the file, now and for the next `wait_s`.

        Raises:
            ConfigurationError: it is no SQL database.
        """
        return is_held(self.database, wait_s)

    def trouble(self, error: BeautySpotError, /, *, is_open: bool) -> str | None:
        """Return what an error of opening or asking comes from, as the texts name it; None of any other."""
        file = file_of(self.database)
        if isinstance(error, NewerFileError):
            return "newer"
        if file is not None and not file.is_file():
            return "missing"
        if isinstance(error, StorageError):
            return "server" if file is None else "held" if self.is_held() else "unreadable"
        return "foreign" if not is_open else None

    def catalog(self) -> Catalog:
        """Return the catalog, opened once, and again when another file lies at the path.

        Raises:
            ConfigurationError: there is no database, or nobody speaks its scheme.
            NewerFileError: a later release wrote it.
            StorageError: it can't be read.
        """
        with self._lock:
            file = self._identity()
            if self._catalog is None or file != self._file:
                self._close()
                self._catalog, self._file = Catalog.open(self.database), file
            return self._catalog

    def values(self) -> ValueReader:
        """Return the reader of values; raises as `catalog` does."""
        return self.catalog().values(*self.storages)

    def open_db(self) -> TaskDB:
        """Open the database for writing; raises as `catalog` does, where a file that is gone would be made anew."""
        Catalog.open(self.database).close()
        return open_db(self.database)

    def close(self) -> None:
        """Give every connection back; the next look opens the database anew, as after an upgrade."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._catalog is not None:
            self._catalog.close()
            self._catalog = None

    def _identity(self) -> tuple[int, int] | None:
        """Return what tells the file from another one at its path; None for a server's database or none."""
        try:
            stat = Path(self.database).stat()
        except OSError:
            return None
        return stat.st_dev, stat.st_ino


_place: Place | None = None


def use(place: Place, /) -> None:
    """Show `place` from now on."""
    global _place
    _place = place


def current() -> Place:
    """Return the place that is shown.

    Raises:
        ConfigurationError: none was named.
    """
    if _place is None:
        raise ConfigurationError("no database was named; start the dashboard with `beautyspot ui DB`")
    return _place
