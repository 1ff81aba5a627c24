import io
import os
from collections.abc import Callable

import pytest
from beautyspot.storage.streams import AHEAD_BYTES, MOST_AHEAD_BYTES, PART_BYTES, PartsReader, RangeReader, in_parallel

DATA = os.urandom(PART_BYTES * 2 + 12_345)


class Blob:
    """A blob that notes which ranges are fetched of it."""

    def __init__(self, data: bytes = DATA) -> None:
        self.data = data
        self.ranges: list[tuple[int, int]] = []

    def fill(self, start: int, view: memoryview) -> None:
        self.ranges.append((start, len(view)))
        view[:] = self.data[start : start + len(view)]

    def reader(self) -> RangeReader:
        return RangeReader(self.fill, len(self.data))


@pytest.fixture
def blob() -> Blob:
    return Blob()


def test_a_kilobyte_at_the_end_fetches_a_kilobyte(blob: Blob):
    reader = blob.reader()
    reader.seek(-1000, io.SEEK_END)
    assert reader.read(1000) == DATA[-1000:]
    assert blob.ranges == [(len(DATA) - 1000, 1000)]


def test_small_reads_share_requests_that_grow_while_they_go_straight_on(blob: Blob):
    reader = blob.reader()
    data = b"".join(iter(lambda: reader.read(10_000), b""))
    assert data == DATA
    assert len(blob.ranges) < 20
    assert max(length for _, length in blob.ranges) == MOST_AHEAD_BYTES


def test_middling_reads_share_requests_as_well(blob: Blob):
    reader = blob.reader()
    data = b"".join(iter(lambda: reader.read(256 * 1024), b""))
    assert data == DATA
    assert len(blob.ranges) < 20


@pytest.mark.parametrize(
    "use",
    [RangeReader.read, RangeReader.read1, RangeReader.tell, lambda r: r.seek(0), lambda r: r.readinto(bytearray(1))],
)
def test_a_closed_stream_reads_nothing_more(blob: Blob, use: Callable[[RangeReader], object]):
    with blob.reader() as reader:
        reader.read(10)
    with pytest.raises(ValueError, match=r"closed stream of .*; open the blob again"):
        use(reader)


def test_a_jump_fetches_little_again(blob: Blob):
    reader = blob.reader()
    for start in (0, 20_000_000, 10_000_000):
        reader.seek(start)
        assert reader.read(10) == DATA[start : start + 10]
    assert {length for _, length in blob.ranges} == {AHEAD_BYTES}


def test_a_big_read_goes_in_parts(blob: Blob):
    assert blob.reader().read() == DATA
    assert sorted(blob.ranges) == [(0, PART_BYTES), (PART_BYTES, PART_BYTES), (2 * PART_BYTES, 12_345)]


def test_memory_that_is_there_is_filled_in_place(blob: Blob):
    memory = bytearray(len(DATA) + 5)
    assert blob.reader().readinto(memory) == len(DATA)
    assert memory == DATA + bytes(5)


def test_nothing_is_begun_after_a_failure():
    begun: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        if number == 0:
            raise OSError("no")

    with pytest.raises(OSError, match="no"):
        in_parallel(work, range(10_000))
    assert len(begun) < 10_000


@pytest.mark.parametrize(("start", "stop"), [(0, 26), (3, 20), (10, 10), (25, 26)])
def test_parts_are_read_as_one_file(start: int, stop: int):
    parts = [memoryview(b"abc"), memoryview(b""), memoryview(b"defghijklmnop"), memoryview(b"qrstuvwxyz")]
    whole = b"abcdefghijklmnopqrstuvwxyz"[start:stop]
    reader = PartsReader(parts, start, stop)
    assert reader.read() == whole
    for piece in (1, 4, 7):
        reader.seek(0)
        assert b"".join(iter(lambda piece=piece: reader.read(piece), b"")) == whole
    assert reader.seek(-1, io.SEEK_END) == stop - start - 1 if stop > start else True
    assert reader.read() == whole[-1:]
