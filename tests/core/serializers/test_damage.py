import resource
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from beautyspot.errors import DamagedEntryError
from beautyspot.serializers import MsgpackSerializer
from beautyspot.serializers.codecs import Codec
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgpack import ExtType, packb


@dataclass
class Point:
    x: Any


def known() -> MsgpackSerializer:
    serializer = MsgpackSerializer()
    serializer.register(Point)
    serializer.register(Path, 7, str, Path)
    return serializer


SAMPLES = [
    {"a": [1, 2.5, None, True, "text", b"bytes"], "b": {"c": -1}},
    {(1, 2): {3, 4}, "d": frozenset({5}), "n": 2**80, "z": 1j},
    [datetime(2024, 1, 1, tzinfo=ZoneInfo("Europe/Berlin")), datetime.now(UTC), Decimal("1.5"), Path("a")],
    [Point(Point(1)), Path("x"), bytearray(b"abc"), memoryview(b"abcd").cast("h")],
    [np.arange(6).reshape(2, 3).T, np.array(["a"], object), np.float32(1), np.array(["2024"], "M8[Y]")],
    pd.DataFrame({"a": [1, 2], "b": ["x", None]}, index=pd.MultiIndex.from_product([["p"], [1, 2]])),
    [bytearray(1 << 20), np.zeros(1 << 17)],
]
DATA = [known().dumps(sample) for sample in SAMPLES]


def read(data: bytes) -> None:
    """Anything may come back, as long as it is a value or a damaged entry."""
    for load in (known().loads, lambda data: known().load_stream(BytesIO(data)), known().describe):
        try:
            value = load(data)
        except DamagedEntryError:
            continue
        assert not holds_codec(value)


def holds_codec(value: Any) -> bool:
    if isinstance(value, Codec):
        return True
    if isinstance(value, dict):
        return any(map(holds_codec, value.items()))
    return isinstance(value, list | tuple | set) and any(map(holds_codec, value))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(DATA)))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, min(len(data), 3000) - 1))
        data[place] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data)


@settings(max_examples=400, deadline=None)
@given(damaged())
def test_damaged_bytes_give_a_value_or_a_damaged_entry(data: bytes) -> None:
    read(data)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
@example(b"\xc1")
@example(b"\xc1\x00\x00\x00\x01\x90")
@example(b"\xc1\xff\xff\xff\xff")
@example(b"\xd4\x7f\x08")
@example(b"\x81\xd4\x7f\x08\xc0")
@example(b"\x91\x91\xd4\x7f\x08")
@example(b"\xd4\xff\x00")
def test_noise_gives_a_value_or_a_damaged_entry(data: bytes) -> None:
    read(data)


MARKS = st.integers(0, 90).map(lambda code: ExtType(127, bytes([code])))
PARTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=4)
    | st.binary(max_size=8) | MARKS
    | st.sampled_from(["U0", "O", "<f8", "category", "masked", "text", Point.__module__ + ".Point", "F"]),
    lambda inner: st.lists(inner, max_size=5)
    | st.tuples(st.lists(inner, max_size=5), MARKS).map(lambda pair: [*pair[0], pair[1]]),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(PARTS)
def test_marks_with_the_wrong_parts_give_a_value_or_a_damaged_entry(parts: Any) -> None:
    read(packb(parts))


def mark(code: int) -> ExtType:
    return ExtType(127, bytes([code]))


@pytest.mark.parametrize(
    "parts",
    [
        [mark(8), 1],
        {"a": mark(8)},
        [1, mark(255)],
        [ExtType(127, b""), 1],
        [[0, True, mark(0)]],
        ["os.system", "true", {}, mark(1)],
        ["builtins.eval", [], {}, mark(1)],
        ["../../../etc/passwd", mark(45)],
        ["os", mark(45)],
        ["posixpath", {}, mark(45)],
        ["<f8", [10**15], "C", b"", mark(50)],
        ["U0", [10**15], "C", b"", mark(50)],
        ["V0", [10**9], "C", b"", mark(50)],
        ["O", [3], "C", [], mark(50)],
        ["|O", [1], "C", b"12345678", mark(50)],
        [[["a", "|O"]], [1], "C", b"12345678", mark(50)],
        ["eval", "a", mark(12)],
        [10**30, mark(14)],
    ],
    ids=repr,
)
def test_bytes_made_up_with_malice_are_damage(parts: Any) -> None:
    data = packb(parts, default=lambda number: [b"\xff" * 20, mark(18)])
    with pytest.raises(DamagedEntryError):
        known().loads(data)


def test_lengths_that_lie_allocate_nothing() -> None:
    deep = b"\xdd\x00\xff\xff\xff" * 300 + bytes(1 << 20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for data in (
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        deep,
    ):
        with pytest.raises(DamagedEntryError):
            known().loads(data)
    grown_bytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * (
        1 if sys.platform == "darwin" else 1024
    )
    assert grown_bytes < 64 << 20


@pytest.mark.parametrize("wrap", [b"\x91", b"\x81\xc0", b"\xdc\x00\x01"], ids=["array", "map", "array16"])
def test_nesting_without_end_is_damage(wrap: bytes) -> None:
    with pytest.raises(DamagedEntryError):
        known().loads(wrap * 100_000 + b"\xc0")
    with pytest.raises(DamagedEntryError):
        known().loads(b"\x92" + wrap * 100_000 + b"\xc0\xd4\x7f\x08")


def test_extensions_nested_without_end_are_damage_even_on_a_small_stack() -> None:
    from threading import Thread, stack_size

    data = b"\xc0"
    for _ in range(2000):
        data = packb(ExtType(7, data))
    caught: list[Any] = []

    def work() -> None:
        try:
            known().loads(data)
        except DamagedEntryError as error:
            caught.append(error)

    before = stack_size(512 * 1024)
    thread = Thread(target=work)
    thread.start()
    stack_size(before)
    thread.join()
    assert len(caught) == 1
