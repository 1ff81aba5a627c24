"""Pages of HTML and of PDF."""

from importlib import import_module
from threading import Lock
from typing import Any

import streamlit as st

from beautyspot_dashboard.texts import text
from beautyspot_dashboard.views.faults import NotThatKindError
from beautyspot_dashboard.views.shown import Shown
from beautyspot_dashboard.views.words import show_code

PIXELS = 1600
"""A page of a PDF is at most so wide."""
TALL_PIXELS = 20_000
AREA_PIXELS = 8_000_000
"""And has at most so many of all, which take 32 MB: a file of 300 bytes may say that its page is 20 metres long."""
PAGE_HEIGHT = 600
_pdfium = Lock()
"""The library must not be called by two threads at once."""


def show_page(shown: Shown, /) -> None:
    """Show HTML in a frame that reaches nothing of ours; its scripts run when the person says so."""
    scripts = st.toggle(text("run_scripts"), key=f"scripts-{shown.task.cache_key}", help=text("run_scripts_help"))
    # The answer at that address, not the frame, keeps it apart: Streamlit's frames may reach the page around them.
    st.iframe(shown.url(**({"scripts": "1"} if scripts else {})), height=PAGE_HEIGHT)
    with st.expander(text("source")):
        show_code(shown.text(), "html")


def show_pdf(shown: Shown, /) -> None:
    """Show one page of a PDF as a picture, so that nothing in it runs."""
    pdfium: Any = import_module("pypdfium2")  # 60 ms that only PDF needs; it has no types

    content: Any = shown.content
    content.seek(0)
    try:
        with _pdfium, pdfium.PdfDocument(content) as document:
            count = len(document)
            number = _page_number(shown, count)
            page = document[number - 1]
            picture = page.render(scale=scale_of(*page.get_size())).to_pil()
    except (pdfium.PdfiumError, ValueError, MemoryError) as error:
        raise NotThatKindError(str(error)) from error
    with st.container(border=True):
        st.image(picture, alt=text("page_of", number=number, count=count))


def scale_of(width: float, height: float, /) -> float:
    """Return how many pixels a point of a page gets."""
    return min(2.0, PIXELS / max(width, 1), TALL_PIXELS / max(height, 1), (AREA_PIXELS / max(width * height, 1)) ** 0.5)


def _page_number(shown: Shown, count: int) -> int:
    if count == 1:
        return 1
    return st.number_input(text("page", count=count), 1, count, key=f"page-{shown.task.cache_key}", width=160)
