"""Blobs in a folder of this machine."""

from __future__ import annotations

import errno
import os
import stat
from datetime import UTC, datetime

from beautyspot.errors import ConfigurationError, LostBlobError, StorageError
from beautyspot.folders import make_folder, sync_folder
from beautyspot.records import BlobInfo
from beautyspot.storage.locations import LOST, SUFFIX, UNFINISHED, is_blob, is_unfinished, new_location, path_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import BinaryIO, Literal, Self

    from beautyspot.protocols import Buffer

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)

_ADVICE = {
    errno.ENOSPC: "free some space, or give another folder as storage=",
    errno.EDQUOT: "free some of your quota, or give another folder as storage=",
    errno.EFBIG: "raise the limit on file sizes (`ulimit -f`), or keep less in one result",
    errno.EACCES: "make the folder yours (`ls -ld` shows whose it is), or give another one as storage=",
    errno.EPERM: "make the folder yours (`ls -ld` shows whose it is), or give another one as storage=",
    errno.EROFS: "the file system is read-only; give a folder on another one as storage=",
}


_LOST = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG)
"""Of a location at which no blob is; whatever else can't be read may be there."""


class LocalStorage:
    """Keeps each blob as a file of its own, readable by its owner alone.

    A location is `ab/<key>.<8 hex digits>.bin`, relative to the root. The digits differ with every write, so deleting
    an old blob never meets a new one of the same key.
    """

    is_local = True
    """Nothing here waits for a network."""

    def __init__(
        self,
        root: str | os.PathLike[str],
        *,
        durability: Literal["normal", "full"] = "normal",
        elsewhere: Sequence[str] = (),
    ) -> None:
        """Use the folder `root`, which is made when the first blob comes.

        Args:
            root: Made absolute now, so `os.chdir` changes nothing; `~` is the home folder.
            durability: `normal` survives a killed process; `full` writes through to the disk and survives a power loss.
            elsewhere: Folders in which a blob that isn't in `root` may lie since an earlier release; only read.

        Raises:
            ConfigurationError: the durability is another word, or no folder can have that name.
        """
        if durability not in ("normal", "full"):
            raise ConfigurationError(f"unknown durability {durability!r}; known: 'normal', 'full'")
        path: str = os.fspath(root)
        if "\0" in path:
            raise ConfigurationError(
                f"{path!r} has a null character, which no folder's name can have; give another path"
            )
        self.root: str = os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111 - pathlib is 3 ms to import
        self._sync = durability == "full"
        self._elsewhere = elsewhere

    def __repr__(self) -> str:
        """Name the folder."""
        return f"LocalStorage({self.root!r})"

    @classmethod
    def from_url(cls, url: str, /, *, durability: Literal["normal", "full"] = "normal") -> Self:
        """Return the storage of `file:///absolute/path`."""
        path = url.removeprefix("file://").removeprefix("localhost")
        if not path.startswith("/"):
            raise ConfigurationError(f"{url!r} names a host; a file URL has three slashes: file:///absolute/path")
        from urllib.parse import unquote  # 5 ms, and few write file URLs

        return cls(unquote(path), durability=durability)

    def save(self, key: str, data: Buffer, /) -> str:
        """Keep `data` under a new location, whole or not at all, and return the location.

        Raises:
            StorageError: it can't be written.
        """
        return self.save_parts(key, (data,))

    def save_parts(self, key: str, parts: Sequence[Buffer], /) -> str:
        """Keep the parts one after the other, as `save` does, without joining them."""
        location = new_location(key)
        path = f"{self.root}/{location}"
        temporary = path.removesuffix(SUFFIX) + UNFINISHED
        try:
            try:
                self._write(temporary, parts)
                os.replace(temporary, path)  # noqa: PTH105 - as above
            except BaseException:  # Ctrl-C in the middle of 100 MB, too; re-raised
                _remove(temporary)
                raise
            if self._sync:
                sync_folder(path.rpartition("/")[0])
        except OSError as error:
            raise self._failed("write", location, error) from error
        return location

    def load(self, location: str, /) -> bytes:
        """Return what was kept at `location`, relative to the root or an absolute path inside it.

        Raises:
            LostBlobError: it is gone, or lies outside the root.
            StorageError: it can't be read.
        """
        with self.open(location) as file:
            try:
                return file.read()
            except OSError as error:
                raise self._failed("read", location, error) from error

    def open(self, location: str, /) -> BinaryIO:
        """Open what was kept at `location` as a readable, seekable stream; raises as `load` does."""
        path = path_of(self.root, location)
        try:
            return open(path, "rb")
        except OSError as error:
            if isinstance(error, FileNotFoundError) and (found := self._open_elsewhere(location)):
                return found
            raise self._failed("read", location, error) from error

    def delete(self, location: str, /) -> None:
        """Delete what is kept at `location`, if anything is; raises as `load` does."""
        path = path_of(self.root, location)
        try:
            os.unlink(path)  # noqa: PTH108 - as above
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            raise self._failed("delete", location, error) from error

    def iter_keys(self) -> Iterator[BlobInfo]:
        """Yield every blob in the storage, and no file of others; one deleted meanwhile may be left out."""
        return self._scan(is_blob)

    def iter_unfinished(self) -> Iterator[BlobInfo]:
        """Yield what killed processes left half-written, and what others are writing right now."""
        return self._scan(is_unfinished)

    def _write(self, path: str, parts: Sequence[Buffer]) -> None:
        try:
            descriptor = os.open(path, _CREATE, 0o600)
        except FileNotFoundError:  # the first blob of this folder, or somebody removed it
            make_folder(path.rpartition("/")[0], synced=self._sync)
            descriptor = os.open(path, _CREATE, 0o600)
        with open(descriptor, "wb") as file:
            file.writelines(parts)  # a part above the buffer's 8 kB goes to the file uncopied
            if self._sync:
                file.flush()
                os.fsync(descriptor)

    def _open_elsewhere(self, location: str) -> BinaryIO | None:
        for root in self._elsewhere:
            try:
                return open(path_of(root, location), "rb")
            except (OSError, StorageError):
                continue
        return None

    def _scan(self, is_wanted: Callable[[str, str], bool]) -> Iterator[BlobInfo]:
        try:
            for shard in _shards(self.root):
                with os.scandir(f"{self.root}/{shard}") as files:
                    for file in files:
                        if is_wanted(file.name, shard) and (info := _info(file, shard)):
                            yield info
        except FileNotFoundError:
            return  # nothing was saved yet, or the folder was just removed
        except OSError as error:
            raise self._failed("list", "*", error) from error

    def _failed(self, verb: str, location: str, error: OSError) -> StorageError:
        advice = _ADVICE.get(error.errno or 0, "check the folder, or give another one as storage=")
        if verb == "read" and error.errno == errno.ENOENT:
            advice = LOST
        kind = LostBlobError if verb == "read" and error.errno in _LOST else StorageError
        return kind(f"can't {verb} blob {location!r} in {self.root!r}: {error.strerror or error}; {advice}")


def _remove(path: str) -> None:
    try:  # noqa: SIM105 - contextlib is 1 ms to import
        os.unlink(path)  # noqa: PTH108 - as above
    except OSError:
        pass  # never written, or `iter_unfinished` finds it later; the first error is the one to tell


def _shards(root: str) -> list[str]:
    """Return the folders that blobs lie in; the empty one is the root, where earlier releases kept theirs."""
    with os.scandir(root) as entries:
        return ["", *(entry.name for entry in entries if len(entry.name) == 2 and entry.is_dir(follow_symlinks=False))]


def _info(file: os.DirEntry[str], shard: str) -> BlobInfo | None:
    try:
        status = file.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    location = f"{shard}/{file.name}" if shard else file.name
    return BlobInfo(location, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))
