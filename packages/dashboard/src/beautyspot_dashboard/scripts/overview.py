"""The overview, as Streamlit runs it."""

from beautyspot_dashboard.overview import page

page()
