"""A file that another takes the place of: which one lies there now, and one that can't be read set aside for a new one.

Renaming a SQLite file beneath somebody who is about to open it would let them take the new file's WAL for the old
one's. So whoever opens a file holds its folder's lock, shared, until the WAL is open as well, and whoever renames one
holds it alone. What is open already stays with its old file, and SQLite leaves a WAL alone whose file was moved.
"""

import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

try:
    from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
except ImportError:  # Windows, which doesn't rename what somebody has open
    LOCK_EX, LOCK_NB, LOCK_SH, flock = 2, 4, 1, None  # pyright: ignore[reportConstantRedefinition, reportGeneralTypeIssues]

PATIENCE_S = 1.0
"""Bringing rows over takes `salvage.LONGEST_S`; only a process that was stopped meanwhile holds the lock for longer."""
PAUSE_S = 0.001
PAGE_BYTES = 65_536
"""SQLite's largest page. It deletes the WAL of a file without a page, and looks for page 1 in the WAL first."""

Identity = tuple[int, int]
"""Device and inode."""


def identity(path: str, /) -> Identity | None:
    """Return which file lies at `path` now; None if there is none, or one that lost its content."""
    try:
        status = os.stat(path)  # noqa: PTH116 - pathlib is 3 ms of `import beautyspot`
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if status.st_size else None


def inode(path: str, /) -> Identity | None:
    """Return which file lies at `path` now, be it empty; None if there is none."""
    try:
        status = os.stat(path)  # noqa: PTH116 - as above
    except OSError:
        return None
    return status.st_dev, status.st_ino


def is_lost(path: str, used: Identity | None, /) -> bool:
    """Say whether the file `used` lies no longer at `path`; False if nobody can look, which passes."""
    try:
        status = os.stat(path)  # noqa: PTH116 - as above
    except (FileNotFoundError, NotADirectoryError):
        return used is not None
    except OSError:
        return False
    return used not in (None, (status.st_dev, status.st_ino))


def is_emptied(path: str, /) -> bool:
    """Say whether the file was truncated to nothing while it was in use: then only its WAL may hold anything."""
    # Whoever has it open keeps a lock on it that a new connection would wait for as long as that process lives.
    try:
        return not os.path.getsize(path) and os.path.exists(f"{path}-wal")  # noqa: PTH110, PTH202 - as above
    except OSError:
        return False


def is_orphaned(path: str, /) -> bool:
    """Say whether the file was deleted beneath somebody, or by somebody, who left its WAL."""
    return not os.path.exists(path) and os.path.exists(f"{path}-wal")  # noqa: PTH110 - as above


def is_hollow(path: str, /) -> bool:
    """Say whether the file is empty that held results once, and nobody is in the middle of making its tables."""
    return _looks_hollow(path) and _stays_hollow(path)


def _looks_hollow(path: str) -> bool:
    try:
        status = os.stat(path)  # noqa: PTH116 - as above
        # The first miss makes the locks' file, and nothing is ever written to it. An empty file that is older could
        # not be begun, as on a full disk.
        return not status.st_size and status.st_mtime_ns > os.stat(f"{path}-locks").st_mtime_ns  # noqa: PTH116 - as above
    except OSError:
        return False


def _stays_hollow(path: str) -> bool:
    with _folder_lock(path, LOCK_EX) as is_held:
        return is_held and _looks_hollow(path)


@contextmanager
def unmoved(path: str, /) -> Generator[None]:
    """Hold off, for a second at most, whoever would set the file aside."""
    with _folder_lock(path, LOCK_SH):
        yield


def set_aside(path: str, seen: Identity | None, /, *, then: Callable[[str], None] | None = None) -> str | None:
    """Rename the file at `path`, if it still is the one whose inode was `seen`, and return where it lay then.

    None if another thread or process was faster, or it can't be renamed.

    Args:
        path: Of the database.
        seen: What failed.
        then: Called with the new place before anybody else may open a file at `path`; it never raises.
    """
    with _folder_lock(path, LOCK_EX) as is_held:
        if not is_held or seen is None or inode(path) != seen or not (identity(path) or is_emptied(path)):
            return None
        place = _free_place(path)
        try:
            # The file goes last: one without its WAL would be read as if the WAL had never been.
            for ending in ("-wal", "-shm", ""):
                if os.path.exists(path + ending):  # noqa: PTH110 - as above
                    os.rename(path + ending, place + ending)  # noqa: PTH104 - as above
            if not os.path.getsize(place):  # noqa: PTH202 - as above
                os.truncate(place, PAGE_BYTES)
        except OSError:
            return None
        if then is not None:
            then(place)
        return place


def set_orphan_aside(path: str, /) -> str | None:
    """Rename the WAL of a file that lies no longer at `path`, and return where it lies then.

    Whoever still has that file open has locks on its WAL's index, which a fresh file of that name would take for its
    own and fail of. None if there is nothing to rename any more, or it can't be.
    """
    with _folder_lock(path, LOCK_EX) as is_held:
        if not is_held or not is_orphaned(path):
            return None
        place = _free_place(path)
        try:
            for ending in ("-shm", "-wal"):
                if os.path.exists(path + ending):  # noqa: PTH110 - as above
                    os.rename(path + ending, place + ending)  # noqa: PTH104 - as above
        except OSError:
            return None
        return f"{place}-wal"


def was_set_aside(path: str, seen: Identity, /) -> bool:
    """Say whether the file `seen`, which lay at `path`, was set aside there, be it salvaged since."""
    folder, stem = os.path.split(path)
    prefixes = (f"{stem}.damaged-", f"{stem}.salvaged-")
    try:
        names = [name for name in os.listdir(folder) if name.startswith(prefixes)]  # noqa: PTH208 - as above
    except OSError:
        return False  # the folder is gone as well
    return any(inode(os.path.join(folder, name)) == seen for name in names)  # noqa: PTH118 - as above


def _free_place(path: str) -> str:
    taken, stem = set(os.listdir(os.path.dirname(path))), os.path.basename(path)  # noqa: PTH119, PTH120, PTH208 - as above
    number = 1
    while any(name.startswith(f"{stem}.damaged-{number}") for name in taken):
        number += 1
    return f"{path}.damaged-{number}"


@contextmanager
def _folder_lock(path: str, kind: int) -> Generator[bool]:
    """Hold the lock of the folder of `path`, and say whether nobody is in the way; True where there are no locks."""
    fd = None if flock is None else _open_folder(path)
    if fd is None:
        yield True
        return
    try:
        yield _locked(fd, kind)
    finally:
        os.close(fd)


def _open_folder(path: str) -> int | None:
    try:
        return os.open(os.path.dirname(path), os.O_RDONLY | os.O_CLOEXEC)  # noqa: PTH120 - as above
    except OSError:
        return None


def _locked(fd: int, kind: int) -> bool:
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            flock(fd, kind | LOCK_NB)  # pyright: ignore[reportOptionalCall] - without it there is no fd
        except BlockingIOError:
            if time.monotonic() > deadline_s:
                return False
            time.sleep(PAUSE_S)
        except OSError:
            return True  # a file system without locks
        else:
            return True
