"""The table of the house's own types. To keep another, add a row with the next code; a code is never used again.

On disk such a value is a msgpack array of its parts with its codec's mark as the last item: extension 127
whose one byte is the codec's code.
"""

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from msgpack import ExtType

from beautyspot.serializers import arrays, classes, containers, frames, indexes, scalars, times
from beautyspot.serializers.chunks import take_chunk

EXTENSION = 127


class Codec(NamedTuple):
    """How one type becomes parts that can be kept, and comes back."""

    code: int
    name: str
    """`module:Name` of the class, or of its only instance."""
    encode: Callable[[Any], list[Any]]
    """Returns a new list of the parts; each may be anything that can be kept."""
    decode: Callable[[list[Any], Any], Any]
    """Takes the parts and the decoder. Whatever it raises makes the entry a damaged one."""

    @property
    def mark(self) -> ExtType:
        """What follows the parts on disk."""
        return MARKS[self.code]


def _internal(_: Any) -> list[Any]:
    raise AssertionError("the encoder writes these itself")


CODECS = (
    Codec(0, "", _internal, take_chunk),
    Codec(1, "", _internal, classes.decode_fields),
    Codec(2, "", _internal, classes.decode_enum),
    Codec(3, "", _internal, classes.decode_named_tuple),
    Codec(4, "", _internal, classes.decode_pydantic),
    Codec(8, "builtins:tuple", list, containers.decode_tuple),
    Codec(9, "builtins:set", list, containers.decode_set),
    Codec(10, "builtins:frozenset", list, containers.decode_frozenset),
    Codec(11, "collections:OrderedDict", containers.encode_pairs, containers.decode_ordered_dict),
    Codec(12, "collections:defaultdict", containers.encode_default_dict, containers.decode_default_dict),
    Codec(13, "collections:Counter", containers.encode_pairs, containers.decode_counter),
    Codec(14, "collections:deque", containers.encode_deque, containers.decode_deque),
    Codec(15, "builtins:range", scalars.encode_slice, scalars.decode_range),
    Codec(16, "builtins:slice", scalars.encode_slice, scalars.decode_slice),
    Codec(17, "builtins:Ellipsis", scalars.encode_nothing, scalars.decode_ellipsis),
    Codec(18, "builtins:int", scalars.encode_int, scalars.decode_int),
    Codec(19, "builtins:complex", scalars.encode_complex, scalars.decode_complex),
    Codec(20, "builtins:bytearray", scalars.encode_bytearray, scalars.decode_bytearray),
    Codec(21, "builtins:memoryview", scalars.encode_memoryview, scalars.decode_memoryview),
    Codec(22, "fractions:Fraction", scalars.encode_fraction, scalars.decode_fraction),
    Codec(23, "decimal:Decimal", scalars.encode_text, scalars.decode_decimal),
    Codec(24, "uuid:UUID", scalars.encode_uuid, scalars.decode_uuid),
    Codec(25, "pathlib:PurePosixPath", scalars.encode_text, scalars.decode_text("pathlib", "PurePosixPath")),
    Codec(26, "pathlib:PureWindowsPath", scalars.encode_text, scalars.decode_text("pathlib", "PureWindowsPath")),
    Codec(27, "pathlib:PosixPath", scalars.encode_text, scalars.decode_text("pathlib", "PosixPath")),
    Codec(28, "pathlib:WindowsPath", scalars.encode_text, scalars.decode_text("pathlib", "WindowsPath")),
    Codec(29, "ipaddress:IPv4Address", scalars.encode_text, scalars.decode_text("ipaddress", "IPv4Address")),
    Codec(30, "ipaddress:IPv6Address", scalars.encode_text, scalars.decode_text("ipaddress", "IPv6Address")),
    Codec(31, "ipaddress:IPv4Network", scalars.encode_text, scalars.decode_text("ipaddress", "IPv4Network")),
    Codec(32, "ipaddress:IPv6Network", scalars.encode_text, scalars.decode_text("ipaddress", "IPv6Network")),
    Codec(33, "ipaddress:IPv4Interface", scalars.encode_text, scalars.decode_text("ipaddress", "IPv4Interface")),
    Codec(34, "ipaddress:IPv6Interface", scalars.encode_text, scalars.decode_text("ipaddress", "IPv6Interface")),
    Codec(35, "beautyspot.content_types:ContentType", scalars.encode_value, scalars.decode_content_type),
    Codec(40, "datetime:datetime", times.encode_datetime, times.decode_datetime),
    Codec(41, "datetime:date", times.encode_date, times.decode_date),
    Codec(42, "datetime:time", times.encode_time, times.decode_time),
    Codec(43, "datetime:timedelta", times.encode_timedelta, times.decode_timedelta),
    Codec(44, "datetime:timezone", times.encode_timezone, times.decode_timezone),
    Codec(45, "zoneinfo:ZoneInfo", times.encode_zone, times.decode_zone),
    Codec(50, "numpy:ndarray", arrays.encode_array, arrays.decode_array),
    Codec(51, "numpy:generic", arrays.encode_scalar, arrays.decode_scalar),
    Codec(60, "pandas:DataFrame", frames.encode_frame, frames.decode_frame),
    Codec(61, "pandas:Series", frames.encode_series, frames.decode_series),
    Codec(62, "pandas:RangeIndex", indexes.encode_range_index, indexes.decode_range_index),
    Codec(63, "pandas:MultiIndex", indexes.encode_multi_index, indexes.decode_multi_index),
    Codec(64, "pandas:Index", indexes.encode_index, indexes.decode_index),
    Codec(65, "pandas:DatetimeIndex", indexes.encode_index, indexes.decode_index),
    Codec(66, "pandas:TimedeltaIndex", indexes.encode_index, indexes.decode_index),
    Codec(67, "pandas:CategoricalIndex", indexes.encode_index, indexes.decode_index),
    Codec(68, "pandas:PeriodIndex", indexes.encode_index, indexes.decode_index),
    Codec(69, "pandas:IntervalIndex", indexes.encode_index, indexes.decode_index),
    Codec(70, "pandas:Timestamp", indexes.encode_timestamp, indexes.decode_timestamp),
    Codec(71, "pandas:Timedelta", indexes.encode_pandas_timedelta, indexes.decode_pandas_timedelta),
    Codec(72, "pandas:NaT", scalars.encode_nothing, indexes.decode_nat),
    Codec(73, "pandas:NA", scalars.encode_nothing, indexes.decode_na),
    Codec(74, "pandas:Period", indexes.encode_period, indexes.decode_period),
    Codec(75, "pandas:Interval", indexes.encode_interval, indexes.decode_interval),
    Codec(76, "pandas:Categorical", indexes.encode_column, indexes.decode_column),
    Codec(80, "polars:DataFrame", frames.encode_polars, frames.decode_polars),
    Codec(81, "polars:Series", frames.encode_polars_series, frames.decode_polars_series),
)

