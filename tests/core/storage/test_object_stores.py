"""What every storage in a bucket promises beyond the contract of all storages: S3 as moto plays it, and GCS."""

import io
import os
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from beautyspot.errors import StorageError
from beautyspot.storage import GCSStorage, S3Storage
from beautyspot.storage.buckets import BucketStorage
from servers.object_stores import ObjectStore
from servers.proxy import FaultyProxy

pytestmark = pytest.mark.external_service
KEY = "0a" * 32
PREFIX = "some/prefix"


class Service(ABC):
    """A server with an empty bucket, seen past everything of ours as well."""

    port: int
    bucket: str
    half_a_line: int
    """Bytes of what answers an upload that end in the line of its status."""

    @abstractmethod
    def storage(self, path: str, *, port: int | None = None) -> BucketStorage:
        """Return the storage at `bucket/prefix`, reached by a port that may be a proxy's."""

    @abstractmethod
    def names(self) -> list[str]:
        """Return the names of all objects in the bucket."""

    @abstractmethod
    def put(self, name: str) -> None:
        """Put a small object."""


class S3(Service):
    half_a_line = 60  # behind two times `100 Continue`

    def __init__(self, moto: ObjectStore) -> None:
        self._moto, self.port, self.bucket = moto, moto.port, moto.new_bucket()

    def storage(self, path: str, *, port: int | None = None) -> BucketStorage:
        return S3Storage(f"s3://{path}", **self._moto.options(endpoint_url=f"http://127.0.0.1:{port or self.port}"))

    def names(self) -> list[str]:
        pages = self._moto.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        return [item["Key"] for page in pages for item in page.get("Contents", ())]

    def put(self, name: str) -> None:
        self._moto.client.put_object(Bucket=self.bucket, Key=name, Body=b"x")


class GCS(Service):
    half_a_line = 10

    def __init__(self, url: str, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
        from google.cloud.storage import Client  # as in servers.object_stores

        self.port, self.bucket = int(url.rpartition(":")[2]), bucket
        self._client, self._monkeypatch = Client(), monkeypatch

    def storage(self, path: str, *, port: int | None = None) -> BucketStorage:
        self._monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port or self.port}")
        return GCSStorage(f"gs://{path}")

    def names(self) -> list[str]:
        return [blob.name for blob in self._client.list_blobs(self.bucket)]

    def put(self, name: str) -> None:
        self._client.bucket(self.bucket).blob(name).upload_from_string(b"x")


@pytest.fixture(params=["s3", "gs"])
def service(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Service:
    if request.param == "s3":
        return S3(request.getfixturevalue("moto"))
    return GCS(request.getfixturevalue("gcs"), request.getfixturevalue("gcs_bucket"), monkeypatch)


@pytest.fixture
def storage(service: Service) -> BucketStorage:
    return service.storage(f"{service.bucket}/{PREFIX}")


@pytest.fixture
def proxy(service: Service) -> Iterator[FaultyProxy]:
    with FaultyProxy("127.0.0.1", service.port) as proxy:
        yield proxy


def test_a_location_is_relative_to_the_prefix(service: Service, storage: BucketStorage) -> None:
    location = storage.save(KEY, b"data")
    assert location.startswith(f"0a/{KEY}.")
    assert service.names() == [f"{PREFIX}/{location}"]
    assert storage.load(f"{storage.bucket.url}/{location}") == b"data"


def test_more_than_a_page_is_listed_and_objects_of_others_are_not(service: Service, storage: BucketStorage) -> None:
    names = {f"{number:064x}.bin" for number in range(1005)}
    others = [f"{PREFIX}/model.bin", f"{PREFIX}es/" + "f" * 64 + ".bin", "f" * 64 + ".bin"]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(service.put, [*(f"{PREFIX}/{name}" for name in names), *others]))
    assert {info.location for info in storage.iter_keys()} == names


def test_the_end_of_a_big_blob_is_fetched_alone(service: Service, proxy: FaultyProxy) -> None:
    storage = service.storage(service.bucket, port=proxy.port)
    location = storage.save(KEY, bytes(5_000_000) + b"the end")
    before = proxy.answered_bytes
    with storage.open(location) as stream:
        stream.seek(-1000, io.SEEK_END)
        assert stream.read(1000).endswith(b"the end")
    assert proxy.answered_bytes - before < 5000  # with the headers of two answers


def test_a_save_whose_answer_is_lost_is_saved_elsewhere(service: Service, proxy: FaultyProxy) -> None:
    storage = service.storage(service.bucket, port=proxy.port)
    proxy.cut_after(service.half_a_line, once=True)
    assert storage.load(storage.save(KEY, b"data")) == b"data"
    assert len(service.names()) == 2  # the first is an orphan, for cleaning


def test_a_child_after_a_fork_has_connections_of_its_own(storage: BucketStorage) -> None:
    location = storage.save(KEY, b"data")
    parents = storage._client()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 on forks beside threads
        child = os.fork()
    if not child:
        os._exit(0 if storage.load(location) == b"data" and storage._client() is not parents else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert storage.load(location) == b"data"


def test_a_missing_bucket_is_named(service: Service) -> None:
    missing = service.storage("no-such-bucket")
    for attempt in (lambda: missing.save(KEY, b"data"), lambda: list(missing.iter_keys())):
        with pytest.raises(StorageError, match=r"'..://no-such-bucket': No.*; make the bucket, or correct its name"):
            attempt()


def test_a_lost_blob_says_so(storage: BucketStorage) -> None:
    location = storage.save(KEY, b"data")
    storage.delete(location)
    for method in (storage.load, storage.open):
        with pytest.raises(StorageError, match=r"can't read blob '0a/.* in '..://bucket-.*; it was deleted by hand"):
            method(location)


@pytest.mark.parametrize("start", [0, 100])
def test_an_object_that_became_smaller_since_it_was_opened_says_so(
    service: Service, storage: BucketStorage, start: int
) -> None:
    location = storage.save(KEY, bytes(1000))
    with storage.open(location) as stream:
        service.put(f"{PREFIX}/{location}")
        stream.seek(start)
        with pytest.raises(StorageError, match="replaced by a smaller one since it was opened; open it again"):
            stream.read(100)


def test_a_location_that_is_always_taken_is_given_up_and_told(storage: BucketStorage) -> None:
    class Taken(type(storage)):
        def _put(self, location: str, views: object, /) -> bool:
            return False

    taken = Taken(storage.bucket.url, client=storage._client())
    with pytest.raises(StorageError, match="3 new locations were taken; check that nothing else writes below"):
        taken.save(KEY, b"data")
