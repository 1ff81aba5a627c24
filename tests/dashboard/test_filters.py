"""Filters: each that is in the address holds, or the page says why it shows nothing."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import beautyspot as bs
import pytest
from beautyspot_dashboard.asking import typed
from beautyspot_dashboard.place import Place
from beautyspot_dashboard.results.deletion import delete
from streamlit.testing.v1 import AppTest

RunPage = Callable[..., AppTest]


def words(app: AppTest) -> str:
    parts = (*app.markdown, *app.header, *app.error, *app.warning, *app.info)
    return "\n".join(each.value for each in parts).replace("\\", "")


def test_a_function_whose_last_result_goes_stays_the_filter(small_store: Path, run_page: RunPage) -> None:
    app = run_page(small_store, "results", function="app.summarise")
    with closing(Place(str(small_store))) as place:
        delete(place, place.catalog().tasks(function="app.summarise").rows)
    next(each for each in app.button if each.label == "Refresh").click().run()
    assert (len(app.dataframe), app.selectbox(key="function").value) == (0, "app.summarise")
    assert "Nothing is kept of the function app.summarise" in words(app)
    app.selectbox(key="function").select(None).run()
    assert list(app.dataframe[0].value["function"]) == ["fetch"]


def test_a_bookmark_of_a_function_that_is_gone_shows_nothing_and_says_so(small_store: Path, run_page: RunPage) -> None:
    app = run_page(small_store, "results", function="app.gone")
    assert len(app.dataframe) == 0
    assert "Nothing is kept of the function app.gone" in words(app)


@pytest.mark.parametrize("name", ["model", "kind", "status"])
def test_a_bookmark_of_runs_that_are_gone_shows_none(busy_store: Path, run_page: RunPage, name: str) -> None:
    app = run_page(busy_store, "runs", **{name: "gone"})
    assert (len(app.dataframe), app.selectbox(key=name).value) == (0, "gone")
    assert "No result matches" in words(app)


@pytest.mark.parametrize(
    "where", [{"newer_than": "soon"}, {"min_bytes": "1e30"}, {"max_bytes": "99999999TB"}, {"older_than": "1000000d"}]
)
def test_a_filter_that_can_not_be_read_shows_nothing_and_says_so(
    small_store: Path, run_page: RunPage, where: dict[str, str]
) -> None:
    app = run_page(small_store, "results", **where)
    assert len(app.dataframe) == 0
    assert f"{next(iter(where.values()))} can't be read" in words(app)
    assert "store can't be read" not in words(app)
    assert "so nothing is shown" in words(app)


@pytest.mark.parametrize(
    ("said", "read"), [("\uff13日", "3d"), ("12時間", "12h"), ("30 分", "30 m"), ("\uff11MB", "1MB")]
)
def test_an_age_or_a_size_is_read_as_it_is_typed_in_japanese(said: str, read: str) -> None:
    assert typed(said) == read


def test_kinds_and_states_are_said_in_japanese_and_stand_in_the_address_as_they_are(
    busy_store: Path, run_page: RunPage
) -> None:
    app = run_page(busy_store, "runs", lang="日本語", status="error", kind="tool")
    assert list(app.dataframe[0].value[["kind", "status"]].iloc[0]) == ["ツール", "エラー"]
    assert "埋め込み" in app.selectbox(key="kind").options
    assert app.selectbox(key="kind").value == "tool"


@pytest.mark.external_service
@pytest.mark.parametrize(
    ("page", "where", "said"),
    [
        *[("results", {name: "a\0b"}, "No result") for name in ("text", "function", "version", "tag", "content_type")],
        ("results", {"key": "a\0b"}, "is gone"),
        *[("runs", {name: "a\0b"}, "No result") for name in ("trace_id", "cache_key", "model")],
    ],
)
def test_a_zero_byte_in_the_address_meets_nothing_on_a_server(
    postgres_url: str, run_page: RunPage, page: str, where: dict[str, str], said: str
) -> None:
    with bs.Spot("shared", db=postgres_url) as spot:
        spot.mark(str)(1)
    assert said in words(run_page(postgres_url, page, **where))
