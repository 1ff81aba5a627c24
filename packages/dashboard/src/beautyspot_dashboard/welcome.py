"""What a store that holds nothing yet says: how to keep a first result in it."""

import streamlit as st

from beautyspot_dashboard.place import Place
from beautyspot_dashboard.texts import text

EXAMPLE = """\
import beautyspot as bs

spot = bs.Spot({name!r}, db={database!r})

@spot.mark
def summarise(topic: str) -> str:
    ...  # slow, paid or limited

summarise("owls")  # runs
summarise("owls")  # comes from the store
"""


def show_first_steps(place: Place, /) -> None:
    """Say how to keep a first result."""
    st.info(text("no_results"))
    name = place.database.replace("\\", "/").rpartition("/")[2].partition(".")[0] or "mine"
    st.code(EXAMPLE.format(name=name, database=place.name), language="python")
