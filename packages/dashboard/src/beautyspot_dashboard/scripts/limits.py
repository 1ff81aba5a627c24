"""The page of limits, as Streamlit runs it."""

from beautyspot_dashboard.limits import page

page()
