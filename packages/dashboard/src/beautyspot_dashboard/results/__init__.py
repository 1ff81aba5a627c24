"""The page of kept results."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import streamlit as st
from beautyspot.errors import ConfigurationError
from beautyspot.records import Task

from beautyspot_dashboard import place
from beautyspot_dashboard.address import followed, is_moved, may_match
from beautyspot_dashboard.place import Place
from beautyspot_dashboard.results.comparison import show_comparison
from beautyspot_dashboard.results.deletion import offer_deletion
from beautyspot_dashboard.results.detail import show_detail
from beautyspot_dashboard.results.filters import ask_filters
from beautyspot_dashboard.results.table import table_of
from beautyspot_dashboard.texts import plain, text
from beautyspot_dashboard.welcome import show_first_steps

__all__ = ["page"]
KEY = "key"
"""In the address: the result that is shown, or two that are compared."""
ONE_VALUE, TWO_VALUES = (3, 2), (1, 2)
"""The width of the table, and of what is shown beside it."""


def page() -> None:
    """Show one row for each kept result, and what is chosen beside them."""
    shown = place.current()
    question = ask_filters(shown.catalog())
    if question is None or not may_match(question):
        st.info(text("unread_filter" if question is None else "no_match"))
        return
    table = table_of(shown.catalog())
    snapshot = table.snapshot(question)
    if is_moved(KEY, _keys(table.ticked(question))):
        table.untick(question)
    ticked = table.ticked(question)
    keys = followed(KEY, _keys(ticked))
    tasks = ticked or _linked(shown, keys)
    if snapshot.is_past_the_end:
        st.info(text("no_more"))
    elif not snapshot.page.rows and not snapshot.page.next:
        _show_nothing(shown, question)
    left, right = st.columns(TWO_VALUES if len(tasks) == 2 else ONE_VALUE, gap="medium")
    with left:
        table.show(question)
        with st.container(horizontal=True):
            table.offer_pages(question)
            offer_deletion(shown, table, tasks)
    with right:
        if tasks:
            _show_chosen(shown, _in_sight(tasks))
        elif snapshot.page.rows:
            st.caption(text("choose"))


def _in_sight(tasks: list[Task]) -> list[Task]:
    """Return those of the chosen ones that there is room to show."""
    return tasks if len(tasks) == 2 else tasks[-1:]


def _keys(tasks: list[Task]) -> list[str]:
    return [task.cache_key for task in _in_sight(tasks)]


def _show_chosen(place: Place, tasks: list[Task]) -> None:
    if len(tasks) == 2:
        show_comparison(place, tasks[0], tasks[1])
    else:
        show_detail(place, tasks[0])


def _show_nothing(place: Place, question: Mapping[str, Any]) -> None:
    function = question.get("function")
    if function is not None and not place.catalog().tasks(function=function, limit=1).rows:
        st.info(text("none_of_function", name=plain(function)))
    elif set(question) > {"order"}:
        st.info(text("no_match"))
    else:
        show_first_steps(place)


def _linked(place: Place, keys: Sequence[str]) -> list[Task]:
    """Return those results that are there."""
    found: list[Task] = []
    for key in keys[:2]:
        with suppress(ConfigurationError):
            if may_match({KEY: key}):
                found.append(place.catalog().task(key))
                continue
        st.warning(text("gone", key=plain(key)))
    return found
