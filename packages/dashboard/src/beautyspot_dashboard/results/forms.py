"""Files in which a value in parts leaves the store, and whether one of them loses nothing of it."""

import json
import math
from collections.abc import Callable
from io import BytesIO
from typing import Any, NamedTuple, cast

import pandas as pd

from beautyspot_dashboard.letters import WRITTEN_BITS

DEPTH = 100
"""Of a deeper value nobody's JSON is sure."""


class Form(NamedTuple):
    """A kind of file."""

    ending: str
    content_type: str
    fits: Callable[[Any], bool]
    """Whether it loses nothing of a value."""
    write: Callable[[Any], bytes]


def fitting(value: Any, /) -> str | None:
    """Return the name of the first of `FORMS` that loses nothing of `value`; None if each would."""
    return next((name for name, form in FORMS.items() if form.fits(value)), None)


def is_json(value: Any, depth: int = 0, /) -> bool:
    """Say whether JSON has all that `value` says; a tuple becomes an array as a list does."""
    kind = cast("type[Any]", type(value))
    if kind is str:
        return value.isascii() or not any("\ud800" <= each <= "\udfff" for each in value)
    if value is None or kind is bool:
        return True
    if kind is int:  # Python writes no longer one
        return value.bit_length() <= WRITTEN_BITS
    if kind is float:
        return math.isfinite(value)
    if depth > DEPTH:
        return False
    if kind is dict:
        items = cast("dict[Any, Any]", value).items()
        return all(type(key) is str and is_json(key) and is_json(each, depth + 1) for key, each in items)
    return kind in (list, tuple) and all(is_json(each, depth + 1) for each in value)


def _write_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False).encode()


def _is_parquet(value: Any) -> bool:
    if not isinstance(value, pd.DataFrame):
        return False
    try:
        back = pd.read_parquet(BytesIO(_write_parquet(value)))
        pd.testing.assert_frame_equal(value, back, check_exact=True, check_freq=False)
        # To that comparison a bytearray is the bytes that Parquet makes of it.
        return all(_kinds(value, place) == _kinds(back, place) for place in range(value.shape[1]))
    except Exception:  # noqa: BLE001 - whatever it is that its columns hold, another form has it
        return False


def _kinds(frame: pd.DataFrame, place: int) -> list[type]:
    column = frame.iloc[:, place]
    return [type(each) for each in column] if column.dtype == object else []


def _write_parquet(value: Any) -> bytes:
    target = BytesIO()
    value.to_parquet(target)
    return target.getvalue()


FORMS = {
    "JSON": Form(".json", "application/json", is_json, _write_json),
    "Parquet": Form(".parquet", "application/vnd.apache.parquet", _is_parquet, _write_parquet),
}
