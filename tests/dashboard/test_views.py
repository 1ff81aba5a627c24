"""What a view says where there is little, much, or nothing good to show."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import beautyspot as bs
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from beautyspot.content_types import ContentType
from beautyspot_dashboard.views import papers
from streamlit.testing.v1 import AppTest

Show = Callable[..., AppTest]


@dataclass
class Ticket:
    seat: str


GIVEN: list[Any] = []


def _given() -> Any:
    return GIVEN[-1]


def script(folder: str) -> None:
    from pathlib import Path

    from beautyspot.catalog import Catalog
    from beautyspot.storage.local import LocalStorage
    from beautyspot_dashboard.views import show

    with Catalog.open(Path(folder) / "t.db") as catalog:
        show(catalog.tasks().rows[0], catalog.values(LocalStorage(Path(folder) / "blobs")))


@pytest.fixture
def show(tmp_path: Path) -> Show:
    def show(value: Any, kind: str | None = None, spoil: Callable[[Path], None] | None = None) -> AppTest:
        with bs.Spot("t", db=tmp_path / "t.db", storage=tmp_path / "blobs") as spot:
            spot.register_type(Ticket)
            GIVEN.append(value)
            spot.mark(version=str(len(GIVEN)), content_type=kind, save_blob=spoil is not None)(_given)()
        if spoil is not None:
            spoil(next(path for path in (tmp_path / "blobs").rglob("*.bin")))
        app = AppTest.from_function(script, args=(str(tmp_path),), default_timeout=120).run()
        assert not app.exception
        return app

    return show


def test_text_comes_letter_for_letter(show: Show) -> None:
    words = "# no heading\n<b>no tag</b> $no$ :no_emoji:"
    assert show(words).code[0].value == words


def test_a_long_text_is_cut_and_says_so(show: Show) -> None:
    app = show("x" * 1_500_000)
    assert len(app.code[0].value) == 1_000_000
    assert "first 1.0 MB of 1.5 MB" in app.caption[0].value


def test_text_that_is_no_utf8_is_shown_with_marks(show: Show) -> None:
    assert show(b"caf\xe9", ContentType.TEXT).code[0].value == "caf\ufffd"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("text/plain; charset=latin-1", "café"),
        ('TEXT/PLAIN; Charset="ISO-8859-1"', "café"),
        ("text/plain; charset=nobody-knows", "caf\ufffd"),
        ("text/plain; charset=hex", "caf\ufffd"),
        ("text/plain; charset=unicode_escape", "caf\ufffd"),
    ],
)
def test_bytes_are_read_in_the_charset_that_they_name(show: Show, kind: str, said: str) -> None:
    assert show(b"caf\xe9", kind).code[0].value == said


def test_a_codec_of_names_of_hosts_is_no_charset(show: Show) -> None:
    assert show(b"tiger-8", "text/plain; charset=punycode").code[0].value == "tiger-8"


def test_a_text_is_kept_as_utf8_whatever_charset_it_names(show: Show) -> None:
    assert show("café", "text/plain; charset=latin-1").code[0].value == "café"


@pytest.mark.parametrize(
    "data",
    [b"II*\0 a tiff", b"\x89PNG\r\n\x1a\n but no header", b"", b"\0" * 99],
    ids=["tiff", "damaged", "empty", "zeros"],
)
def test_a_picture_that_no_browser_draws_is_shown_as_bytes(show: Show, data: bytes) -> None:
    app = show(data, "image/png")
    assert "can't be shown as image/png" in app.warning[0].value.replace("\\", "")
    assert app.code[0].value.startswith(f"{0:08x}  {data[:4].hex(' ')}" if data else " ")


def test_a_picture_of_words_that_is_none_is_shown_as_them(show: Show) -> None:
    assert show("no picture", "image/svg+xml").code[0].value == "no picture"
    assert show("<!-- one -->\n<svg/>", "image/svg+xml").warning == []


@pytest.mark.parametrize("kind", [ContentType.MERMAID, ContentType.GRAPHVIZ])
def test_a_diagram_says_where_to_look_if_nothing_is_drawn(show: Show, kind: str) -> None:
    app = show("digraph {{{", kind)
    assert "nothing is drawn" in app.caption[0].value
    assert app.code[0].value == "digraph {{{"


@pytest.mark.parametrize("kind", ["video/mp4", "audio/mpeg"])
def test_a_player_says_what_to_do_if_nothing_plays(show: Show, kind: str) -> None:
    assert "nothing plays" in show(b"no film", kind).caption[0].value


def test_a_column_of_several_types_is_shown_as_texts_without_a_traceback(
    show: Show, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    pd = pytest.importorskip("pandas")
    app = show(pd.DataFrame({"mixed": [1, "two", None], "plain": [1, 2, 3]}))
    assert app.dataframe[0].value["mixed"].tolist()[:2] == ["1", "two"]
    assert "Traceback" not in capfd.readouterr().err + caplog.text


def test_an_empty_value_has_its_look(show: Show) -> None:
    assert show("").code[0].value == ""
    assert show(b"").code[0].value.strip() == ""


@pytest.mark.parametrize("value", [None, 7, 2.5, True])
def test_a_value_without_parts_is_written_out(show: Show, value: object) -> None:
    assert show(value).code[0].value == repr(value)


def test_json_that_is_none_gets_a_sentence_and_its_text(show: Show) -> None:
    app = show('{"a": ', ContentType.JSON)
    assert "can't be shown as application/json" in app.warning[0].value.replace("\\", "")
    assert app.code[0].value == '{"a": '


@pytest.mark.parametrize("kind", [ContentType.PDF, ContentType.PARQUET])
def test_bytes_that_are_not_what_their_type_says_are_shown_as_bytes(show: Show, kind: str) -> None:
    app = show(b"no such thing", kind)
    assert f"can't be shown as {kind}" in app.warning[0].value.replace("\\", "")
    assert "6e 6f 20 73" in app.code[0].value


def test_an_empty_table_is_no_error(show: Show) -> None:
    assert "can't be shown" in show("", ContentType.CSV).warning[0].value


@pytest.mark.parametrize("words", ["a\n1\n2\n", "a,b\n1,x\n2,y\n", "a;b\n1;x\n2;y\n", "a\tb\n1\tx\n2\ty\n"])
def test_a_table_of_any_separator_or_none_has_its_columns(show: Show, words: str) -> None:
    assert list(show(words, ContentType.CSV).dataframe[0].value["a"]) == ["1", "2"]


def test_a_csv_is_shown_letter_for_letter_and_drawn_by_its_numbers(show: Show) -> None:
    app = show('code,name,note\n00123,NA,x\n,null,1e3,more\n"1,5"\n', ContentType.CSV)
    rows = app.dataframe[0].value.values.tolist()
    assert rows == [["00123", "NA", "x", ""], ["", "null", "1e3", "more"], ["1,5", "", "", ""]]
    assert app.multiselect == []
    assert app.code[0].value.startswith("code,name")
    assert show("night,seats\n01,200\n02,\n", ContentType.CSV).multiselect[0].value == ["night", "seats"]


def test_keys_that_are_written_alike_are_all_shown(show: Show) -> None:
    assert list(json.loads(show({1: "a", "1": "b", (1,): "c", "(1,)": "d"}).json[0].value).values()) == list("abcd")


def test_a_long_text_of_json_is_not_parsed(show: Show) -> None:
    app = show("[" + "{}," * 3_000_000 + "{}]", ContentType.JSON)
    assert "9.0 MB" in app.warning[0].value.replace("\\", "")
    assert app.json == []


def test_a_page_of_twenty_metres_is_drawn_small(show: Show) -> None:
    app = show(paper(1000, 60_000), ContentType.PDF)
    assert app.warning == []
    assert papers.scale_of(1000, 60_000) * 60_000 <= 20_000
    assert papers.scale_of(600, 800) == 2.0


def test_complex_numbers_are_shown_and_not_drawn(show: Show) -> None:
    np = pytest.importorskip("numpy")
    app = show(np.array([1 + 2j, 3 + 4j]))
    assert len(app.dataframe[0].value) == 2
    assert app.multiselect == []


def test_a_kind_that_is_markup_is_said_letter_for_letter(show: Show) -> None:
    app = show("no json", "application/json; [click](http://example.org)")
    assert "\\[click\\]" in app.warning[0].value


def paper(width: int, height: int) -> bytes:
    """Return a PDF of one empty page."""
    catalog, pages = "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>"
    page = f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {width} {height}]>>"
    objects = "".join(f"{number} 0 obj{each}endobj\n" for number, each in enumerate((catalog, pages, page), 1))
    return f"%PDF-1.4\n{objects}trailer<</Root 1 0 R>>\n%%EOF".encode()


def test_columns_of_one_name_are_told_apart(show: Show) -> None:
    pd = pytest.importorskip("pandas")
    app = show(pd.DataFrame([[1, 2, 3]], columns=["a", "a", "b"]))
    assert list(app.dataframe[0].value.columns) == ["a", "a (2)", "b"]


def test_a_long_table_is_cut_and_says_so(show: Show) -> None:
    pd = pytest.importorskip("pandas")
    app = show(pd.DataFrame({"n": range(5000)}))
    assert len(app.dataframe[0].value) == 1000
    assert "first 1000 rows of 5,000" in app.caption[0].value


def test_a_long_list_and_big_bytes_in_it_are_named_by_their_size(show: Show) -> None:
    app = show([b"x" * 3_000_000, *range(2000)])
    assert "3.0 MB of bytes" in app.json[0].value
    assert "1501 more" in app.json[0].value


def test_an_object_shows_its_fields_though_its_class_is_not_known_here(show: Show) -> None:
    assert '"seat": "4b"' in show(Ticket("4b")).json[0].value


def test_a_lost_blob_gets_a_sentence(show: Show) -> None:
    app = show("gone", spoil=Path.unlink)
    assert "deleted by hand" in app.error[0].value.replace("\\", "")


def test_a_damaged_blob_gets_a_sentence(show: Show) -> None:
    app = show("gone", spoil=lambda blob: blob.write_bytes(b"\xd9\xff"))
    assert "should be 257 bytes" in app.error[0].value.replace("\\", "")


def test_a_kind_that_nobody_knows_is_shown_as_what_it_holds(show: Show) -> None:
    assert show("words", "application/x-own").code[0].value == "words"
    assert "77 6f" in show(b"words", "application/x-own").code[0].value


def parquet(frame: pd.DataFrame, notes: dict[bytes, bytes] | None = None) -> bytes:
    """Return a Parquet file of `frame`, with what pandas said of it replaced by `notes` where there are some."""
    table, file = pa.Table.from_pandas(frame), BytesIO()
    pq.write_table(table if notes is None else table.replace_schema_metadata(notes), file)
    return file.getvalue()


PARQUET = ContentType.PARQUET
VECTORS = pd.DataFrame({"id": [1, 2], "vector": [[0.1, 0.2], [0.3, 0.4]]})


@pytest.mark.parametrize(
    ("value", "kind", "cell"),
    [
        (parquet(VECTORS), PARQUET, "[0.3 0.4]"),
        (VECTORS, None, "[0.3 0.4]"),
        (pl.DataFrame({"v": [[1, 2], [3]]}), None, "[3]"),
        (pl.DataFrame({"v": [0, 2**70]}, schema={"v": pl.Int128}), None, str(2**70)),
        (pl.Series("v", [0, 2**70], dtype=pl.Int128), None, str(2**70)),
        (np.array([b"ab", b"c"]), None, "b'c'"),
        (parquet(pd.DataFrame({"v": [1, 2]}), {b"pandas": b"{}"}), PARQUET, "2"),
        (parquet(pd.DataFrame({"v": [1, 2]}), {b"pandas": b"[]"}), PARQUET, "2"),
        (pd.DataFrame({"v": pd.Series(["y", "x\ud800"], dtype=object)}), None, "x\\ud800"),
        (f"a,b\n{10**30},1\n{10**30},3\n", ContentType.CSV, "3"),
        (f"a,b\n1,2\n2,{'9' * 400}\n", ContentType.CSV, "9" * 400),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_table_of_any_cells_is_drawn(show: Show, value: Any, kind: str | None, cell: str) -> None:
    app = show(value, kind)
    assert [each.value for each in (*app.warning, *app.error)] == []
    assert str(app.dataframe[0].value.iloc[-1, -1]) == cell


def test_a_number_of_thousands_of_digits_is_shown_in_hexadecimal_ones(show: Show) -> None:
    assert show(-(10**5000)).code[0].value == hex(-(10**5000))
    assert hex(10**5000) in show({10**5000: [10**5000]}).json[0].value


def test_half_a_letter_is_spelled_out(show: Show) -> None:
    assert show(r'"\ud800abc"', ContentType.JSON).code[0].value == r"\ud800abc"
    assert r"\\ud800" in show(["\ud800"]).json[0].value


def test_what_a_view_can_not_draw_is_shown_as_its_bytes_and_said(show: Show) -> None:
    app = show(pd.DataFrame({"a": [1]}, index=pd.Index(["\ud800"], dtype=object)))
    assert "can't be drawn" in app.warning[0].value
    assert app.code[0].value.startswith("00000000  95 94")
