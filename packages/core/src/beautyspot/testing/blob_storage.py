"""What every `BlobStorage` promises, as tests: subclass it and give a fixture `storage`, empty."""

from datetime import UTC, datetime, timedelta
from io import SEEK_END

import pytest

from beautyspot.errors import StorageError
from beautyspot.protocols import BlobStorage, SupportsSaveParts

KEY = "0a" * 32
ODD_KEYS = ["", "a", ".", "..", "../../x", "/x", "a b", "a/b", "é", "x" * 300, "a\0b", "\ud800"]
ODD_LOCATIONS = ["nowhere", "../x", "a/../../x", "/etc/hostname", "", ".", "..", "a\0b", "\ud800"]


class BlobStorageContract:
    """The exam of a storage of blobs."""

    @pytest.mark.parametrize("data", [b"", b"\x00", b"\r\n\x1a" * 7, bytes(range(256)) * 4096])
    def test_what_was_saved_is_loaded(self, storage: BlobStorage, data: bytes) -> None:
        """Byte by byte, whatever the bytes."""
        assert storage.load(storage.save(KEY, data)) == data

    def test_any_buffer_can_be_saved(self, storage: BlobStorage) -> None:
        """Also one that is a view of another."""
        assert storage.load(storage.save(KEY, bytearray(b"abc"))) == b"abc"
        assert storage.load(storage.save(KEY, memoryview(b"abcdef")[1:4])) == b"bcd"

    def test_a_loaded_blob_is_bytes(self, storage: BlobStorage) -> None:
        """Whatever was saved."""
        assert type(storage.load(storage.save(KEY, bytearray(b"abc")))) is bytes

    def test_each_save_has_a_location_of_its_own(self, storage: BlobStorage) -> None:
        """So deleting an old blob of a key leaves its new one."""
        old, new = storage.save(KEY, b"old"), storage.save(KEY, b"new")
        storage.delete(old)
        assert storage.load(new) == b"new"

    @pytest.mark.parametrize(
        "key", ["", "a", ".", "..", "../../x", "/x", "a b", "a/b", "é", "x" * 300, "a\0b", "\ud800"]
    )
    def test_any_text_is_a_key(self, storage: BlobStorage, key: str) -> None:
        """Keys are hexadecimal digests but for those of other programs."""
        location = storage.save(key, b"data")
        assert storage.load(location) == b"data"
        assert [info.location for info in storage.iter_keys()] == [location]

    def test_parts_are_one_blob(self, storage: BlobStorage) -> None:
        """Where a storage takes parts at all."""
        if isinstance(storage, SupportsSaveParts):
            parts = [b"head", memoryview(b"-body-"), bytearray(b"tail"), b""]
            assert storage.load(storage.save_parts(KEY, parts)) == b"head-body-tail"
            assert storage.load(storage.save_parts(KEY, [])) == b""

    def test_an_open_blob_can_be_read_from_anywhere(self, storage: BlobStorage) -> None:
        """As parquet readers do: the end first."""
        with storage.open(storage.save(KEY, b"0123456789")) as stream:
            assert stream.seek(-3, SEEK_END) == 7
            assert stream.read() == b"789"
            stream.seek(2)
            assert stream.read(3) == b"234"

    def test_a_deleted_blob_is_gone(self, storage: BlobStorage) -> None:
        """From the listing, too."""
        location = storage.save(KEY, b"data")
        storage.delete(location)
        with pytest.raises(StorageError):
            storage.load(location)
        with pytest.raises(StorageError):
            storage.open(location)
        assert list(storage.iter_keys()) == []

    def test_deleting_what_is_gone_is_fine(self, storage: BlobStorage) -> None:
        """Two may clean at once."""
        location = storage.save(KEY, b"data")
        storage.delete(location)
        storage.delete(location)

    def test_every_blob_is_listed_with_its_size_and_age(self, storage: BlobStorage) -> None:
        """Once each, and nothing else."""
        sizes = {storage.save(key, b"x" * size): size for key, size in [(KEY, 0), (KEY, 5), ("0b" * 32, 70_000)]}
        infos = list(storage.iter_keys())
        assert {info.location: info.size_bytes for info in infos} == sizes
        assert all(abs(datetime.now(UTC) - info.modified_at) < timedelta(minutes=5) for info in infos)

    def test_an_empty_storage_lists_nothing(self, storage: BlobStorage) -> None:
        """Before the first save, that is."""
        assert list(storage.iter_keys()) == []

    @pytest.mark.parametrize(
        "location", ["nowhere", "../x", "a/../../x", "/etc/hostname", "", ".", "..", "a\0b", "\ud800"]
    )
    def test_a_location_that_is_not_inside_is_refused(self, storage: BlobStorage, location: str) -> None:
        """A row may be damaged or foreign."""
        with pytest.raises(StorageError):
            storage.load(location)
        with pytest.raises(StorageError):
            storage.open(location)
