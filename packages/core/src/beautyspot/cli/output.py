"""Data to stdout, words to stderr."""

import base64
import json
import math
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from beautyspot.cli.text import clean

SCHEMA = 1
"""Of every JSON document; it grows when a field goes or changes its meaning."""
MAX_DEPTH = 50


def print_json(document: Mapping[str, Any], /) -> None:
    """Print one document; pure ASCII, so it can't steer a terminal either."""
    print(json.dumps({"schema": SCHEMA, **cast("dict[str, Any]", plain(document))}, indent=2, allow_nan=False))


def plain(value: Any, /, depth: int = 0) -> Any:
    """Return `value` in the types that JSON has; bytes become `{"base64": …}`, what else it lacks its `repr`.

    What is nested deeper than `MAX_DEPTH` becomes an ellipsis.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return {"base64": base64.b64encode(bytes(cast("bytes", value))).decode()}
    if depth >= MAX_DEPTH and isinstance(value, Mapping | list | tuple | set | frozenset):
        return "…"
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value).items()
        return {key if isinstance(key, str) else repr(key): plain(each, depth + 1) for key, each in items}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each, depth + 1) for each in cast("Sequence[Any]", value)]
    return repr(value)


def print_text(text: str, /) -> None:
    """Print lines of a store's text."""
    print(clean(text))


def say(message: str, /) -> None:
    """Tell the user something that is no data."""
    print(clean(message), file=sys.stderr)