BY_CODE = {codec.code: codec for codec in CODECS}
MARKS = {code: ExtType(EXTENSION, bytes([code])) for code in BY_CODE}

_found: dict[type, Codec] = {}


def codec_of(type_: type) -> Codec | None:
    """Return the codec of exactly `type_`.

    A class is recognised through its package in `sys.modules`, so nothing is imported to look at a value,
    and a class that only has the name of one of these is not taken for it.
    """
    codec = _found.get(type_)
    if codec is None:
        package = type_.__module__.partition(".")[0]
        codec = next((row for row in _BY_PACKAGE.get(package, ()) if _is_named(type_, row.name)), None)
        if codec is not None:
            _found[type_] = codec
    return codec


def _is_named(type_: type, name: str) -> bool:
    module, _, attribute = name.partition(":")
    public: Any = getattr(sys.modules.get(module), attribute, None)
    if name == "numpy:generic":  # the one abstract row: numpy has 24 scalar classes, and more by platform
        return public is not None and issubclass(type_, public)
    return public is not None and (type_ is public or (type(public) is type_ and not isinstance(public, type)))


def _by_package() -> dict[str, list[Codec]]:
    packages: dict[str, list[Codec]] = {}
    for codec in CODECS:
        packages.setdefault(codec.name.partition(":")[0].partition(".")[0], []).append(codec)
    return packages


_BY_PACKAGE = _by_package()
