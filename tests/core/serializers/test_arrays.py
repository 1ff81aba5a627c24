import struct
from typing import Any

import numpy as np
import pytest
from beautyspot.errors import DamagedEntryError, SerializationError
from beautyspot.serializers import MsgpackSerializer
from beautyspot.testing.serializer import assert_same

RECORD = np.dtype([("a", "<i4"), ("b", ">f8", (2,)), ("c", [("d", "U3")])])
ALIGNED = np.dtype({"names": ["a", "b"], "formats": ["u1", "f8"], "offsets": [0, 8], "itemsize": 16})

ARRAYS: list[Any] = [
    *(np.array([0, 1], code) for code in "?bBhHiIlLqQefdgFDG"),
    np.array([1, 2], ">i4"),
    np.arange(24).reshape(2, 3, 4),
    np.arange(6).reshape(2, 3).T,
    np.arange(6)[::2],
    np.asfortranarray(np.arange(8.0).reshape(2, 2, 2)),
    np.array(5),
    np.array("2020-01-01", "M8[D]"),
    np.zeros(0),
    np.zeros((0, 3), "f4"),
    np.zeros((3, 0), order="F"),
    np.array(["a", "日本"]),
    np.array([b"a", b"bcd"]),
    np.array(["2020-01-01", "NaT"], "M8[ns]"),
    np.array([1, 2], "m8[ms]"),
    np.array([(1, (2, 3), ("x",))], RECORD),
    np.zeros(2, ALIGNED),
    np.array([np.nan, np.inf, -0.0]),
    np.array([b"\x00\x01"], "V2"),
    np.broadcast_to(np.array([1]), (3, 3)),
]


def again(value: Any) -> Any:
    serializer = MsgpackSerializer()
    return serializer.loads(serializer.dumps(value))


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}-{array.shape}")
def test_an_array_comes_back_with_its_dtype_and_shape_and_can_be_written_to(array: Any) -> None:
    copy = again(array)
    assert type(copy) is np.ndarray
    assert (copy.dtype, copy.shape) == (array.dtype, array.shape)
    assert copy.tobytes() == array.tobytes()
    assert copy.flags.writeable
    assert again({"in": [(array,)]})["in"][0][0].tobytes() == array.tobytes()


def test_a_column_major_array_stays_one() -> None:
    assert again(np.asfortranarray(np.ones((3, 4)))).flags.f_contiguous


def test_an_array_of_objects_keeps_each_of_them() -> None:
    array = np.empty((2, 2), object)
    array[0] = [(1,), [2, 3]]
    array[1] = [None, np.float32(1.5)]
    copy = again(array)
    assert (copy.dtype, copy.shape) == (object, (2, 2))
    assert_same(copy.tolist(), array.tolist())


SCALARS: list[Any] = [
    np.float64(0.1),
    np.float32(0.1),
    np.int64(-1),
    np.uint8(255),
    np.longlong(3),
    np.longdouble(1) / 3,
    np.bool(True),
    np.complex64(1j),
    np.str_("x"),
    np.str_(""),
    np.bytes_(b"x"),
    np.bytes_(b""),
    np.datetime64("2020-01-01T00", "h"),
    np.datetime64("NaT", "ns"),
    np.timedelta64(3, "ms"),
]


@pytest.mark.parametrize("scalar", SCALARS, ids=lambda scalar: f"{type(scalar).__name__}-{scalar}")
def test_a_scalar_comes_back_as_a_scalar(scalar: Any) -> None:
    copy = again([scalar])[0]
    assert type(copy) is type(scalar)
    assert (copy.dtype, copy.tobytes()) == (scalar.dtype, scalar.tobytes())


def test_a_record_comes_back() -> None:
    record = np.array([(1, (2, 3), ("x",))], RECORD)[0]
    assert again(record).tobytes() == record.tobytes()
    assert again(record).dtype == RECORD


@pytest.mark.parametrize(
    "value",
    [np.ma.masked_array([1], [True]), np.zeros(1, [("a", "O")]), np.array(["a"], np.dtypes.StringDType())],
    ids=lambda value: type(value).__name__,
)
def test_what_would_change_is_refused(value: Any) -> None:
    with pytest.raises(SerializationError):
        again([value])


@pytest.mark.parametrize(
    "odd",
    [
        np.array(["ab", "c"]),
        np.array(["ab"], ">U2"),
        np.array([("ab", 1)], [("name", "U2"), ("n", "i4")]),
        np.array([["ab", "cd"]]).T,
        np.str_("ab"),
    ],
)
def test_text_with_numbers_of_no_character_is_damage(odd: Any) -> None:
    serializer = MsgpackSerializer()
    for letter in ("<I", ">I"):
        data = serializer.dumps(odd).replace(struct.pack(letter, ord("b")), struct.pack(letter, 0x110000))
        if data != serializer.dumps(odd):
            break
    assert serializer.loads(serializer.dumps(odd)).tolist() == odd.tolist()
    with pytest.raises(DamagedEntryError):
        serializer.loads(data)
