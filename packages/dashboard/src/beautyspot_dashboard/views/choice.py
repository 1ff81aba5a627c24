"""Which view shows what."""

from collections.abc import Callable

import streamlit as st
from beautyspot.catalog import Content, ValueReader
from beautyspot.content_types import ContentType
from beautyspot.errors import BeautySpotError, DamagedEntryError, LostBlobError, StorageError
from beautyspot.records import Task
from beautyspot.sizes import bytes_text

from beautyspot_dashboard.headings import say_if_foreign
from beautyspot_dashboard.texts import plain, text
from beautyspot_dashboard.views import diagrams, hexes, media, papers, structures, tables, words
from beautyspot_dashboard.views.faults import NotThatKindError, say_undrawn
from beautyspot_dashboard.views.shown import VALUE_BYTES, Shown, kept_bytes

View = Callable[[Shown], None]
VIEWS: dict[str, View] = {
    ContentType.TEXT: words.show_text,
    ContentType.JSON: structures.show_json,
    ContentType.MARKDOWN: words.show_markdown,
    ContentType.HTML: papers.show_page,
    ContentType.MERMAID: diagrams.show_mermaid,
    ContentType.GRAPHVIZ: diagrams.show_graphviz,
    ContentType.CSV: tables.show_csv,
    ContentType.PDF: papers.show_pdf,
    ContentType.PARQUET: tables.show_parquet,
    ContentType.BYTES: hexes.show_hex,
}
FAMILIES: dict[str, View] = {"image": media.show_picture, "audio": media.show_sound, "video": media.show_film}
NAMED = (*VIEWS, *(each for each in ContentType if each not in VIEWS))
"""What a person can choose to see a value as."""


def show(task: Task, reader: ValueReader) -> None:
    """Show the value of `task` by its content type, or as what the person chooses instead.

    A value that can't be read, is not what its content type says, or is more than its view can draw, gets a sentence;
    nothing is raised for it.
    """
    try:
        content = reader.open(task)
        if content is None:
            _show_structure(task, reader)
        else:
            with content:
                _show_content(task, reader, content)
    except BeautySpotError as error:
        st.markdown(f"**{text('cannot_read_value')}**")
        if isinstance(error, DamagedEntryError | LostBlobError):
            st.markdown(text("value_lost" if isinstance(error, LostBlobError) else "value_damaged"))
        say_if_foreign()
        st.error(plain(str(error)))
        if isinstance(error, StorageError) and task.result_type == "FILE":  # it may lie wherever its program was told
            st.caption(text("lost_step"))


def _show_structure(task: Task, reader: ValueReader) -> None:
    if (task.size_bytes or 0) > VALUE_BYTES:
        st.info(text("too_big", size=bytes_text(task.size_bytes or 0), most=bytes_text(VALUE_BYTES)))
        return
    shown = Shown(task, reader, None, task.content_type or ContentType.JSON)
    if not _is_drawn(structures.show_value, shown):
        data = kept_bytes(reader, task)
        hexes.show_start(data, len(data))


def _show_content(task: Task, reader: ValueReader, content: Content) -> None:
    own = task.content_type or (ContentType.TEXT if content.is_text else ContentType.BYTES)
    kinds = [own, *(kind for kind in NAMED if kind != own)]
    kind = st.selectbox(text("show_as"), kinds, key=f"show-as-{task.cache_key}", width=320)
    shown = Shown(task, reader, content, kind)
    if not _is_drawn(view_of(kind, is_text=content.is_text), shown):
        (words.show_text if content.is_text else hexes.show_hex)(shown)


def _is_drawn(view: View, shown: Shown) -> bool:
    """Let `view` draw, and say why where it can't."""
    try:
        view(shown)
    except NotThatKindError as error:
        st.warning(text("not_that_kind", kind=plain(shown.kind), reason=plain(str(error))))
    except BeautySpotError:
        raise
    except Exception as error:  # noqa: BLE001 - values are anybody's; what else is on the page must outlast each of them
        say_undrawn("not_drawn", error)
    else:
        return True
    return False


def view_of(kind: str, /, *, is_text: bool) -> View:
    """Return the view for a media type; parameters such as a charset don't matter."""
    plain = kind.partition(";")[0].strip().lower()
    fallback = words.show_text if is_text or plain.startswith("text/") else hexes.show_hex
    return VIEWS.get(plain) or FAMILIES.get(plain.partition("/")[0]) or fallback
