"""The script that Streamlit runs for every visit: the frame around the pages."""

from pathlib import Path

import streamlit as st

from beautyspot_dashboard.frame import show_framed
from beautyspot_dashboard.headings import show_pages
from beautyspot_dashboard.texts import text

HERE = Path(__file__).parent
NAMES = ("overview", "results", "runs", "limits", "maintenance")

pages = [st.Page(HERE / f"{name}.py", title=text(name), url_path=name) for name in NAMES]
# The first page's own link is empty, which a new tab takes for the page that it was opened from.
front = st.Page(HERE / f"{NAMES[0]}.py", title=text(NAMES[0]), url_path="front", default=True)
page = st.navigation([front, *pages], position="hidden")
# A file of our own: for an emoji or a Material icon the browser would ask a server elsewhere.
st.set_page_config(f"{page.title} · beautyspot", str(HERE.with_name("icon.png")), layout="wide")
show_pages([front, *pages[1:]] if page is front else pages, page)
show_framed(page.title, page.url_path or NAMES[0], page.run)
