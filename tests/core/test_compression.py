"""Values that are kept in fewer bytes."""

import itertools
import os
import sqlite3
import subprocess
import sys
import tracemalloc
import warnings
from contextlib import closing
from pathlib import Path
from typing import Any
from zlib import crc32

import beautyspot as bs
import pytest
import zstandard
from beautyspot.compression import ANY_RATIO_BYTES, LARGEST_RATIO, WORTH_BYTES, compress, decompress
from beautyspot.records import ZSTD_MAGIC

TEXT = "The quick brown fox jumps over the lazy dog. " * 400


def new_spot(folder: Path, **options: Any) -> bs.Spot:
    return bs.Spot("test", db=folder / "a.db", storage=folder / "blobs", **options)


def rows(folder: Path, columns: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "a.db")) as connection:
        return connection.execute(f"SELECT {columns} FROM tasks").fetchall()


@pytest.mark.parametrize("save_blob", [False, True])
def test_a_value_that_shrinks_is_kept_compressed_and_read_by_every_spot(tmp_path: Path, save_blob: bool):
    def long(n: int) -> str:
        return f"{n}{TEXT}"

    first = new_spot(tmp_path, compress="zstd").mark(save_blob=save_blob)(long)
    assert [first(1), first(1)] == [long(1)] * 2
    second = new_spot(tmp_path).mark(save_blob=save_blob)(long)
    assert (second(1), second.cache_info().hits) == (long(1), 1)
    ((compression, size_bytes),) = rows(tmp_path, "compression, size_bytes")
    assert compression == f"zstd {len(TEXT) + 4}"
    assert size_bytes < 500


def test_nothing_is_compressed_unless_that_is_asked_for(tmp_path: Path):
    new_spot(tmp_path).run(str.upper, TEXT)
    assert rows(tmp_path, "compression, size_bytes") == [(None, len(TEXT) + 3)]


@pytest.mark.parametrize("value", [b"", b"x" * (WORTH_BYTES - 10), os.urandom(100_000), os.urandom(3_000_000)])
def test_what_would_not_shrink_stays_as_it_is(tmp_path: Path, value: bytes):
    spot = new_spot(tmp_path, compress="zstd")
    keep = spot.mark(lambda n: value)
    assert [keep(1), keep(1)] == [value] * 2
    assert rows(tmp_path, "compression") == [(None,)]


def test_a_value_that_shrinks_below_the_limit_stays_in_its_row(tmp_path: Path):
    new_spot(tmp_path, compress="zstd").run(lambda: "x" * 1_000_000, _version="1")
    assert rows(tmp_path, "result_type") == [("DIRECT_BLOB",)]


def test_a_big_value_in_parts_comes_back(tmp_path: Path):
    import numpy as np

    spot = new_spot(tmp_path, compress="zstd")
    zeros = spot.mark(lambda n: {"a": np.zeros(n), "b": np.ones(n)})
    zeros(2_000_000)
    found = zeros(2_000_000)
    assert (found["a"].sum(), found["b"].sum(), zeros.cache_info().hits) == (0, 2_000_000, 1)


class Plain:
    """A serializer whose bytes may begin like a frame of zstd."""

    def dumps(self, value: bytes, /) -> bytes:
        return value

    def loads(self, data: Any, /) -> bytes:
        return bytes(data)


def test_bytes_that_only_look_compressed_are_left_alone(tmp_path: Path):
    value = ZSTD_MAGIC + b"no frame"
    keep = new_spot(tmp_path, serializer=Plain()).mark(lambda n: value)
    assert [keep(1), keep(1), keep.cache_info().hits] == [value, value, 1]


def test_every_changed_byte_is_a_counted_miss(tmp_path: Path):
    shout = new_spot(tmp_path, compress="zstd", memory_bytes=0).mark(str.upper)
    shout(TEXT)
    ((data,),) = rows(tmp_path, "result_data")
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for place, checksum in itertools.product(range(len(data)), ("checksum", "NULL")):
            changed = bytearray(data)
            changed[place] ^= 1
            connection.execute(f"UPDATE tasks SET result_data = ?, checksum = {checksum}", (bytes(changed),))
            connection.commit()
            assert shout(TEXT) == TEXT.upper()


def frame(value: bytes) -> bytes:
    parts, compression = compress([value])
    assert compression == f"zstd {len(value)}"
    return b"".join(parts)


