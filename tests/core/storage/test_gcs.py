"""Google Cloud Storage, as fake-gcs-server plays it."""

import io
import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from beautyspot.errors import StorageError
from beautyspot.storage import GCSStorage
from beautyspot.testing import BlobStorageContract
from google.cloud.storage import Client
from servers.proxy import FaultyProxy

pytestmark = pytest.mark.external_service
KEY = "0a" * 32
MB = 1024 * 1024


@pytest.fixture
def storage(gcs_bucket: str) -> GCSStorage:
    return GCSStorage(f"gs://{gcs_bucket}/some/prefix")


class TestFakeGCS(BlobStorageContract):
    @pytest.fixture
    def storage(self, gcs_bucket: str) -> GCSStorage:
        return GCSStorage(f"gs://{gcs_bucket}/some/prefix")


def test_a_location_is_relative_to_the_prefix(storage: GCSStorage):
    location = storage.save(KEY, b"data")
    names = [blob.name for blob in Client().list_blobs(storage.bucket.name)]
    assert names == [f"some/prefix/{location}"]
    assert storage.load(f"gs://{storage.bucket.name}/some/prefix/{location}") == b"data"


def test_more_than_a_page_is_listed_and_objects_of_others_are_not(storage: GCSStorage):
    names = {f"{number:064x}.bin" for number in range(1005)}
    bucket = Client().bucket(storage.bucket.name)
    with ThreadPoolExecutor(4) as threads:
        put = lambda name: bucket.blob(name).upload_from_string(b"x")  # noqa: E731 - one line for the pool
        list(threads.map(put, [*(f"some/prefix/{name}" for name in names), "some/prefix/model.bin", "f" * 64 + ".bin"]))
    assert {info.location for info in storage.iter_keys()} == names


@pytest.mark.parametrize("size_bytes", [8 * MB, 8 * MB + 1, 20 * MB])
def test_a_big_blob_comes_back_whole(storage: GCSStorage, size_bytes: int):
    parts = [os.urandom(8 * MB), bytes(size_bytes - 8 * MB)]
    location = storage.save_parts(KEY, parts)
    assert storage.load(location) == b"".join(parts)
    with storage.open(location) as stream:
        assert stream.read() == b"".join(parts)


def test_the_end_of_a_big_blob_is_fetched_alone(gcs: str, gcs_bucket: str, monkeypatch: pytest.MonkeyPatch):
    with FaultyProxy("127.0.0.1", int(gcs.rpartition(":")[2])) as proxy:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{proxy.port}")
        storage = GCSStorage(f"gs://{gcs_bucket}")
        location = storage.save(KEY, bytes(5 * MB) + b"the end")
        before = proxy.answered_bytes
        with storage.open(location) as stream:
            stream.seek(-1000, io.SEEK_END)
            assert stream.read(1000).endswith(b"the end")
        assert proxy.answered_bytes - before < 5000  # with the headers of two answers


def test_a_save_whose_answer_is_lost_is_saved_elsewhere(gcs: str, gcs_bucket: str, monkeypatch: pytest.MonkeyPatch):
    with FaultyProxy("127.0.0.1", int(gcs.rpartition(":")[2])) as proxy:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{proxy.port}")
        storage = GCSStorage(f"gs://{gcs_bucket}")
        proxy.cut_after(50, once=True)
        assert storage.load(storage.save(KEY, b"data")) == b"data"
        assert len(list(storage.iter_keys())) == 2  # the first is an orphan, for cleaning


def test_a_child_after_a_fork_has_connections_of_its_own(storage: GCSStorage):
    location = storage.save(KEY, b"data")
    parents = storage._client()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 on forks beside threads
        child = os.fork()
    if not child:
        os._exit(0 if storage.load(location) == b"data" and storage._client() is not parents else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_missing_bucket_is_named(storage: GCSStorage):
    missing = GCSStorage("gs://no-such-bucket")
    for attempt in (lambda: missing.save(KEY, b"data"), lambda: list(missing.iter_keys())):
        with pytest.raises(StorageError, match=r"'gs://no-such-bucket': NotFound: .*; make the bucket, or correct"):
            attempt()


def test_a_lost_blob_says_so(storage: GCSStorage):
    location = storage.save(KEY, b"data")
    storage.delete(location)
    for method in (storage.load, storage.open):
        with pytest.raises(StorageError, match=r"can't read blob '0a/.* in 'gs://bucket-.*; it was deleted by hand"):
            method(location)


def test_missing_credentials_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(StorageError, match=r"DefaultCredentialsError: .*; run `gcloud auth application-default login`"):
        GCSStorage("gs://bucket").save(KEY, b"data")
