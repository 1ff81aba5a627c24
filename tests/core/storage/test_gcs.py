"""Google Cloud Storage, as fake-gcs-server plays it."""

import pytest
from beautyspot.storage.gcs import GCSStorage
from beautyspot.testing import BlobStorageContract

pytestmark = pytest.mark.external_service
KEY = "0a" * 32


@pytest.fixture
def storage(gcs_bucket: str) -> GCSStorage:
    return GCSStorage(f"gs://{gcs_bucket}/some/prefix")


class TestFakeGCS(BlobStorageContract):
    @pytest.fixture
    def storage(self, gcs_bucket: str) -> GCSStorage:
        return GCSStorage(f"gs://{gcs_bucket}/some/prefix")
