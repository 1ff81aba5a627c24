import tracemalloc
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from beautyspot.errors import DamagedEntryError
from beautyspot.serializers import MsgpackSerializer
from beautyspot.testing.serializer import assert_same

MIB = 1 << 20
BIG: list[Any] = [
    bytes(MIB),
    bytes(MIB - 1),
    bytearray(2 * MIB),
    {"a": [bytes(MIB), (bytearray(MIB), "text")], "b": bytes(MIB)},
    memoryview(bytes(8 * MIB)).cast("d"),
    "x" * 2 * MIB,
    [1, (2,)],
]


@pytest.mark.parametrize("value", BIG, ids=lambda value: type(value).__name__)
def test_a_stream_gives_what_bytes_give(value: Any) -> None:
    serializer = MsgpackSerializer()
    data = serializer.dumps(value)
    assert b"".join(serializer.dump_parts(value)) == data
    assert_same(serializer.loads(data), value)
    assert_same(serializer.load_stream(BytesIO(data)), value)


def test_a_stream_is_read_from_where_it_stands() -> None:
    stream = BytesIO(b"before" + MsgpackSerializer().dumps((bytearray(2 * MIB), 1)))
    stream.seek(6)
    assert MsgpackSerializer().load_stream(stream) == (bytearray(2 * MIB), 1)


def test_big_buffers_are_handed_over_as_they_lie() -> None:
    array, data = np.ones(MIB), bytes(2 * MIB)
    parts = MsgpackSerializer().dump_parts({"array": array, "data": data})
    assert np.shares_memory(np.frombuffer(parts[1], np.uint8), array)
    assert parts[2].obj is data
    assert MsgpackSerializer().dump_parts(data)[1] is data


@pytest.mark.parametrize(
    "value", [bytes(32 * MIB), np.zeros(4 * MIB), (bytearray(32 * MIB), 1), pd.DataFrame({"a": np.zeros(4 * MIB)})],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_reading_takes_the_memory_of_one_value(value: Any, tmp_path: Path) -> None:
    serializer, path = MsgpackSerializer(), tmp_path / "blob"
    tracemalloc.start()
    with path.open("wb") as stream:
        stream.writelines(serializer.dump_parts(value))
    written = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    with path.open("rb") as stream:
        serializer.load_stream(stream)
    read = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert written < 8 * MIB
    assert read < 40 * MIB


@pytest.mark.parametrize("value", [bytes(MIB), [bytearray(MIB)]], ids=["bytes", "frame"])
def test_a_stream_that_is_cut_off_or_too_long_is_damage(value: Any) -> None:
    data = MsgpackSerializer().dumps(value)
    for damaged in (data[:-1], data[:100], data[:3], b"", data + b"x"):
        with pytest.raises(DamagedEntryError):
            MsgpackSerializer().load_stream(BytesIO(damaged))
        with pytest.raises(DamagedEntryError):
            MsgpackSerializer().loads(damaged)


def test_a_failing_stream_is_not_damage() -> None:
    class Broken(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        MsgpackSerializer().load_stream(Broken(b"x"))
