import pytest
from beautyspot.storage import MemoryStorage
from beautyspot.testing.blob_storage import BlobStorageContract


class TestMemoryStorage(BlobStorageContract):
    @pytest.fixture
    def storage(self) -> MemoryStorage:
        return MemoryStorage()


def test_what_was_saved_does_not_follow_its_buffer():
    storage, buffer = MemoryStorage(), bytearray(b"abc")
    location = storage.save("ab", buffer)
    buffer[0] = 0
    assert storage.load(location) == b"abc"


def test_blobs_may_be_deleted_while_they_are_listed():
    storage = MemoryStorage()
    for _ in range(5):
        storage.save("ab", b"")
    for info in storage.iter_keys():
        storage.delete(info.location)
    assert list(storage.iter_keys()) == []
