"""Bytes of which nothing is known."""

import streamlit as st
from beautyspot.sizes import bytes_text

from beautyspot_dashboard.texts import text
from beautyspot_dashboard.views.shown import Shown

HEX_BYTES = 4096
WIDTH = 16


def show_hex(shown: Shown, /) -> None:
    """Show the first bytes as numbers and letters."""
    show_start(shown.start(HEX_BYTES), 0 if shown.content is None else shown.content.size_bytes)


def show_start(data: bytes, size_bytes: int, /) -> None:
    """Show the first bytes of `size_bytes`, which begin with `data`."""
    data = data[:HEX_BYTES]
    st.code("\n".join(_line(at, data[at : at + WIDTH]) for at in range(0, len(data), WIDTH)) or " ", language=None)
    if size_bytes > len(data):
        st.caption(text("cut", shown=bytes_text(len(data)), size=bytes_text(size_bytes)))


def _line(at: int, data: bytes) -> str:
    letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data)
    return f"{at:08x}  {data.hex(' '):<{WIDTH * 3 - 1}}  {letters}"
