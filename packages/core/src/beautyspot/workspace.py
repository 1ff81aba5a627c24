"""Where a Spot's files lie when nobody says otherwise: the folder `.beautyspot`."""

import os

from beautyspot.errors import ConfigurationError
from beautyspot.folders import WORKSPACE, ignore_in_git, make_folder

# os.path throughout: pathlib is 3 ms of `import beautyspot`.


def database_path(name: str, /) -> str:
    """Return the absolute path of the database of `name`.

    Releases up to 1.0 kept it beside the script; such a file is used where it lies.

    Raises:
        ConfigurationError: `name` is no plain file name.
    """
    path = os.path.abspath(os.path.join(WORKSPACE, f"{_checked(name)}.db"))  # noqa: PTH100, PTH118 - see above
    oldest = os.path.abspath(f"{name}.db")  # noqa: PTH100 - see above
    return oldest if os.path.isfile(oldest) and not os.path.exists(path) else path  # noqa: PTH110, PTH113 - see above


def blob_folder(name: str, /) -> str:
    """Return the absolute path of the blobs of `name`: one folder for each, so that two Spots never share a blob.

    Raises:
        ConfigurationError: `name` is no plain file name.
    """
    return os.path.abspath(os.path.join(WORKSPACE, "blobs", _checked(name)))  # noqa: PTH100, PTH118 - see above


def legacy_blob_folders(name: str, /) -> tuple[str, ...]:
    """Return the folders in which blobs of releases up to 2.7 lie by default, in the order to look."""
    own = blob_folder(name)
    return (own, os.path.dirname(own), os.path.abspath("blobs"))  # noqa: PTH100, PTH120 - see above


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


def _checked(name: str) -> str:
    if not name or name in (".", "..") or set(name) & set('/\\:\0*?"<>|') or name != name.strip():
        raise ConfigurationError(
            f"not a name for a Spot: {name!r}; give a plain file name, and db= and storage= for other folders"
        )
    return name
