"""A result as a file."""

from mimetypes import guess_extension

import streamlit as st
from beautyspot.errors import BeautySpotError
from beautyspot.records import Task

from beautyspot_dashboard.place import Place
from beautyspot_dashboard.results.forms import FORMS, fitting
from beautyspot_dashboard.routes.contents import address_of
from beautyspot_dashboard.texts import text
from beautyspot_dashboard.views.shown import kept_bytes

MOST_BYTES = 64 * 1024 * 1024
"""Of a value in parts, which is in memory twice while it becomes a file."""


def offer_download(place: Place, task: Task, /) -> None:
    """Offer bytes and text as they are, and a value in parts in a form that loses nothing of it.

    What can't be read has its word elsewhere.
    """
    try:
        content = place.values().open(task)
        if content is not None:
            with content:
                ending = _ending(task.content_type) or (".txt" if content.is_text else ".bin")
            st.link_button(text("download"), address_of(task, download=_name(task, ending)))
        elif (task.size_bytes or 0) <= MOST_BYTES:
            _offer_form(place, task, _form_of(place, task))
    except BeautySpotError:
        return


def _offer_form(place: Place, task: Task, name: str | None) -> None:
    form = None if name is None else FORMS[name]
    st.download_button(
        text("download_packed") if name is None else text("download_as", form=name),
        lambda: kept_bytes(place.values(), task) if form is None else form.write(place.values().read(task)),
        _name(task, ".msgpack" if form is None else form.ending),
        "application/vnd.msgpack" if form is None else form.content_type,
        on_click="ignore",
    )


# Once for each result: a value may be written and read back to see whether that loses something.
@st.cache_data(
    max_entries=1000,
    show_spinner=False,
    hash_funcs={Place: lambda place: place.name, Task: lambda task: (task.cache_key, task.updated_at)},
)
def _form_of(place: Place, task: Task) -> str | None:
    return fitting(place.values().read(task))


def _name(task: Task, ending: str) -> str:
    return f"{task.func_name.rpartition('.')[2] or 'result'}-{task.cache_key[:8]}{ending}"


def _ending(content_type: str | None) -> str | None:
    return guess_extension((content_type or "").partition(";")[0].strip())
