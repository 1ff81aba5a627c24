"""Blobs in a bucket of Google Cloud Storage."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, Self, cast

from beautyspot.checks import expect_extra
from beautyspot.errors import StorageError
from beautyspot.records import BlobInfo
from beautyspot.storage.buckets import Bucket, BucketStorage
from beautyspot.storage.gcs_faults import failure
from beautyspot.storage.streams import PART_BYTES, PartsReader, RangeReader

if TYPE_CHECKING:
    from google.cloud.storage import Client  # pyright: ignore[reportMissingTypeStubs] - it has none

CONNECT_S, SILENCE_S = 5.0, 10.0
"""Longest silence of the network."""
RETRY_S = 20.0
"""How long a request is repeated, with growing pauses, before its blob is given up."""


class GCSStorage(BucketStorage):
    """Keeps each blob as an object of its own, as `BucketStorage` says.

    Above 8 MiB the upload is resumable: what breaks off goes on where it stood.
    """

    def __init__(self, uri: str, *, client: "Client | None" = None) -> None:
        """Use the objects below `gs://bucket/prefix`; nothing is asked of the server before the first blob.

        Args:
            uri: The bucket has to be there.
            client: Used as it is and not for a child after a fork; None for one of its own, whose credentials are
                those of the environment (Application Default Credentials).

        Raises:
            ConfigurationError: the URI is wrong, or google-cloud-storage is not installed.
        """
        super().__init__(Bucket.of(uri, "gs"), client)
        expect_extra("gcs", "google.cloud.storage", uri)

    @classmethod
    def from_url(cls, url: str, /, *, durability: str = "normal") -> Self:
        """Return the storage of `gs://bucket/prefix`; an object is durable when its request has succeeded."""
        del durability
        return cls(url)

    def load(self, location: str, /) -> bytes:
        """Return what was kept at `location`, relative to the prefix or a URL below it.

        Raises:
            StorageError: it is gone, can't be read, or lies outside the prefix.
        """
        with self._told("read", location):
            return self._blob(location).download_as_bytes(raw_download=True, **self._patience())

    def open(self, location: str, /) -> BinaryIO:
        """Open what was kept at `location` as a stream that fetches what is read of it; raises as `load` does."""
        with self._told("read", location):
            blob = self._blob(location)
            blob.reload(**self._patience())
        return cast("BinaryIO", RangeReader(partial(self._fill, location), blob.size))

    def delete(self, location: str, /) -> None:
        """Delete what is kept at `location`, if anything is; raises as `load` does."""
        from google.api_core.exceptions import NotFound  # loaded with the client

        with self._told("delete", location), suppress(NotFound):
            self._blob(location).delete(**self._patience())

    def iter_keys(self) -> Iterator[BlobInfo]:
        """Yield every blob below the prefix, page by page, and no object of others."""
        with self._told("list", "*"):
            client = self._client()
            for blob in client.list_blobs(self.bucket.name, prefix=self.bucket.prefix, **self._patience()):
                if location := self.bucket.location_of(blob.name):
                    yield BlobInfo(location, blob.size, blob.updated)

    def _put(self, location: str, views: Sequence[memoryview], /) -> bool:
        from google.api_core.exceptions import PreconditionFailed  # loaded with the client

        size_bytes = sum(map(len, views))
        body = PartsReader(views, 0, size_bytes)
        with self._told("write", location):
            try:
                blob = self._blob(location, chunk_size=PART_BYTES)
                blob.upload_from_file(body, size=size_bytes, if_generation_match=0, **self._patience())
            except PreconditionFailed:
                return False  # another's, or ours, if the answer to a first attempt was lost
        return True

    def _fill(self, location: str, start: int, view: memoryview) -> None:
        """Fill `view` with what the blob holds from `start` on."""
        with self._told("read", location):
            end = start + len(view) - 1
            # A checksum is known of whole objects alone; rows hold ours.
            data = self._blob(location).download_as_bytes(
                start=start, end=end, raw_download=True, checksum=None, **self._patience()
            )
            if len(data) != len(view):
                raise EOFError(f"{len(data)} bytes came where {len(view)} were asked for")
            view[:] = data

    def _blob(self, location: str, **options: Any) -> Any:
        name = self.bucket.object_at(location)
        return self._client().bucket(self.bucket.name).blob(name, **options)

    def _patience(self) -> dict[str, Any]:
        from google.cloud.storage.retry import DEFAULT_RETRY  # pyright: ignore[reportMissingTypeStubs] - it has none

        return {"timeout": (CONNECT_S, SILENCE_S), "retry": DEFAULT_RETRY.with_timeout(RETRY_S)}

    def _new_client(self) -> Any:
        from google.cloud.storage import Client  # pyright: ignore[reportMissingTypeStubs] - 500 ms; it has none

        return Client()

    @contextmanager
    def _told(self, verb: str, location: str) -> Generator[None]:
        """Turn the errors of google-cloud-storage, and of what it stands on, into ours."""
        try:
            yield
        except (StorageError, GeneratorExit):
            raise
        except Exception as error:  # four libraries have a tree of errors each; chained
            raise failure(verb, location, self.bucket, error) from error
