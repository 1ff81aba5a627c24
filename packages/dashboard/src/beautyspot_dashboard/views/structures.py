"""Values with parts: JSON, and whatever else a function may return."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, cast

import streamlit as st
from beautyspot.sizes import bytes_text

from beautyspot_dashboard.texts import text
from beautyspot_dashboard.views import tables
from beautyspot_dashboard.views.faults import NotThatKindError
from beautyspot_dashboard.views.shown import Shown

ITEMS = 500
"""Of a longer list or dict the first are shown."""
LETTERS = 20_000
"""Of a longer text within a value, too."""
DEPTH = 40


def show_json(shown: Shown, /) -> None:
    """Show a text that holds JSON, foldable."""
    try:
        value = shown.parsed()
    except (ValueError, RecursionError) as error:
        raise NotThatKindError(str(error)) from error
    _show(value)


def show_value(shown: Shown, /) -> None:
    """Show any value that is neither bytes nor text."""
    _show(shown.value())


def _show(value: Any) -> None:
    if tables.is_table(value):
        tables.show_table(value)
    elif isinstance(value, Mapping | list | tuple | set | frozenset):
        st.json(_bounded(value), expanded=2)
    else:
        st.code(repr(value) if not isinstance(value, str) else value, language=None, wrap_lines=True)


def _bounded(value: Any, depth: int = 0) -> Any:
    """Return `value` in the types of JSON, without what would be too much for a page."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):  # JavaScript would round it
        return value if abs(value) < 2**53 else str(value)
    if isinstance(value, str):
        return (
            value
            if len(value) <= LETTERS
            else f"{value[:LETTERS]}… ({text('more_letters', count=len(value) - LETTERS)})"
        )
    if isinstance(value, bytes | bytearray | memoryview):
        return text("some_bytes", size=bytes_text(len(cast("bytes", value))))
    if depth >= DEPTH:
        return "…"
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value).items()
        found = {
            key if isinstance(key, str) else repr(key): _bounded(each, depth + 1) for key, each in islice(items, ITEMS)
        }
        return found | ({"…": text("more_items", count=len(items) - ITEMS)} if len(items) > ITEMS else {})
    if isinstance(value, list | tuple | set | frozenset):
        sized = cast("list[Any]", value)
        return _listed(sized, len(sized), depth)
    return repr(value)


def _listed(items: Iterable[Any], count: int, depth: int) -> list[Any]:
    found = [_bounded(each, depth + 1) for each in islice(items, ITEMS)]
    return found + ([text("more_items", count=count - ITEMS)] if count > ITEMS else [])