def test_a_frame_of_another_size_is_not_begun():
    bomb = zeros_in_a_frame(50_000_000)
    assert len(bomb) < 10_000
    with pytest.raises(bs.DamagedEntryError, match="speaks of 50000000 bytes, but 1000 were compressed"):
        decompress(bomb, "zstd 1000")


def zeros_in_a_frame(count: int) -> bytes:
    """Return what `compress` makes of nothing, and somebody else of zeros."""
    return zstandard.ZstdCompressor(write_checksum=True).compress(bytes(count))


@pytest.mark.parametrize("size", [str(ANY_RATIO_BYTES + 1), "2000000000", "9" * 5000], ids=len)
def test_what_no_writer_compresses_so_much_is_refused_before_memory_is_taken(size: str):
    bomb = zeros_in_a_frame(ANY_RATIO_BYTES + 1)
    tracemalloc.start()
    try:
        with pytest.raises(
            bs.DamagedEntryError, match=r"^its row says that \d+ bytes become \d+, where at most 16777216"
        ):
            decompress(bomb, f"zstd {size}")
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_bomb_in_a_row_is_a_counted_miss(tmp_path: Path):
    keep = new_spot(tmp_path, compress="zstd", memory_bytes=0).mark(lambda n: TEXT)
    keep(1)
    bomb = zeros_in_a_frame(50_000_000)
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection, connection:
        values = (bomb, crc32(bomb), len(bomb), "zstd 50000000")
        connection.execute("UPDATE tasks SET result_data = ?, checksum = ?, size_bytes = ?, compression = ?", values)
    with pytest.warns(bs.CacheReadWarning, match="where at most 16777216 were compressed"):
        assert keep(1) == TEXT
    assert (keep.cache_info().hits, keep.cache_info().unreadable) == (0, 1)


def test_a_value_that_shrinks_like_a_bomb_is_kept_as_it_is_and_read(tmp_path: Path):
    zeros, noise = bytes(ANY_RATIO_BYTES), os.urandom(ANY_RATIO_BYTES // LARGEST_RATIO + 1000)
    keep = new_spot(tmp_path, compress="zstd").mark(lambda value: value, input_key_fn=lambda value: str(len(value)))
    for value in (zeros[:-100], zeros, zeros + noise):
        assert [keep(value), keep(value)] == [value] * 2
    assert keep.cache_info().hits == 3
    found = dict(rows(tmp_path, "input_id, compression"))
    assert [bool(found[str(len(value))]) for value in (zeros[:-100], zeros, zeros + noise)] == [True, False, True]


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data + b"x", lambda data: data[:5]])
def test_a_damaged_frame_is_a_damaged_entry(damage: Any):
    with pytest.raises(bs.DamagedEntryError, match=r"no whole zstd frame \("):
        decompress(damage(frame(TEXT.encode())), f"zstd {len(TEXT)}")


@pytest.mark.parametrize("said", ["", "zstd", "zstd many", "brotli 10"])
def test_a_row_that_speaks_of_another_compression_is_a_damaged_entry(said: str):
    with pytest.raises(bs.DamagedEntryError, match="which this release doesn't know"):
        decompress(frame(TEXT.encode()), said)


@pytest.mark.parametrize("name", ["gzip", "", 3, True])
def test_another_compression_is_refused(tmp_path: Path, name: Any):
    with pytest.raises(bs.ConfigurationError, match=r"compress got .*; give 'zstd', or None"):
        new_spot(tmp_path, compress=name)


MISSING = """
import sys, warnings
sys.modules["zstandard"] = None  # as if it were not installed
import beautyspot as bs
folder = sys.argv[1]
try:
    bs.Spot("test", compress="zstd", db=f"{folder}/a.db")
except bs.ConfigurationError as error:
    print(error)
with warnings.catch_warnings(record=True) as given:
    spot = bs.Spot("test", db=f"{folder}/a.db", storage=f"{folder}/blobs")
    print(len(spot.run(str.upper, "abc " * 1000)), [str(each.message) for each in given])
"""


def test_a_missing_library_is_named_when_a_spot_asks_for_it_and_when_a_value_needs_it(tmp_path: Path):
    new_spot(tmp_path, compress="zstd").run(str.upper, "abc " * 1000)
    command = [sys.executable, "-c", MISSING, str(tmp_path)]
    said, warned = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert said == "\"compress='zstd'\" needs an extra; pip install 'beautyspot[zstd]'"
    assert warned.startswith("4000 [")
    assert warned.count("could not be read") == 1
    assert "pip install 'beautyspot[zstd]'" in warned
