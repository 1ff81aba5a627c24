import math
from collections import Counter, OrderedDict, defaultdict, deque
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from ipaddress import ip_address, ip_interface, ip_network
from pathlib import Path, PurePosixPath, PureWindowsPath
from threading import Thread
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from beautyspot.content_types import ContentType
from beautyspot.errors import SerializationError
from beautyspot.serializers import MsgpackSerializer
from beautyspot.testing.serializer import assert_same
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

BERLIN = ZoneInfo("Europe/Berlin")

VALUES: list[Any] = [
    2**63, 2**64, -(2**63) - 1, 2**10_000, -(2**64), 255**20,
    1j, complex(math.nan, -0.0), -math.inf, -0.0,
    "\ud800", ("\udcff", {"\ud800": "\udfff"}),
    bytearray(b"x"), bytearray(), memoryview(b"abc"), memoryview(bytearray(b"abc")), memoryview(b"12345678").cast("i"),
    memoryview(b"12345678").cast("h", [2, 2]), memoryview(b"abcdef")[::2], memoryview(b""),
    [bytearray(b"\xc4"), {"k": [memoryview(b"m"), b"b"]}], (bytearray(b"in a tuple"), [bytearray(b"deeper")]),
    (), (1,), (1, (2, (3, [4, (5,)]))), [(), [()]], set(), {1, "a", (2, 3)}, frozenset({frozenset({1}), b"x"}),
    {(1, 2): "tuple", None: 0, True: 1, 2.5: 2, b"b": 3, frozenset({1}): 4, UUID(int=7): 5, date(2024, 1, 1): 6},
    OrderedDict([("b", 1), ("a", (2,))]), Counter("mississippi"), Counter({"a": -2}), deque([1, (2,)]), deque([1], 3),
    defaultdict(list, {"a": [1]}), defaultdict(None, {1: 2}), defaultdict(Counter, {1: Counter("a")}),
    range(3), range(10, 0, -2), slice(1, None, "x"), ..., [..., ...],
    Fraction(-3, 7), Fraction(2**100, 3), Decimal("1.50"), Decimal("-0"), Decimal("-Infinity"),
    Decimal("1E+999999"), UUID("12345678123456781234567812345678"),
    Path("a/b"), Path(), PurePosixPath("/x/é"), PureWindowsPath("C:\\x"),
    ip_address("127.0.0.1"), ip_address("fe80::1%eth0"), ip_network("10.0.0.0/8"), ip_network("::/0"),
    ip_interface("10.0.0.1/8"), ip_interface("::1/64"),
    datetime(2024, 2, 29, 1, 2, 3, 4), datetime.min, datetime.max, datetime(2024, 1, 1, tzinfo=UTC),
    datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN, fold=1), datetime(2024, 10, 27, 2, 30, fold=1),
    datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=9), "JST")),
    date(1, 1, 1), time(23, 59, 59, 999_999), time(1, tzinfo=UTC, fold=1), timedelta(-1, 5, 7), timedelta.max,
    UTC, timezone(timedelta(seconds=-1)), timezone(timedelta(hours=1), "X"), BERLIN, ContentType.PNG,
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_comes_back_in_type_and_value(value: Any) -> None:
    serializer = MsgpackSerializer()
    assert_same(serializer.loads(serializer.dumps(value)), value)
    nested = {"deep": [(value, [value])]}
    assert_same(serializer.loads(serializer.dumps(nested)), nested)


@pytest.mark.parametrize("value", [value for value in VALUES if getattr(value, "tzinfo", None)], ids=repr)
def test_a_zone_and_its_fold_come_back(value: Any) -> None:
    serializer = MsgpackSerializer()
    again = serializer.loads(serializer.dumps(value))
    assert_same(again.tzinfo, value.tzinfo)
    assert (again.fold, again.tzname(), again.utcoffset()) == (value.fold, value.tzname(), value.utcoffset())


def test_what_equality_overlooks_comes_back() -> None:
    serializer = MsgpackSerializer()
    factory, length, view = serializer.loads(
        serializer.dumps([defaultdict(int), deque([1], 3), memoryview(bytearray(b"1234")).cast("h")])
    )
    assert factory.default_factory is int
    assert length.maxlen == 3
    assert (view.format, view.readonly) == ("h", False)


def test_a_signalling_nan_stays_quiet_and_keeps_its_payload() -> None:
    serializer = MsgpackSerializer()
    assert str(serializer.loads(serializer.dumps([Decimal("sNaN123")]))[0]) == "sNaN123"


def test_equal_keys_of_different_types_stay_what_they_are() -> None:
    serializer = MsgpackSerializer()
    for key in (1, 1.0, True, "1", b"1", (1,)):
        (again,) = serializer.loads(serializer.dumps({key: 0}))
        assert_same(again, key)


KEY_SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.complex_numbers(allow_nan=False)
    | st.text() | st.binary() | st.datetimes(timezones=st.none() | st.just(UTC)) | st.dates() | st.timedeltas()
    | st.decimals(allow_nan=False) | st.fractions() | st.uuids() | st.characters(categories=["Cs"])
)  # fmt: skip
KEYS = KEY_SCALARS | st.lists(KEY_SCALARS, max_size=3).map(tuple) | st.frozensets(KEY_SCALARS, max_size=3)
ANY = st.recursive(
    KEY_SCALARS | st.floats() | st.complex_numbers() | st.binary().map(bytearray),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.lists(inner).map(deque)
    | st.dictionaries(KEYS, inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=3).map(OrderedDict)
    | st.sets(KEYS, max_size=3),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ANY)
def test_any_value_comes_back(value: Any) -> None:
    serializer = MsgpackSerializer()
    assert_same(serializer.loads(serializer.dumps(value)), value)


def test_five_hundred_levels_come_back_and_more_are_refused() -> None:
    serializer = MsgpackSerializer()
    for wrap in (lambda inner: [inner], lambda inner: (inner,), lambda inner: {1: inner}):
        value: Any = bytearray(b"x")
        for _ in range(490):
            value = wrap(value)
        data = serializer.dumps(value)
        assert serializer.dumps(serializer.loads(data)) == data
        for _ in range(2_000):
            value = wrap(value)
        with pytest.raises(SerializationError, match="nested too deep"):
            serializer.dumps(value)


def test_many_threads_share_one_serializer() -> None:
    serializer = MsgpackSerializer()
    values = [(number, {"x": [(number,)] * 50}) for number in range(40)]
    wrong: list[Any] = []

    def work(value: Any) -> None:
        wrong.extend(value for _ in range(20) if serializer.loads(serializer.dumps(value)) != value)

    threads = [Thread(target=work, args=(value,)) for value in values]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
