"""S3, as moto plays it and as the gateway of juicefs does."""

import pytest
from beautyspot.storage.s3 import S3Storage
from beautyspot.testing import BlobStorageContract
from servers.object_stores import ObjectStore

pytestmark = pytest.mark.external_service
KEY = "0a" * 32


@pytest.fixture
def storage(moto: ObjectStore) -> S3Storage:
    return S3Storage(f"s3://{moto.new_bucket()}/some/prefix", **moto.options())


class TestMoto(BlobStorageContract):
    @pytest.fixture
    def storage(self, moto: ObjectStore) -> S3Storage:
        return S3Storage(f"s3://{moto.new_bucket()}/some/prefix", client=moto.client)


class TestJuiceFS(BlobStorageContract):
    @pytest.fixture
    def storage(self, juicefs: ObjectStore) -> S3Storage:
        return S3Storage(f"s3://{juicefs.new_bucket()}", client=juicefs.client)
