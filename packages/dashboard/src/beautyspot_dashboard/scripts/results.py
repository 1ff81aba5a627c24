"""The page of kept results, as Streamlit runs it."""

from beautyspot_dashboard.results import page

page()
