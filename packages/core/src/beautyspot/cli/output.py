"""Data to stdout, words to stderr: a table for a terminal, tab-separated lines for a pipe, JSON on request."""

import base64
import json
import math
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from rich.console import Console
from rich.table import Table
from rich.text import Text

from beautyspot.cli.text import clean, clean_line

SCHEMA = 1
"""Of every JSON document; it grows when a field goes or changes its meaning."""
MAX_DEPTH = 50


def print_json(document: Mapping[str, Any], /) -> None:
    """Print one document; pure ASCII, so it can't steer a terminal either."""
    print(json.dumps({"schema": SCHEMA, **cast("dict[str, Any]", plain(document))}, indent=2, allow_nan=False))


def plain(value: Any, /, depth: int = 0) -> Any:
    """Return `value` in the types that JSON has; bytes become `{"base64": …}`, what else it lacks its `repr`."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return {"base64": base64.b64encode(bytes(cast("bytes", value))).decode()}
    if depth >= MAX_DEPTH:
        return repr(value)
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value).items()
        return {key if isinstance(key, str) else repr(key): plain(each, depth + 1) for key, each in items}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each, depth + 1) for each in cast("Sequence[Any]", value)]
    return repr(value)


def print_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], /, *, right: Sequence[str] = ()
) -> None:
    """Print rows of text under their columns, those in `right` aligned to the right."""
    if not sys.stdout.isatty():
        # Never cut to the width of a terminal that isn't there: a script needs whole keys.
        for row in (columns, *rows):
            print("\t".join(clean_line(cell) for cell in row))
        return
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for index, column in enumerate(columns):
        table.add_column(
            Text(column, style="dim"),
            justify="right" if column in right else "left",
            no_wrap=index == 0 or column in right,
            overflow="fold",
        )
    for row in rows:
        # Text, not str: Rich would read [bold] in a name as markup.
        table.add_row(*(Text(clean_line(cell)) for cell in row))
    Console(highlight=False).print(table)


def print_text(text: str, /) -> None:
    """Print lines of a store's text."""
    print(clean(text))


def say(message: str, /) -> None:
    """Tell the user something that is no data."""
    print(clean(message), file=sys.stderr)
