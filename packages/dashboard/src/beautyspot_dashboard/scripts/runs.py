"""The page of that name."""

import streamlit as st

from beautyspot_dashboard.texts import text

st.header(text("runs"))
