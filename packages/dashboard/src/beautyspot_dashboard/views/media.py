"""Pictures, sound and film: the browser fetches them from their own address, in the parts that it needs."""

import streamlit as st

from beautyspot_dashboard.views.shown import Shown


def show_picture(shown: Shown, /) -> None:
    """Show a picture; as one, an SVG runs no script and fetches nothing."""
    st.image(shown.url(), alt=shown.task.func_name)


def show_sound(shown: Shown, /) -> None:
    """Play sound."""
    st.audio(shown.url(), format=shown.kind)


def show_film(shown: Shown, /) -> None:
    """Play a film."""
    st.video(shown.url(), format=shown.kind)
