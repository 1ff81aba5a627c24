"""What stands above the parts of a page, above all headings, which a screen reader leads through it by."""

from collections.abc import Iterable

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from beautyspot_dashboard.address import left
from beautyspot_dashboard.texts import language, text

STYLE = """\
<style>
/* Streamlit leaves a fifth of a laptop's screen empty above a page. */
.stMainBlockContainer {padding-top: 1.5rem; padding-bottom: 4rem}
.stHeading h2 {font-size: 1.25rem; padding: 0.5rem 0 0.25rem}
.heard {position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%)}
/* What is kept was made for white paper: black words on nothing would not be seen in the dark. */
iframe[data-testid=stIFrame], [data-testid=stImage] img {background: white}
</style>
"""


def show_pages(pages: Iterable[StreamlitPage], shown: StreamlitPage, /) -> None:
    """Show a row of links to `pages`: Streamlit's own stays open over the page on a phone, on every page after.

    Each leads to its page as it was left, in one step of the browser's way back.
    """
    with st.container(horizontal=True, gap="xxsmall"):
        for each in pages:
            st.page_link(each, query_params=None if each is shown else left(each.url_path))


def show_title(title: str, /) -> None:
    """Say the page's name, and in which language, to those who hear it; who sees it has it in the navigation."""
    st.html(STYLE)
    st.html(
        f"<h1 class='heard'>{title}</h1><script>{language_script(language())}</script>", unsafe_allow_javascript=True
    )


def language_script(code: str, /) -> str:
    """Return what tells a screen reader the language to speak the page in: Streamlit's own page says English."""
    return f"document.documentElement.lang = '{code}'"


def show_heading(words: str, /, *, explanation: str | None = None) -> None:
    """Show what a part of the page is called; `words` are Markdown."""
    st.header(words, anchor=False, help=explanation)


def say_if_foreign() -> None:
    """Say that messages of the library follow, where the page is in another language than they are."""
    if language() != "en":
        st.caption(text("in_english"))
