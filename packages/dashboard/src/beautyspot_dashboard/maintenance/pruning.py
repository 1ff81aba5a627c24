"""Deleting results that nobody needs any more."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import Any

import pandas as pd
import streamlit as st
from beautyspot.durations import seconds
from beautyspot.maintenance import Deleted, Look, delete_tasks, least_used, tasks_of
from beautyspot.protocols import SupportsUses
from beautyspot.records import Task
from beautyspot.sizes import bytes_of

from beautyspot_dashboard.asking import checked
from beautyspot_dashboard.figures import bytes_text, count_text
from beautyspot_dashboard.grid import show_grid, time_column
from beautyspot_dashboard.maintenance.progress import Progress, ask, attempt, progress_bar, tell
from beautyspot_dashboard.place import Place
from beautyspot_dashboard.texts import text

SHOWN = 10
PREVIEW = "prune_preview"


@dataclass
class Preview:
    """What would go."""

    question: Mapping[str, Any]
    look: Look = field(default_factory=Look)
    oldest: list[Task] = field(default_factory=list[Task])


def show_pruning(place: Place, /) -> None:
    """Ask what is to go, show it, and delete it if the person agrees."""
    question = _ask_question(place)
    tell()
    if st.button(text("look"), key="prune_look", disabled=not question):
        st.session_state[PREVIEW] = attempt(lambda: _preview(place, question))
    preview: Preview | None = st.session_state.get(PREVIEW)
    if not question:
        st.caption(text("prune_needs_filter"))
    elif preview is not None and preview.question == question:
        _show(place, preview)


def _ask_question(place: Place) -> dict[str, Any]:
    names = [each.func_name for each in place.catalog().functions() if each.results]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        given: dict[str, Any] = {
            "function": st.selectbox(
                text("function"), names, index=None, key="prune_function", placeholder=text("any"), width=260
            ),
            "older_than": checked("prune_older_than", text("older_than"), seconds, "30d"),
            "tag": st.text_input(text("tag"), key="prune_tag", width=120),
            "version": st.text_input(text("version"), key="prune_version", width=120),
            "expired": st.checkbox(text("only_expired"), key="prune_expired"),
        }
        if not place.read_only:  # when results were last used, only a database opened for writing tells
            given["max_size"] = checked("prune_max_size", text("leave_at_most"), bytes_of, "5GB")
    return {name: value for name, value in given.items() if value not in (None, "", False)}


def _preview(place: Place, question: Mapping[str, Any]) -> Preview:
    with progress_bar("looking", place.catalog().size().tasks) as progress:
        return look(place, question, progress)


def look(place: Place, question: Mapping[str, Any], progress: Progress, /) -> Preview:
    """Return what `question` means now; raises as `chosen` does."""
    preview = Preview(question)
    tasks = _counted(preview.look.watch(chosen(place, question)), progress)
    preview.oldest = nsmallest(SHOWN, tasks, key=lambda task: task.updated_at)
    return preview


def _counted(tasks: Iterable[Task], progress: Progress) -> Iterator[Task]:
    for number, task in enumerate(tasks, 1):
        if number % 1000 == 0:
            progress(number)
        yield task


def chosen(place: Place, question: Mapping[str, Any], /) -> Iterator[Task]:
    """Yield what `question` means now."""
    catalog = place.catalog()
    filters = {name: value for name, value in question.items() if name != "max_size"}
    if "max_size" not in question:
        yield from tasks_of(catalog, **filters)
        return
    with closing(place.open_db()) as db:
        uses = db.uses if isinstance(db, SupportsUses) and catalog.source.has("uses") else None
        yield from least_used(lambda: tasks_of(catalog, **filters), uses, question["max_size"])


def _show(place: Place, preview: Preview) -> None:
    count = preview.look.count
    if not count:
        st.success(text("nothing_to_do"))
        return
    what = text("would_delete", count=count_text(count), size=bytes_text(preview.look.size_bytes))
    st.markdown(what)
    show_tasks(preview.oldest)
    if count > SHOWN:
        st.caption(text("oldest_of", shown=SHOWN, count=count_text(count)))
    if not place.read_only and st.button(text("delete", count=count_text(count)), key="prune_run"):
        ask(text("delete_question", count=count_text(count)), what, lambda: _delete(place, preview))


def show_tasks(tasks: Iterable[Task], /) -> None:
    """Show a row for each of `tasks`."""
    rows = [(task.func_name, task.updated_at, task.size_bytes, task.cache_key) for task in tasks]
    column = st.column_config
    show_grid(
        pd.DataFrame(rows, columns=["function", "kept", "size", "key"]),
        {
            "function": column.TextColumn(text("function"), width="large"),
            "kept": time_column("kept"),
            "size": column.NumberColumn(text("size")),
            "key": column.TextColumn(text("key"), width="small"),
        },
        alt=text("results"),
    )


def delete(place: Place, preview: Preview, progress: Progress, /) -> Deleted:
    """Delete what was looked at, as far as the question still means it and it was not kept anew since."""
    storage = place.storages[0] if place.storages else None
    with closing(place.open_db()) as db:
        tasks = preview.look.only_seen(chosen(place, preview.question))
        return delete_tasks(tasks, db, storage, progress=progress)


def _delete(place: Place, preview: Preview) -> str:
    with progress_bar("deleting", preview.look.count) as progress:
        done = delete(place, preview, progress)
    place.close()
    st.session_state.pop(PREVIEW, None)
    left = text("blobs_left", count=done.blobs_left) if done.blobs_left else ""
    return text("deleted", count=count_text(done.tasks), size=bytes_text(done.size_bytes)) + left
