"""What a view says where there is little, much, or nothing good to show."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.content_types import ContentType
from streamlit.testing.v1 import AppTest

Show = Callable[..., AppTest]


@dataclass
class Ticket:
    seat: str


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
            spot.mark(lambda: value, content_type=kind, save_blob=spoil is not None)()
        if spoil is not None:
            spoil(next(path for path in (tmp_path / "blobs").rglob("*.bin")))
        app = AppTest.from_function(script, args=(str(tmp_path),), default_timeout=20).run()
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


def test_an_empty_value_has_its_look(show: Show) -> None:
    assert show("").code[0].value == ""
    assert show(b"").code[0].value.strip() == ""


@pytest.mark.parametrize("value", [None, 7, 2.5, True])
def test_a_value_without_parts_is_written_out(show: Show, value: object) -> None:
    assert show(value).code[0].value == repr(value)


def test_json_that_is_none_gets_a_sentence_and_its_text(show: Show) -> None:
    app = show('{"a": ', ContentType.JSON)
    assert "can't be shown as application/json" in app.warning[0].value
    assert app.code[0].value == '{"a": '


@pytest.mark.parametrize("kind", [ContentType.PDF, ContentType.PARQUET])
def test_bytes_that_are_not_what_their_type_says_are_shown_as_bytes(show: Show, kind: str) -> None:
    app = show(b"no such thing", kind)
    assert f"can't be shown as {kind}" in app.warning[0].value
    assert "6e 6f 20 73" in app.code[0].value


def test_an_empty_table_is_no_error(show: Show) -> None:
    assert "can't be shown" in show("", ContentType.CSV).warning[0].value


@pytest.mark.parametrize("words", ["a\n1\n2\n", "a,b\n1,x\n2,y\n", "a;b\n1;x\n2;y\n", "a\tb\n1\tx\n2\ty\n"])
def test_a_table_of_any_separator_or_none_has_its_columns(show: Show, words: str) -> None:
    assert list(show(words, ContentType.CSV).dataframe[0].value["a"]) == [1, 2]


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
