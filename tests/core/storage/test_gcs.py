"""Google Cloud Storage, as fake-gcs-server plays it."""

import os
from pathlib import Path

import pytest
from beautyspot.errors import StorageError
from beautyspot.storage import GCSStorage
from beautyspot.testing import BlobStorageContract

pytestmark = pytest.mark.external_service
KEY = "0a" * 32
MB = 1024 * 1024


@pytest.fixture
def storage(gcs_bucket: str) -> GCSStorage:
    return GCSStorage(f"gs://{gcs_bucket}/some/prefix")


class TestFakeGCS(BlobStorageContract):
    """With the fixture above."""


@pytest.mark.parametrize("size_bytes", [8 * MB, 8 * MB + 1, 20 * MB])
def test_a_big_blob_comes_back_whole(storage: GCSStorage, size_bytes: int):
    parts = [os.urandom(8 * MB), bytes(size_bytes - 8 * MB)]
    location = storage.save_parts(KEY, parts)
    assert storage.load(location) == b"".join(parts)
    with storage.open(location) as stream:
        assert stream.read() == b"".join(parts)


def test_missing_credentials_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(StorageError, match=r"DefaultCredentialsError: .*; run `gcloud auth application-default login`"):
        GCSStorage("gs://bucket").save(KEY, b"data")
