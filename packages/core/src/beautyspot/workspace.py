"""Where a Spot's files lie when nobody says otherwise: the folder `.beautyspot`."""

import os
from zlib import crc32

from beautyspot.errors import ConfigurationError
from beautyspot.folders import WORKSPACE, ignore_in_git, make_folder

LONGEST_BYTES = 200
"""Of a Spot's name: a file name has up to 255, and the files beside a database add to its own."""

# os.path throughout: pathlib is 3 ms of `import beautyspot`.


def database_path(name: str, /) -> str:
    """Return the absolute path of the database of `name`.

    Releases up to 1.0 kept it beside the script; such a file is used where it lies.

    Raises:
        ConfigurationError: `name` is no plain file name, or the working folder is gone.
    """
    try:
        path = os.path.abspath(os.path.join(WORKSPACE, f"{_checked(name)}.db"))  # noqa: PTH100, PTH118 - see above
    except FileNotFoundError:
        raise ConfigurationError(
            f"the Spot {name!r} would lie in the working folder, which has been deleted; cd into one that is there, "
            "or give db= an absolute path"
        ) from None
    oldest = os.path.abspath(f"{name}.db")  # noqa: PTH100 - see above
    return oldest if os.path.isfile(oldest) and not os.path.exists(path) else path  # noqa: PTH110, PTH113 - see above


def blob_folder(database: str | os.PathLike[str], /) -> str:
    """Return the absolute path of the folder that holds the blobs of the file `database`: `blobs/<its name>` beside it.

    It follows from the file alone: the commands know no Spot's name, and several Spots may share a file. A link is
    followed, as the file's locks are found so.
    """
    return _beside(os.path.realpath(database))


def linked_blob_folder(database: str | os.PathLike[str], /) -> str:
    """Return the folder in which blobs may lie since links were not followed: that beside the link `database`."""
    return _beside(os.path.abspath(database))  # noqa: PTH100 - see above


def blob_folder_on_server(name: str, server: str, /) -> str:
    """Return the absolute path of the blobs of the Spot `name` whose rows lie in no file.

    It is none that a file's blobs lie in: to the file's database they would be blobs that no row names.

    Args:
        name: Of the Spot.
        server: What the database is called, without a password.

    Raises:
        ConfigurationError: `name` is no plain file name.
    """
    folder = f"{_checked(name)}@{crc32(server.encode('utf-8', 'surrogatepass')):08x}"
    return os.path.abspath(os.path.join(WORKSPACE, "blobs", folder))  # noqa: PTH100, PTH118 - see above


def earlier_blob_folders(name: str, folder: str, /) -> tuple[str, ...]:
    """Return where blobs of earlier releases lie, in the order to look.

    Args:
        name: Of a Spot, which named the folder once.
        folder: Where its blobs lie today.
    """
    beside, workspace = os.path.dirname(folder), os.path.abspath(os.path.join(WORKSPACE, "blobs"))  # noqa: PTH100, PTH118, PTH120 - see above
    named = [os.path.join(each, name) for each in (workspace, beside)] if _is_plain(name) else []  # noqa: PTH118 - see above
    return tuple(dict.fromkeys((folder, *named, workspace, beside, os.path.abspath("blobs"))))  # noqa: PTH100 - see above


def default_database(name: str, /) -> str:
    """Return the path of the database of `name`, in a folder that exists.

    Raises:
        ConfigurationError: `name` is no plain file name.
    """
    path = database_path(name)
    folder = os.path.abspath(WORKSPACE)  # noqa: PTH100 - see above
    try:
        make_folder(folder)
        ignore_in_git(folder)  # into one that an earlier release made, too
    except OSError:
        pass  # the database fails as well, and says so without stopping the user's run
    return path


def _beside(path: str) -> str:
    folder, file = os.path.split(path)
    return os.path.join(folder, "blobs", file.removesuffix(".db") or file)  # noqa: PTH118 - see above


def _is_plain(name: str) -> bool:
    if len(name.encode("utf-8", "surrogatepass")) > LONGEST_BYTES:
        return False
    return bool(name) and name not in (".", "..") and not set(name) & set('/\\:\0*?"<>|') and name == name.strip()


def _checked(name: str) -> str:
    if not _is_plain(name):
        raise ConfigurationError(
            f"not a name for a Spot: {name!r}; give a plain file name of up to {LONGEST_BYTES} bytes, "
            "and db= and storage= for other folders"
        )
    return name
