"""A result as a file."""

import json
from mimetypes import guess_extension
from typing import Any

import streamlit as st
from beautyspot.errors import BeautySpotError
from beautyspot.records import Task

from beautyspot_dashboard.place import Place
from beautyspot_dashboard.routes.contents import address_of
from beautyspot_dashboard.texts import text

MOST_BYTES = 64 * 1024 * 1024
"""Of a value in parts, which is in memory twice while it becomes JSON."""


def offer_download(place: Place, task: Task, /) -> None:
    """Offer bytes and text as they are, and a value in parts as JSON; what can't be read has its word elsewhere."""
    try:
        content = place.values().open(task)
    except BeautySpotError:
        return
    if content is not None:
        with content:
            ending = _ending(task.content_type) or (".txt" if content.is_text else ".bin")
        st.link_button(text("download"), address_of(task, download=_name(task, ending)))
    elif (task.size_bytes or 0) <= MOST_BYTES:
        st.download_button(
            text("download_json"),
            lambda: as_json(place.values().read(task)),
            _name(task, ".json"),
            "application/json",
            on_click="ignore",
        )


def as_json(value: Any, /) -> str:
    """Return `value` as JSON, with the `repr` of what JSON lacks."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=repr, skipkeys=True)


def _name(task: Task, ending: str) -> str:
    return f"{task.func_name.rpartition('.')[2] or 'result'}-{task.cache_key[:8]}{ending}"


def _ending(content_type: str | None) -> str | None:
    return guess_extension((content_type or "").partition(";")[0].strip())
