"""Pictures, sound and film: the browser fetches them from their own address, in the parts that it needs."""

import streamlit as st

from beautyspot_dashboard.texts import text
from beautyspot_dashboard.views.faults import NotThatKindError
from beautyspot_dashboard.views.shown import Shown

LOOKED_BYTES = 4096
"""Of a picture; an SVG may begin with a comment or a document type."""


def show_picture(shown: Shown, /) -> None:
    """Show a picture; as one, an SVG runs no script and fetches nothing."""
    if not is_drawable(shown.start(LOOKED_BYTES)):
        raise NotThatKindError(text("no_picture"))
    st.image(shown.url(), alt=shown.task.func_name)


def is_drawable(start: bytes, /) -> bool:
    """Say whether bytes begin as a picture does that every browser draws."""
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return start[12:16] == b"IHDR"
    is_riff, is_boxed = start.startswith(b"RIFF"), start[4:8] == b"ftyp"
    return (
        start.startswith((b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM"))
        or (is_riff and start[8:12] == b"WEBP")
        or (is_boxed and start[8:12] in (b"avif", b"avis"))
        or b"<svg" in start.replace(b"\0", b"")  # in any encoding
    )


def show_sound(shown: Shown, /) -> None:
    """Play sound."""
    st.audio(shown.url(), format=shown.kind)
    st.caption(text("nothing_plays"))


def show_film(shown: Shown, /) -> None:
    """Play a film."""
    st.video(shown.url(), format=shown.kind)
    st.caption(text("nothing_plays"))
