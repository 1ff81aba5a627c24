"""The page of runs, as Streamlit runs it."""

from beautyspot_dashboard.runs import page

page()
