"""The page of maintenance, as Streamlit runs it."""

from beautyspot_dashboard.maintenance import page

page()
