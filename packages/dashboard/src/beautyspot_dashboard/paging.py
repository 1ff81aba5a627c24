"""A table of rows that the database gives a page at a time, and which of them are chosen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

import pandas as pd
import streamlit as st
from beautyspot.catalog import Page

from beautyspot_dashboard.figures import count_text
from beautyspot_dashboard.grid import show_grid
from beautyspot_dashboard.texts import text

T = TypeVar("T")
ROWS = 50
ROW_PX, HEADER_PX, MOST_PX = 35, 38, 640


@dataclass
class Snapshot(Generic[T]):
    """One page as it was when it was asked for.

    Streamlit knows a choice by its place. A page that was asked for again at each click would let the choice slip to
    another row when one is kept or deleted meanwhile.
    """

    question: Mapping[str, Any]
    page: Page[T]
    number: int
    """Of all snapshots of this visit; it is part of the table's name, so that no choice outlives its page."""
    cursors: list[str | None] = field(default_factory=lambda: [None])
    """Where this page and those before it begin."""
    before: list[int] = field(default_factory=lambda: [0])
    """Rows that a search looked at before each of these pages."""

    @property
    def is_short(self) -> bool:
        """Whether the page ended before it was full, and rows lie behind it."""
        return self.page.next is not None and len(self.page.rows) < ROWS

    @property
    def looked(self) -> int:
        """Rows that a search looked at up to the end of this page."""
        return self.before[-1] + (self.page.looked or 0)

    @property
    def is_past_the_end(self) -> bool:
        """Whether nothing is here, and something may be on a page before."""
        return not self.page.rows and self.page.next is None and len(self.cursors) > 1


@dataclass(frozen=True)
class Table(Generic[T]):
    """What a table asks and shows."""

    name: str
    ask: Callable[..., Page[T]]
    """Takes the question's words, `limit` and `after`."""
    frame: Callable[[Sequence[T]], pd.DataFrame]
    columns: Callable[[], Mapping[str, Any]]
    mode: Literal["single-row", "multi-row"] = "single-row"
    count: Callable[[Mapping[str, Any]], int] | None = None
    """Takes a question and returns how many rows there are, of which a search may have looked at some."""
    most_px: int = MOST_PX
    """Its height, at most."""

    def show(self, question: Mapping[str, Any], /) -> None:
        """Show a page of what `question` means; an empty page shows nothing."""
        snapshot = self.snapshot(question)
        if snapshot.page.rows:
            self._show(snapshot.page.rows, snapshot.number)
        if snapshot.is_short and self.count is not None:
            st.caption(text("looked_at", looked=count_text(snapshot.looked), count=count_text(self.count(question))))

    def ticked(self, question: Mapping[str, Any], /) -> list[T]:
        """Return the chosen rows, as they are before the table is shown as well."""
        snapshot = self.snapshot(question)
        answer: Any = st.session_state.get(f"{self.name}_{snapshot.number}")
        places: Sequence[int] = answer["selection"]["rows"] if answer else ()
        return [snapshot.page.rows[place] for place in places if place < len(snapshot.page.rows)]

    def untick(self, question: Mapping[str, Any], /) -> None:
        """Choose nothing of what `question` means."""
        if self.ticked(question):
            self.snapshot(question).number += 1

    def offer_pages(self, question: Mapping[str, Any], /) -> None:
        """Offer the pages beside the shown one, and a new look at it."""
        snapshot = self.snapshot(question)
        if len(snapshot.cursors) > 1 or snapshot.page.next is not None:
            is_first, is_last = len(snapshot.cursors) == 1, snapshot.page.next is None or snapshot.is_short
            st.button(text("previous_page"), on_click=self._back, args=(snapshot,), disabled=is_first)
            st.button(text("next_page"), on_click=self._on, args=(snapshot,), disabled=is_last)
        if snapshot.is_short and st.button(text("search_on"), type="primary", key=f"{self.name}_search"):
            self._search_on(snapshot)
            st.rerun()
        st.button(text("refresh"), on_click=self._turn, args=(snapshot,))

    def snapshot(self, question: Mapping[str, Any], /) -> Snapshot[T]:
        """Return the page that is shown, asked for now if `question` is another one than before."""
        held: Snapshot[T] | None = st.session_state.get(self._key)
        if held is None or held.question != question:
            held = Snapshot(question, self.ask(**question, limit=ROWS), 0 if held is None else held.number + 1)
            st.session_state[self._key] = held
        return held

    def forget(self) -> None:
        """Ask for the shown page anew, or if nothing is left of it for the one before; nothing is chosen then."""
        held: Snapshot[T] | None = st.session_state.get(self._key)
        if held is None:
            return
        self._turn(held)
        while held.is_past_the_end:
            self._back(held)

    @property
    def _key(self) -> str:
        return f"{self.name}_snapshot"

    def _show(self, rows: Sequence[T], number: int) -> None:
        show_grid(
            self.frame(rows),
            self.columns(),
            alt=text(self.name),
            key=f"{self.name}_{number}",
            on_select="rerun",
            selection_mode=self.mode,
            height=min(HEADER_PX + ROW_PX * len(rows), self.most_px),
        )

    def _back(self, snapshot: Snapshot[T]) -> None:
        snapshot.cursors.pop()
        snapshot.before.pop()
        self._turn(snapshot)

    def _on(self, snapshot: Snapshot[T]) -> None:
        snapshot.cursors.append(snapshot.page.next)
        snapshot.before.append(snapshot.looked)
        self._turn(snapshot)

    def _search_on(self, snapshot: Snapshot[T]) -> None:
        """Look further until a row more is found, or the last was looked at; any click ends it where it is."""
        count = max(1, self.count(snapshot.question) if self.count else 1)
        bar = st.progress(0.0, text("looking"))
        found: Page[T] = Page((), snapshot.page.next)
        while found.next is not None and not found.rows:
            found = self.ask(**snapshot.question, limit=ROWS, after=found.next)
            looked = (snapshot.page.looked or 0) + (found.looked or 0)
            snapshot.page = Page((*snapshot.page.rows, *found.rows), found.next, looked)
            snapshot.number += len(found.rows) > 0  # the table is another one
            bar.progress(min(1.0, snapshot.looked / count), f"{count_text(snapshot.looked)} / {count_text(count)}")

    def _turn(self, snapshot: Snapshot[T]) -> None:
        snapshot.page = self.ask(**snapshot.question, limit=ROWS, after=snapshot.cursors[-1])
        snapshot.number += 1
