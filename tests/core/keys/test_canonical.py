"""What the standard types and classes with fields are keyed by: equal content agrees, anything else differs."""

import argparse
import array
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import io
import ipaddress
import itertools
import math
import operator
import pathlib
import re
import string
import sys
import types
import typing
import uuid
import zoneinfo
from typing import Any

import pydantic
import pytest
from beautyspot.errors import UnkeyableArgument
from beautyspot.keys import KeyRegistry
from beautyspot.keys.canonical import Canonical, pack


def key(value: Any) -> bytes:
    return pack(Canonical(KeyRegistry()).form(value))


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Shade(enum.Enum):
    RED = 1


class Word(enum.StrEnum):
    A = "a"


class Number(enum.IntEnum):
    ONE = 1


class Bits(enum.Flag):
    X = 1
    Y = 2


@dataclasses.dataclass
class D1:
    x: Any
    y: Any = None


@dataclasses.dataclass
class D2:
    x: Any
    y: Any = None


@dataclasses.dataclass(slots=True)
class D3:
    x: Any


class Pair(typing.NamedTuple):
    x: int
    y: int


Other = collections.namedtuple("Other", "x y")


class MyStr(str):
    __slots__ = ()


class MyList(list[Any]):
    pass


class MyDict(dict[Any, Any]):
    def __getitem__(self, name: Any) -> Any:
        return "lies"


class MyDate(datetime.date):
    pass


class M1(pydantic.BaseModel):
    x: Any = 1
    secret: pydantic.SecretStr | None = None


class M2(pydantic.BaseModel):
    x: Any = 1
    secret: pydantic.SecretStr | None = None


class Open(pydantic.BaseModel, extra="allow"):
    x: int = 1


def tagged(value: Any, note: Any) -> Any:
    value.note = note
    return value


def double(x: int) -> int:
    return 2 * x


def triple(x: int) -> int:
    return 3 * x


def adder(n: int) -> Any:
    return lambda x: x + n


UTC, TOKYO = datetime.UTC, zoneinfo.ZoneInfo("Asia/Tokyo")
MOMENT = datetime.datetime(2024, 1, 2, 3, 4, 5)

DISTINCT: list[Any] = [
    *(1, 1.0, True, "1", b"1", 0, 0.0, -0.0, False, None, "", b"", "None", 2**64, -(2**64), 2**100, -1, 2.5),
    *(math.nan, math.inf, -math.inf, 1j, 1 + 0j, complex(0, -0.0), "\ud800", "\udfff", "?", "é", "e\u0301"),
    *([], (), {}, set(), frozenset(), [[]], [()], ([],), [None], [1, 2], (1, 2), {1, 2}, frozenset((1, 2)), [1, [2]]),
    *([1, 2.0], ["1", 2], [2**64], {"a": 1}, {"a": 1.0}, {"a": [1]}, {"b": 1}, {1: "a"}, {1.0: "a"}, {True: "a"}),
    *({"1": "a"}, {None: 1}, {(1, 2): 3}, {(1,): 3}, [["a", 1]], [("a", 1)], {"a": {}}, {"a": []}, {b"a": 1}),
    *({1: 2, "1": 2}, {"tuple": 1}, ["tuple"], [b"tuple"], bytearray(b"1"), bytearray(), memoryview(b"1")),
    *(collections.OrderedDict(a=1, b=2), collections.OrderedDict(b=2, a=1), {"a": 1, "b": 2}),
    *(collections.defaultdict(int, a=1), collections.defaultdict(list, a=1), collections.Counter("a")),
    *(collections.deque([1]), collections.deque([1], 3), types.MappingProxyType({"a": 1})),
    *(argparse.Namespace(a=1), argparse.Namespace(a=2), string.Template("$a"), string.Template("$b")),
    *(types.SimpleNamespace(a=1), array.array("i", [1]), array.array("l", [1])),
    *(range(3), range(1, 3), slice(3), slice(None, 3, 1), ..., NotImplemented),
    *(Colour.RED, Colour.BLUE, Shade.RED, Word.A, "a", Number.ONE, Bits.X, Bits.X | Bits.Y, "Colour.RED", "RED"),
    *(D1(1), D2(1), D3(1), D1("1"), D1(1, 2), {"x": 1, "y": None}, D1([]), D1(()), Pair(1, 2), Other(1, 2)),
    *(M1(), M2(), M1(x=2), M1(x="1"), M1(secret=pydantic.SecretStr("a")), M1(secret=pydantic.SecretStr("b"))),
    *(Open(), Open(z=1), pydantic.AnyUrl("http://a/"), pydantic.HttpUrl("http://a/"), "http://a/"),  # type: ignore[call-arg]
    *(MyStr("a"), MyStr("b"), MyList([1, 2]), tagged(MyList([1, 2]), 1), MyDict(a=1), MyDict(a=2)),
    *(pathlib.PurePosixPath("a"), pathlib.PurePosixPath("b"), pathlib.PureWindowsPath("a")),
    *(MOMENT, MOMENT.replace(fold=1), MOMENT.replace(tzinfo=UTC), MOMENT.replace(tzinfo=TOKYO), str(MOMENT)),
    MOMENT.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=9))),
    *(MOMENT.date(), MOMENT.time(), MOMENT.time().replace(tzinfo=UTC), MyDate(2024, 1, 2), "2024-01-02"),
    *(datetime.timedelta(1), datetime.timedelta(0, 1), datetime.timedelta(0, 0, 1), UTC, TOKYO, "Asia/Tokyo"),
    *(decimal.Decimal("1.0"), decimal.Decimal("1.00"), decimal.Decimal(1), decimal.Decimal("1.5"), "1.5", 1.5),
    *(fractions.Fraction(1), fractions.Fraction(3, 2), uuid.UUID(int=1), uuid.UUID(int=2), str(uuid.UUID(int=1))),
    *(ipaddress.ip_address("::1"), ipaddress.ip_address("1.1.1.1"), ipaddress.ip_network("1.1.1.1/32"), "::1"),
    *(re.compile("a"), re.compile("a", re.IGNORECASE), re.compile(b"a"), ast_like := ("a", 32)),
    *(int, str, D1, D2, M1, M2, Colour, Shade, Pair, Any, list[int], list[str], int | None, int | str),
    *(typing.Optional[str], typing.Literal["a"], typing.Literal["b"], typing.List, list),  # noqa: UP006, UP045
    *(len, abs, str.upper, str.lower, "a".upper, "b".upper, [].append, [1].append, math.sin, math, re),
    *(double, triple, adder(1), adder(2), lambda x: x, lambda x: x + 1, lambda y: y),
    *(functools.partial(double), functools.partial(double, 1), functools.partial(double, x=1)),
    *(functools.partial(triple, 1), D1(1).__eq__, D1(2).__eq__, operator.itemgetter(1), operator.itemgetter("1")),
    *(operator.attrgetter("a"), operator.methodcaller("a"), operator.methodcaller("a", 1)),
]


