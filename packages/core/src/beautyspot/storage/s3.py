"""Blobs in a bucket of S3, or of what speaks like it: MinIO, R2, Ceph."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, Self, cast

from beautyspot.batched import batched
from beautyspot.checks import expect_extra
from beautyspot.errors import ConfigurationError, LostBlobError, StorageError
from beautyspot.records import BlobInfo
from beautyspot.storage.buckets import Bucket, BucketStorage
from beautyspot.storage.s3_faults import CONFLICTS, ONE_BY_ONE, UNCONDITIONAL, code_of, failure, pause_s
from beautyspot.storage.s3_upload import put
from beautyspot.storage.streams import PART_BYTES, RangeReader

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ATTEMPTS = 3
"""Requests, or answers that break off, before a blob is given up; botocore waits twice as long before each."""
CONNECT_S, SILENCE_S = 5, 10
"""Longest silence of the network: a call waits about ATTEMPTS times as long before its result goes elsewhere."""
MOST_DELETED = 1000
"""Objects that one request deletes."""
UPLOAD = "?upload="
"""Between the location and the id of an upload that was begun and not finished."""
OPTIONS = frozenset(
    (
        "region_name",
        "api_version",
        "use_ssl",
        "verify",
        "endpoint_url",
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
        "aws_account_id",
        "config",
    )
)
"""What `boto3.client("s3", …)` takes."""


class S3Storage(BucketStorage):
    """Keeps each blob as an object of its own, as `BucketStorage` says; above 64 MiB it goes in parts, side by side."""

    def __init__(self, uri: str, *, client: "S3Client | None" = None, **client_options: Any) -> None:
        """Use the objects below `s3://bucket/prefix`; nothing is asked of the server before the first blob.

        Args:
            uri: The bucket has to be there.
            client: A boto3 client, used as it is and not for a child after a fork; None for one of its own.
            client_options: Those of `boto3.client("s3", …)`, such as `endpoint_url` and `region_name`. A `config` is
                merged into ours: 5 s to connect, 10 s of silence, 3 attempts. Credentials are better left to boto3's
                own chain.

        Raises:
            ConfigurationError: the URI or an option is wrong, or boto3 is not installed.
        """
        unknown = sorted(client_options.keys() - OPTIONS)
        if unknown or (client is not None and client_options):
            known = "none beside client=" if client is not None else ", ".join(sorted(OPTIONS))
            raise ConfigurationError(f"S3Storage got the options {sorted(client_options)!r}; known: {known}")
        super().__init__(Bucket.of(uri, "s3"), client)
        expect_extra("s3", "boto3", uri)
        self._options = client_options
        self._conditional = self._deletes_many = True

    @classmethod
    def from_url(cls, url: str, /, *, durability: str = "normal", **client_options: Any) -> Self:
        """Return the storage of `s3://bucket/prefix`; an object is durable when its request has succeeded."""
        del durability
        return cls(url, **client_options)

    def load(self, location: str, /) -> bytes:
        """Return what was kept at `location`, relative to the prefix or a URL below it.

        Raises:
            StorageError: it is gone, can't be read, or lies outside the prefix.
        """
        place = self._place(location)
        with self._told("read", location):
            response = self._client().get_object(**place)
            body, size_bytes = response["Body"], response["ContentLength"]
            if size_bytes <= PART_BYTES:
                with suppress(*_broken()):
                    return body.read()
            body.close()
        return RangeReader(partial(self._fill, location), size_bytes).read()

    def open(self, location: str, /) -> BinaryIO:
        """Open what was kept at `location` as a stream that fetches what is read of it; raises as `load` does."""
        place = self._place(location)
        with self._told("read", location):
            size_bytes = self._client().head_object(**place)["ContentLength"]
        return cast("BinaryIO", RangeReader(partial(self._fill, location), size_bytes))

    def delete(self, location: str, /) -> None:
        """Delete what is kept at `location`, if anything is; raises as `load` does."""
        path, _, upload_id = location.partition(UPLOAD)
        place = self._place(path)
        with self._told("delete", location):
            client = self._client()
            if not upload_id:
                client.delete_object(**place)
                return
            with suppress(client.exceptions.NoSuchUpload):
                client.abort_multipart_upload(**place, UploadId=upload_id)

    def delete_many(self, locations: Sequence[str], /) -> list[str]:
        """Delete what is kept at the locations, 1 000 in a request, and return those at which it could not be done.

        Raises:
            StorageError: the server can't be asked; what was deleted until then stays deleted.
        """
        return [left for chunk in batched(locations, MOST_DELETED) for left in self._delete_chunk(chunk)]

    def iter_keys(self) -> Iterator[BlobInfo]:
        """Yield every blob below the prefix, page by page, and no object of others."""
        for item in self._pages("list_objects_v2", "Contents"):
            if location := self.bucket.location_of(item["Key"]):
                yield BlobInfo(location, item["Size"], item["LastModified"])

    def iter_unfinished(self) -> Iterator[BlobInfo]:
        """Yield the uploads that killed processes left, and those of others right now; S3 tells no size."""
        for item in self._pages("list_multipart_uploads", "Uploads"):
            if location := self.bucket.location_of(item["Key"]):
                yield BlobInfo(f"{location}{UPLOAD}{item['UploadId']}", 0, item["Initiated"])

    def _pages(self, operation: Any, items: str) -> Iterator[Any]:
        with self._told("list", "*"):
            pages = self._client().get_paginator(operation)
            for page in pages.paginate(Bucket=self.bucket.name, Prefix=self.bucket.prefix):
                yield from page.get(items, ())

    def _place(self, location: str) -> dict[str, str]:
        return {"Bucket": self.bucket.name, "Key": self.bucket.object_at(location)}

    def _delete_chunk(self, locations: Sequence[str]) -> list[str]:
        """Delete up to MOST_DELETED blobs and uploads, and return those that are left."""
        blobs = {name: location for location in locations if (name := self._object_at(location))}
        refused = self._delete_together(list(blobs)) if blobs and self._deletes_many else None
        if refused is None:
            return [location for location in locations if not self._is_deleted(location)]
        alone = set(locations).difference(blobs.values())
        return [*map(blobs.__getitem__, refused), *(each for each in alone if not self._is_deleted(each))]

    def _delete_together(self, names: Sequence[str]) -> list[str] | None:
        """Delete the objects, and return those that the server left; None if it takes one at a time, or doesn't say."""
        from botocore.exceptions import ClientError  # loaded with the client

        objects: Any = {"Objects": [{"Key": name} for name in names], "Quiet": True}
        with self._told("delete", "*"):
            try:
                answer: Any = self._client().delete_objects(Bucket=self.bucket.name, Delete=objects)
            except ClientError as error:
                if code_of(error) not in ONE_BY_ONE:
                    raise
                self._deletes_many = False
                return None
        left = [error.get("Key") for error in answer.get("Errors", ()) if error.get("Code") != "NoSuchKey"]
        return left if set(left) <= set(names) else None

    def _is_deleted(self, location: str) -> bool:
        try:
            self.delete(location)
        except StorageError:
            return False
        return True

    def _object_at(self, location: str) -> str | None:
        """Return the name of the object at `location`; None for an upload, and for what leads out of the prefix."""
        try:
            return None if UPLOAD in location else self.bucket.object_at(location)
        except LostBlobError:
            return None

    def _put(self, location: str, views: Sequence[memoryview], /) -> bool:
        from botocore.exceptions import ClientError  # loaded with the client

        place = self._place(location)
        condition = {"IfNoneMatch": "*"} if self._conditional else {}
        with self._told("write", location):
            try:
                put(self._client(), place, views, condition=condition)
            except ClientError as error:
                if condition and code_of(error) in UNCONDITIONAL:
                    self._conditional = False  # locations differ all the same, so that no two writers meet
                elif code_of(error) not in CONFLICTS:
                    raise
                return False
        return True

    def _fill(self, location: str, start: int, view: memoryview) -> None:
        """Fill `view` with what the blob holds from `start` on; an answer that breaks off is asked for again."""
        place = self._place(location)
        filled = 0
        with self._told("read", location):
            for attempts_left in reversed(range(ATTEMPTS)):
                span = f"bytes={start + filled}-{start + len(view) - 1}"
                response = self._client().get_object(**place, Range=span)
                if "ContentRange" not in response:
                    raise ValueError("the server gave the whole object where a range was asked for")
                try:
                    count = 1
                    while count and filled < len(view):
                        with view[filled:] as rest:  # the frames of a failure may hold it longer than the value lives
                            count = response["Body"].readinto(rest)
                        filled += count
                except _broken():
                    if not attempts_left:
                        raise
                if filled == len(view):
                    return

    def _new_client(self) -> Any:
        from boto3 import session  # 430 ms
        from botocore.config import Config

        config = Config(
            connect_timeout=CONNECT_S,
            read_timeout=SILENCE_S,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            max_pool_connections=32,
            # Older servers refuse the checksums that boto3 sends unasked from 1.36 on. Rows hold ours.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        options = dict(self._options)
        given = options.pop("config", None)
        # The session that boto3 shares is not safe in threads.
        own_session: Any = session.Session()
        client = own_session.client("s3", config=config.merge(given) if given else config, **options)
        if getattr(given, "retries", None) is None:
            client.meta.events.register_first("needs-retry.s3", pause_s)
        return client

    @contextmanager
    def _told(self, verb: str, location: str) -> Generator[None]:
        """Turn the errors of boto3 into ours."""
        from botocore.exceptions import BotoCoreError, ClientError  # loaded with the client

        try:
            yield
        except (BotoCoreError, ClientError, ValueError) as error:
            raise failure(verb, location, self.bucket, error) from error


def _broken() -> tuple[type[Exception], ...]:
    """Return the errors of an answer that ends too early."""
    from botocore.exceptions import IncompleteReadError, ResponseStreamingError  # loaded with the client

    return IncompleteReadError, ResponseStreamingError
