"""Parts of kept values, read without the rest."""

import io
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest
import zstandard
from beautyspot.catalog import Catalog, Content
from beautyspot.catalog.unpacked import Unpacked
from beautyspot.errors import DamagedEntryError
from beautyspot.storage.local import LocalStorage

Open = Callable[..., Content | None]


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    def opened(value: Any, **options: Any) -> Content | None:
        with bs.Spot("t", db=tmp_path / "t.db", storage=tmp_path / "blobs", **options) as spot:
            spot.run(lambda: value)
        with Catalog.open(tmp_path / "t.db") as catalog:
            (task,) = catalog.tasks().rows
            return catalog.values(LocalStorage(tmp_path / "blobs")).open(task)

    return opened


@pytest.mark.parametrize("length", [0, 1, 31, 32, 255, 256, 65_535, 65_536, 2_000_000])
@pytest.mark.parametrize(
    "make", [lambda length: bytes(range(256)) * (length // 256) + bytes(length % 256), "é".__mul__]
)
def test_bytes_and_text_of_any_length_open_at_their_first_byte(opened: Open, make: Any, length: int) -> None:
    value = make(length)
    content = opened(value)
    expected = value if isinstance(value, bytes) else value.encode()
    assert content is not None
    assert (content.size_bytes, content.is_text, content.read()) == (len(expected), isinstance(value, str), expected)


def test_a_part_in_the_middle_is_read_alone(opened: Open) -> None:
    content = opened(bytes(range(250)) * 1000)
    assert content is not None
    content.seek(250 * 500 + 7)
    assert content.read(3) == b"\x07\x08\x09"
    content.seek(-2, 2)
    assert content.read(100) == b"\xf8\xf9"
    assert content.read(1) == b""


def test_reading_past_the_end_finds_nothing(opened: Open) -> None:
    content = opened(b"abc")
    assert content is not None
    content.seek(50)
    assert content.read() == b""


def test_compressed_text_opens_as_it_was(opened: Open) -> None:
    content = opened("scenery " * 20_000, compress="zstd")
    assert content is not None
    assert content.read(8) == b"scenery "


@pytest.mark.parametrize("value", [None, 7, ["a"], {"a": b"b"}, (b"a", b"b" * 2_000_000)])
def test_other_values_have_no_content_of_their_own(opened: Open, value: Any) -> None:
    assert opened(value) is None


def test_a_blob_that_was_cut_off_is_damaged(opened: Open, tmp_path: Path) -> None:
    content = opened(b"x" * 200_000)
    assert content is not None
    content.close()
    (blob,) = (path for path in (tmp_path / "blobs").rglob("*") if path.is_file() and path.stat().st_size > 1000)
    blob.write_bytes(blob.read_bytes()[:100_000])
    with Catalog.open(tmp_path / "t.db") as catalog, pytest.raises(DamagedEntryError, match="should be 200005 bytes"):
        catalog.values(LocalStorage(tmp_path / "blobs")).open(catalog.tasks().rows[0])


def reopened(folder: Path) -> Content:
    with Catalog.open(folder / "t.db") as catalog:
        content = catalog.values(LocalStorage(folder / "blobs")).open(catalog.tasks().rows[0])
    assert content is not None
    return content


LONG = (b"%08d" * 3_000_000) % tuple(range(3_000_000))


def test_a_part_of_long_compressed_bytes_is_read_in_little_memory(tmp_path: Path, opened: Open) -> None:
    opened(LONG, compress="zstd")
    tracemalloc.start()
    try:
        content = reopened(tmp_path)
        for start in (20_000_000, 0, len(LONG) - 8, 16):
            content.seek(start)
            assert content.read(8) == LONG[start : start + 8]
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()
    assert (content.size_bytes, content.read(8)) == (len(LONG), LONG[24:32])


def test_long_compressed_bytes_are_read_whole_as_well(opened: Open) -> None:
    content = opened(LONG, compress="zstd")
    assert content is not None
    assert content.read() == LONG


@pytest.mark.parametrize("spoil", [lambda data: data[:-1000], lambda data: data[:-2] + b"??"], ids=["cut", "changed"])
def test_damage_in_long_compressed_bytes_is_said_when_it_is_met(tmp_path: Path, opened: Open, spoil: Any) -> None:
    opened(LONG, compress="zstd")
    (blob,) = (path for path in (tmp_path / "blobs").rglob("*") if path.is_file())
    blob.write_bytes(spoil(blob.read_bytes()))
    content = reopened(tmp_path)
    assert content.read(8) == LONG[:8]
    with pytest.raises(DamagedEntryError, match="run its call again"):
        content.read()


def test_a_long_value_whose_bytes_are_no_frame_says_so_at_once(tmp_path: Path, opened: Open) -> None:
    opened(LONG, compress="zstd")
    (blob,) = (path for path in (tmp_path / "blobs").rglob("*") if path.is_file())
    blob.write_bytes(b"x" * blob.stat().st_size)
    with pytest.raises(DamagedEntryError, match="no whole zstd frame"):
        reopened(tmp_path)


def test_a_compressed_stream_refuses_a_place_before_its_begin_and_reads_to_its_end() -> None:
    stream = Unpacked(io.BytesIO(zstandard.compress(b"0123456789")), 10)
    with pytest.raises(ValueError, match="negative seek position -1"):
        stream.seek(-11, io.SEEK_END)
    assert (stream.seek(-3, io.SEEK_END), stream.read(None)) == (7, b"789")
