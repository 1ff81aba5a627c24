"""What Streamlit runs: the frame, and a script for each page.

The folder is not called `pages`: beside a main script of its own Streamlit would take that for its older kind of app.
"""
