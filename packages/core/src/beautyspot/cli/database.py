"""Which database a command means, and where its blobs lie."""

from dataclasses import dataclass
from pathlib import Path

from beautyspot.errors import ConfigurationError
from beautyspot.protocols import BlobStorage
from beautyspot.storage import create_storage
from beautyspot.workspace import FOLDER


@dataclass(frozen=True, slots=True)
class Place:
    """What the options common to all commands say."""

    db: str | None = None
    storage: str | None = None
    as_json: bool = False

    def database(self) -> str:
        """Return the path or URL that was given, or of the only database here.

        Raises:
            ConfigurationError: there are several, or none.
        """
        return self.db or only_database(Path())

    def storages(self) -> list[BlobStorage]:
        """Return where the blobs lie: first those of this release, then those of earlier ones."""
        if self.storage is not None:
            return [create_storage(self.storage)]
        return [create_storage(folder) for folder in blob_folders(self.database())]


def only_database(folder: Path, /) -> str:
    """Return the path of the only database in the workspace of `folder`.

    Raises:
        ConfigurationError: there are several, or none.
    """
    found = sorted((folder / FOLDER).glob("*.db"))
    if len(found) == 1:
        return str(found[0])
    if found:
        names = ", ".join(map(str, found))
        raise ConfigurationError(f"several databases: {names}; choose one with --db PATH or BEAUTYSPOT_DB=PATH")
    raise ConfigurationError(
        f"no database in {str(folder / FOLDER)!r}; "
        "run your program here first, give --db PATH, or try `beautyspot demo`"
    )


def blob_folders(database: str, /) -> list[Path]:
    """Return the folders in which the blobs of a database in a file lie by default; none for a server's."""
    scheme, has_scheme, rest = database.partition("://")
    if has_scheme and not scheme.startswith("sqlite"):
        return []
    path = Path(rest.removeprefix("/") if has_scheme else database)
    # A Spot with a db= elsewhere still keeps its blobs in the workspace it was started in, unless told otherwise.
    workspace = path.parent if path.parent.absolute().name == FOLDER else Path(FOLDER)
    blobs = workspace.absolute() / "blobs"
    own, beside = blobs / path.stem, path.parent.absolute() / "blobs"
    # The one that a deletion may touch comes first; the folder that earlier releases shared is only read.
    return [beside, own, blobs] if beside != blobs and beside.exists() and not own.exists() else [own, blobs]
