"""Choices that the address holds, so that a view can be kept as a bookmark."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from beautyspot_dashboard.texts import PARAMETER

VISITED, LEFT, NAMED = "visited_page", "left_addresses", "named_in_address"


class Named(NamedTuple):
    """What a page put into the address."""

    ids: tuple[str, ...]
    is_ticked: bool
    """Whether because it was ticked, and not because a link named it."""


NOTHING = Named((), is_ticked=False)


def arrive(page: str, /) -> None:
    """Let the address go before the answers that a page had when it was left, if it names others.

    Streamlit itself keeps the answers of widgets that are bound to the address or have a `persist_state`, whatever
    becomes of the runs between: any of them may be stopped by the next click. Hence this comes first in a run.

    Args:
        page: Its name in the address.
    """
    is_new = st.session_state.get(VISITED) != page
    st.session_state[VISITED] = page
    if not is_new:
        return
    st.session_state.pop(NAMED, None)
    said = {name: st.query_params.get_all(name) for name in st.query_params if name != PARAMETER}
    if said not in ({}, left(page)):
        for name in {*said, *left(page)} & {str(key) for key in st.session_state}:
            del st.session_state[name]


def leave(page: str, /) -> None:
    """Remember what the address of a page holds, for the links that lead to it again."""
    addresses: dict[str, dict[str, list[str]]] = st.session_state.setdefault(LEFT, {})
    known = [name for name in st.query_params if name in st.session_state and name != PARAMETER]
    addresses[page] = {name: st.query_params.get_all(name) for name in known}


def left(page: str, /) -> dict[str, list[str]]:
    """Return what the address of a page held when it was left, but for the language: Streamlit keeps that itself.

    A click that comes soon after an answer may leave no run in which the address has it; the answer goes before.
    """
    addresses: dict[str, dict[str, list[str]]] = st.session_state.get(LEFT, {})
    answers = ((name, said, st.session_state.get(name)) for name, said in addresses.get(page, {}).items())
    return {name: [answer] if isinstance(answer, str) else said for name, said, answer in answers if answer != ""}


def is_moved(name: str, ticked: Sequence[str], /) -> bool:
    """Say whether the address names others under `name` than `followed` left there: by a link, or by the way back.

    Not if others are `ticked` since: a browser that ticks soon after a tick has not taken over that one's address yet.
    """
    named: Named = st.session_state.get(NAMED, NOTHING)
    are_ticks_as_left = tuple(ticked) == (named.ids if named.is_ticked else ())
    return are_ticks_as_left and st.query_params.get_all(name) != list(named.ids)


def followed(name: str, ticked: Sequence[str], /) -> list[str]:
    """Return what is shown: what is `ticked`, else what a link names; the address names it from now on.

    What the address names because it was ticked goes with its tick.
    """
    said = st.query_params.get_all(name)
    named: Named = st.session_state.get(NAMED, NOTHING)
    is_unticked = named.is_ticked and not ticked and said == list(named.ids)
    shown = list(ticked) or ([] if is_unticked else said)
    if shown and shown != said:  # each change is one step of the way back
        st.query_params[name] = shown
    elif said and not shown:
        del st.query_params[name]
    st.session_state[NAMED] = Named(tuple(shown), bool(ticked))
    return shown


def offered(name: str, options: Iterable[str], /) -> list[str]:
    """Return `options`, and what the answer under `name` or the address names beside them.

    Streamlit takes an answer away that is no option any more, and the address still has it: what was one function's
    results would be everybody's.
    """
    said = (st.session_state.get(name), st.query_params.get(name))
    return list(dict.fromkeys((*options, *filter(None, said))))


def may_match(question: Mapping[str, Any], /) -> bool:
    """Say whether anything can meet `question`: no text in PostgreSQL holds a zero byte, nor may one be asked for."""
    return not any(isinstance(value, str) and "\0" in value for value in question.values())


def choose(
    widget: Any, name: str, label: str, options: Sequence[str], default: str | None = None, **settings: Any
) -> str | None:
    """Show `widget` and return the chosen one of `options`.

    The address holds the option itself. Streamlit's own binding would put its label there, which is another one in
    each language.

    Args:
        widget: `st.selectbox` or `st.segmented_control`.
        name: In the address, and the widget's key.
        label: Of the widget.
        options: What can be chosen.
        default: Chosen without a word in the address, which then stays short.
        settings: More arguments of the widget.
    """
    if name not in st.session_state or _is_on_the_way_back():
        said = st.query_params.get(name)
        st.session_state[name] = said if said in options else default
    elif st.session_state[name] not in (*options, None):  # offered before, and not beside other answers
        st.session_state[name] = default
    chosen: str | None = widget(label, options, key=name, persist_state="session", **settings)
    if chosen is not None and chosen != default:
        st.query_params[name] = chosen
    elif name in st.query_params:
        del st.query_params[name]
    return chosen


def _is_on_the_way_back() -> bool:
    """Say whether the browser went back or forth; then its address is no trace of what was chosen before."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation
