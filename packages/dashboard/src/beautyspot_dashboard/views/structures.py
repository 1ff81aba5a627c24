"""Values with parts: JSON, and whatever else a function may return."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, cast

import streamlit as st
from beautyspot.sizes import bytes_text

from beautyspot_dashboard.letters import integer_text, repr_text, sendable
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
    except (ValueError, RecursionError, MemoryError) as error:
        raise NotThatKindError(str(error)) from error
    show_parts(value, shown.task.cache_key)


def show_value(shown: Shown, /) -> None:
    """Show any value that is neither bytes nor text."""
    show_parts(shown.value(), shown.task.cache_key)


def show_parts(value: Any, key: str, /) -> None:
    """Show a value by its type; `key` tells it from others on the page."""
    if tables.is_table(value):
        tables.show_table(value, key)
    elif isinstance(value, Mapping | list | tuple | set | frozenset):
        st.json(_bounded(value), expanded=2)
    else:
        words = sendable(value) if isinstance(value, str) else repr_text(value)
        st.code(words, language=None, wrap_lines=True)


def _bounded(value: Any, depth: int = 0) -> Any:
    """Return `value` in the types of JSON, without what would be too much for a page."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):  # JavaScript would round it
        return value if abs(value) < 2**53 else _cut(integer_text(value))
    if isinstance(value, str):
        return _cut(sendable(value))
    if isinstance(value, bytes | bytearray | memoryview):
        return text("some_bytes", size=bytes_text(len(cast("bytes", value))))
    if depth >= DEPTH:
        return "…"
    if isinstance(value, Mapping):
        return _named(cast("Mapping[Any, Any]", value), depth)
    if isinstance(value, list | tuple | set | frozenset):
        sized = cast("list[Any]", value)
        return _listed(sized, len(sized), depth)
    return repr_text(value)


def _cut(words: str) -> str:
    more = len(words) - LETTERS
    return words if more <= 0 else f"{words[:LETTERS]}… ({text('more_letters', count=more)})"


def _named(items: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    first = list(islice(items.items(), ITEMS))
    words = [_cut(sendable(key) if isinstance(key, str) else repr_text(key)) for key, _ in first]
    found: list[Any] = [_bounded(each, depth + 1) for _, each in first]
    if len(items) > ITEMS:
        words, found = [*words, "…"], [*found, text("more_items", count=len(items) - ITEMS)]
    # 1 and "1" are two keys, of which JSON would show the last alone.
    return dict(zip(tables.distinct(words), found, strict=True))


def _listed(items: Iterable[Any], count: int, depth: int) -> list[Any]:
    found = [_bounded(each, depth + 1) for each in islice(items, ITEMS)]
    return found + ([text("more_items", count=count - ITEMS)] if count > ITEMS else [])
