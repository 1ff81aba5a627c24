"""What every `BlobStorage` promises, as tests: subclass it and give a fixture `storage`, empty."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from io import SEEK_CUR, SEEK_END
from typing import Any

import pytest

from beautyspot.errors import LostBlobError, StorageError
from beautyspot.powers import deleter_in
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

    @pytest.mark.parametrize("key", ODD_KEYS)
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

    def test_what_is_read_of_an_open_blob_is_what_lies_there(self, storage: BlobStorage) -> None:
        """In whatever order and pieces."""
        data = bytes(range(256)) * 1200
        with storage.open(storage.save(KEY, data)) as stream:
            for start, length in [(300_000, 10), (0, 5), (5, 100_000), (100_005, 1), (0, 307_200), (200_000, 200_000)]:
                assert stream.seek(start) == start
                assert stream.read(length) == data[start : start + length]
                assert stream.tell() == min(start + length, len(data))
            stream.seek(-7, SEEK_CUR)
            assert stream.read() == data[-7:]

    def test_an_open_blob_fills_memory_that_is_there(self, storage: BlobStorage) -> None:
        """As readers of big arrays ask for it; the end leaves the rest as it was."""
        memory = bytearray(b"......")
        stream: Any = storage.open(storage.save(KEY, b"0123456789"))
        with stream:
            stream.seek(8)
            assert stream.readinto(memory) == 2
            assert memory == b"89...."
            assert stream.readinto(memory) == 0

    def test_there_is_nothing_behind_the_end(self, storage: BlobStorage) -> None:
        """And before the start nobody can go."""
        with storage.open(storage.save(KEY, b"abc")) as stream:
            assert stream.seekable()
            stream.seek(10)
            assert (stream.read(), stream.read(5)) == (b"", b"")
            with pytest.raises((ValueError, OSError)):
                stream.seek(-1)

    def test_an_open_blob_of_nothing_is_at_its_end(self, storage: BlobStorage) -> None:
        """Where a range would be an error."""
        with storage.open(storage.save(KEY, b"")) as stream:
            assert (stream.read(), stream.read(1), stream.seek(0, SEEK_END)) == (b"", b"", 0)

    def test_writers_of_one_key_at_once_keep_a_blob_each(self, storage: BlobStorage) -> None:
        """Whole, and never mixed."""
        values = [bytes([number]) * 50_000 for number in range(8)]
        with ThreadPoolExecutor(8) as threads:
            locations = list(threads.map(storage.save, [KEY] * 8, values))
        assert [storage.load(location) for location in locations] == values

    def test_a_deleted_blob_is_gone(self, storage: BlobStorage) -> None:
        """From the listing, too; it is told from a storage that fails, as `clean` deletes rows that name nothing."""
        location = storage.save(KEY, b"data")
        storage.delete(location)
        for method in (storage.load, storage.open):
            with pytest.raises(LostBlobError):
                method(location)
        assert list(storage.iter_keys()) == []

    def test_deleting_what_is_gone_is_fine(self, storage: BlobStorage) -> None:
        """Two may clean at once."""
        location = storage.save(KEY, b"data")
        storage.delete(location)
        storage.delete(location)

    def test_many_are_deleted_at_once_and_what_is_left_is_told(self, storage: BlobStorage) -> None:
        """Where a storage deletes many at all; what is gone already is not left, and nothing else goes."""
        delete_many = deleter_in(storage)
        if delete_many is not None:
            kept, *locations = [storage.save(KEY, b"data") for _ in range(4)]
            storage.delete(locations[0])
            assert list(delete_many(locations)) == []
            assert list(delete_many([])) == []
            assert [info.location for info in storage.iter_keys()] == [kept]

    def test_every_blob_is_listed_with_its_size_and_age(self, storage: BlobStorage) -> None:
        """Once each, and nothing else."""
        sizes = {storage.save(key, b"x" * size): size for key, size in [(KEY, 0), (KEY, 5), ("0b" * 32, 70_000)]}
        infos = list(storage.iter_keys())
        assert {info.location: info.size_bytes for info in infos} == sizes
        assert all(abs(datetime.now(UTC) - info.modified_at) < timedelta(minutes=5) for info in infos)

    def test_an_empty_storage_lists_nothing(self, storage: BlobStorage) -> None:
        """Before the first save, that is."""
        assert list(storage.iter_keys()) == []

    @pytest.mark.parametrize("location", ODD_LOCATIONS)
    def test_a_location_that_is_not_inside_is_refused(self, storage: BlobStorage, location: str) -> None:
        """A row may be damaged or foreign."""
        for method in (storage.load, storage.open):
            with pytest.raises(StorageError):
                method(location)

    @pytest.mark.parametrize("location", ODD_LOCATIONS)
    def test_deleting_what_is_not_inside_does_no_harm(self, storage: BlobStorage, location: str) -> None:
        """It may be refused, but what is there stays there."""
        kept = storage.save(KEY, b"data")
        with suppress(StorageError):
            storage.delete(location)
        assert storage.load(kept) == b"data"
