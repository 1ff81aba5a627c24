"""Where the blobs of one storage lie in a bucket, the names that are refused, and what such storages share."""

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

from beautyspot.errors import ConfigurationError, LostBlobError, StorageError
from beautyspot.protocols import Buffer
from beautyspot.storage.locations import is_blob, new_location

ATTEMPTS = 3
"""New locations that are tried before a blob is given up."""
LONGEST = 300
"""Letters of somebody else's message that are told."""


class Bucket(NamedTuple):
    """A bucket and the prefix that every object of ours has in it."""

    scheme: str
    name: str
    prefix: str
    """Empty, or with a slash at its end."""

    @classmethod
    def of(cls, url: str, scheme: str, /) -> Self:
        """Return what `scheme://bucket/prefix` names.

        Raises:
            ConfigurationError: it names no bucket, or holds more than a bucket and a prefix.
        """
        head, _, rest = url.partition("://")
        name, _, path = rest.partition("/")
        if "@" in name:  # never shown: what stands before the @ is a secret
            raise ConfigurationError(
                f"a {scheme} URL with credentials in it; write '{scheme}://bucket/prefix', and give credentials by the "
                "environment"
            )
        odd = next((mark for mark in rest if mark in "?#\\ " or not mark.isprintable()), None)
        if odd is not None:
            what = "a space" if odd == " " else repr(odd)
            raise ConfigurationError(
                f"not a {scheme} URL: {url!r} has {what} in it; write '{scheme}://bucket/prefix' without it"
            )
        prefix = path.strip("/")
        if head != scheme or not name or (prefix and not _are_names(prefix)):
            raise ConfigurationError(
                f"not a {scheme} URL: {url!r}; write '{scheme}://bucket' or '{scheme}://bucket/prefix'"
            )
        return cls(scheme, name, prefix and f"{prefix}/")

    @property
    def url(self) -> str:
        """Its URL, as it may be shown."""
        return f"{self.scheme}://{self.name}/{self.prefix}".rstrip("/")

    def object_at(self, location: object, /) -> str:
        """Return the name of the object at `location`, which is relative to the prefix or a URL below it.

        Raises:
            LostBlobError: it leads out of the bucket or the prefix.
        """
        # A row can be damaged, so this may be anything.
        if isinstance(location, str) and location.isprintable():
            path = location.removeprefix(f"{self.scheme}://{self.name}/{self.prefix}")
            if "://" not in path and _are_names(path):
                return self.prefix + path
        raise LostBlobError(
            f"blob location {location!r} is not inside the storage {self.url!r}; "
            "the row is damaged or foreign, or the storage is another one than it was written with"
        )

    def location_of(self, object_name: str, /) -> str | None:
        """Return the location of an object of ours, and None for one of others."""
        location = object_name.removeprefix(self.prefix)
        shard, _, name = location.rpartition("/")
        return location if is_blob(name, shard) else None


class BucketStorage(ABC):
    """Keeps each blob as an object of its own, written once and never over another.

    A location is `ab/<key>.<8 hex digits>.bin`, relative to the prefix. Safe in any thread, and after a fork.
    """

    def __init__(self, bucket: Bucket, client: Any) -> None:
        """Use the objects in `bucket`, through `client` if it is not None."""
        self.bucket = bucket
        self._given = client
        self._made: tuple[int, Any] = (0, None)

    def __repr__(self) -> str:
        """Name the place, and no credentials."""
        return f"{type(self).__name__}({self.bucket.url!r})"

    def save(self, key: str, data: Buffer, /) -> str:
        """Keep `data` under a new location, whole or not at all, and return the location.

        Raises:
            StorageError: it can't be written.
        """
        return self.save_parts(key, (data,))

    def save_parts(self, key: str, parts: Sequence[Buffer], /) -> str:
        """Keep the parts one after the other, as `save` does, without joining them."""
        views = [memoryview(part).cast("B") for part in parts]
        location = ""
        for _ in range(ATTEMPTS):
            location = new_location(key)
            if self._put(location, views):
                return location
        raise StorageError(
            f"can't write blob {location!r} in {self.bucket.url!r}: {ATTEMPTS} new locations were taken; "
            "check that nothing else writes below the prefix"
        )

    @abstractmethod
    def _put(self, location: str, views: Sequence[memoryview], /) -> bool:
        """Put the blob at `location` and say whether that was done; not if anything is there."""

    def _client(self) -> Any:
        """Return this process's client: a child must not talk on its parent's connections."""
        if self._given is not None:
            return self._given
        pid, client = self._made
        if pid != os.getpid():
            # Two threads may each make one, and either serves; a lock could be held by another thread at a fork.
            client = self._new_client()
            self._made = (os.getpid(), client)
        return client

    @abstractmethod
    def _new_client(self) -> Any: ...


def _are_names(path: str) -> bool:
    # Some servers keep objects as files and would follow `..`.
    return all(name not in ("", ".", "..") for name in path.split("/"))


def told(error: object, /) -> str:
    """Return what `error` says in one line, without the credentials that a URL in it may hold."""
    import re  # after a failure alone

    line = " ".join(str(error).split())
    return re.sub(r"://[^/@\s]*@", "://…@", line)[:LONGEST]