def test_no_two_contents_share_a_form():
    seen: dict[bytes, Any] = {}
    for value in DISTINCT:
        assert key(value) not in seen, (value, seen[key(value)])
        seen[key(value)] = value


EQUAL: list[tuple[Any, Any]] = [
    ({"a": 1, "b": [2]}, {"b": [2], "a": 1}),
    ({1: 2, "1": 2, None: 3}, {None: 3, "1": 2, 1: 2}),
    ({"x", 1, None, (1, 2)}, {(1, 2), None, 1, "x"}),
    (math.nan, -math.nan),
    ([math.nan, 1.5], [math.inf - math.inf, 1.5]),
    (complex(math.nan, 1), complex(-math.nan, 1)),
    (pathlib.Path("a/b"), pathlib.PurePath("a/b")),
    (D1({"a": 1, "b": 2}), D1({"b": 2, "a": 1})),
    (M1(x={"a": 1, "b": 2}), M1.model_validate({"x": {"b": 2, "a": 1}})),
    (uuid.UUID(int=5), uuid.UUID(str(uuid.UUID(int=5)))),
    (adder(1), adder(1)),
    (collections.Counter("ab"), collections.Counter("ba")),
    (functools.lru_cache(double), double),
]


@pytest.mark.parametrize(("one", "two"), EQUAL, ids=lambda value: type(value).__name__)
def test_equal_content_agrees(one: Any, two: Any):
    assert key(one) == key(two)


def test_a_path_keeps_its_key_after_use():
    path = pathlib.Path("a") / "b"
    before = key(path)
    _ = str(path), hash(path), path.parts, path.suffix
    assert key(path) == before


def test_a_client_that_makes_up_attributes_is_refused():
    class Client:
        def __getattr__(self, name: str) -> Any:
            return double

        def __call__(self) -> None: ...

    with pytest.raises(UnkeyableArgument, match="has no content"):
        key(Client())


UNKEYABLE: list[Any] = [
    object(),
    iter([1]),
    (n for n in ()),
    itertools.count(),
    io.StringIO("a"),
    io.BytesIO(b"a"),
    sys.stdout,
    ValueError("a"),
    {}.keys(),
    zip([], [], strict=True),
    sys._getframe(),
    types.coroutine,
]


@pytest.mark.parametrize("value", UNKEYABLE[:-1], ids=lambda value: type(value).__name__)
def test_what_says_nothing_of_its_content_is_refused(value: Any):
    with pytest.raises(UnkeyableArgument, match="has no content"):
        key([value])


def test_two_local_classes_of_one_name_differ_by_their_code():
    def make(n: int) -> type:
        class Local:
            def run(self) -> int:
                return 1

        class Other:
            def run(self) -> int:
                return 2

        Other.__qualname__ = Local.__qualname__
        return (Local, Other)[n]

    assert key(make(0)) == key(make(0)) != key(make(1))


def test_functions_that_call_each_other_are_keyed():
    def pair(n: int) -> Any:
        def even(x: int) -> Any:
            return x == 0 or odd(x - n)

        def odd(x: int) -> Any:
            return x != 0 and even(x - n)

        return even

    assert key(pair(1)) == key(pair(1)) != key(pair(2))
