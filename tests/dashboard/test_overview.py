"""The page of what the store saved."""

import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import beautyspot as bs
import pytest
from beautyspot.catalog import Catalog, ModelUse
from beautyspot.db import open_db
from beautyspot.recording import Price
from beautyspot.records import Activity
from beautyspot_dashboard.overview.charts import leaders
from beautyspot_dashboard.overview.history import history_of
from beautyspot_dashboard.overview.prices import money_saved, parse, unparse
from beautyspot_dashboard.overview.ranges import RANGES
from dashboard.conftest import trace
from streamlit.testing.v1 import AppTest

RunPage = Callable[..., AppTest]
USE = ModelUse("gpt", datetime(2026, 1, 1, tzinfo=UTC), 3, 0, 1, 1000, 500, 3.0, 2_000_000, 1_000_000)


def figures(app: AppTest) -> dict[str, str]:
    return {each.label: each.value for each in app.metric}


def test_the_figures_are_those_of_the_store(busy_store: Path, run_page: RunPage) -> None:
    app = run_page(busy_store, "overview", range="all")
    with Catalog.open(busy_store) as catalog:
        hits = sum(each.hits for each in catalog.functions())
        misses = sum(each.misses for each in catalog.functions())
    shown = figures(app)
    assert (shown["Hits"], shown["Misses"]) == (f"{hits:,}", f"{misses:,}")
    assert shown["Hit rate"] == f"{hits / (hits + misses):.1%}"
    assert shown["Kept results"] == "3"


def test_a_shorter_range_shows_less(busy_store: Path, run_page: RunPage) -> None:
    hour, day = (figures(run_page(busy_store, "overview", range=name)) for name in ("1h", "24h"))
    assert int(hour["Hits"].replace(",", "")) < int(day["Hits"].replace(",", ""))


@pytest.mark.parametrize("name", RANGES)
def test_every_range_adds_up_to_what_the_catalog_says(busy_store: Path, name: str) -> None:
    with Catalog.open(busy_store) as catalog:
        history = history_of(catalog, RANGES[name])
        whole = catalog.activity(since=history.start)
    assert history.total().hits == sum(row.hits for row in whole)
    assert sum(sums.saved_s for sums in history.by_function().values()) == pytest.approx(history.total().saved_s)


def test_a_store_that_holds_nothing_teaches_the_first_steps(tmp_path: Path, run_page: RunPage) -> None:
    path = tmp_path / "new.db"
    with bs.Spot("new", db=path, storage=tmp_path / "blobs") as spot:
        spot.flush()
        spot.parts.store.lookup("00")
    app = run_page(path, "overview")
    assert not app.exception
    assert f"bs.Spot('new', db={str(path)!r})" in app.code[0].value


def test_a_store_that_holds_runs_alone_is_not_called_empty(tmp_path: Path, run_page: RunPage) -> None:
    with closing(open_db(tmp_path / "runs.db")) as db:
        db.add_runs(trace("00"))
    app = run_page(tmp_path / "runs.db", "overview")
    assert "Runs are recorded here" in app.info[0].value
    assert list(app.dataframe[0].value["model"]) == ["gpt-test"]


def test_money_saved_is_that_of_the_table_or_of_what_calls_cost_on_average() -> None:
    assert money_saved([USE], {"gpt": Price(1.0, 4.0)}) == pytest.approx(2 * 1.0 + 1 * 4.0)
    assert money_saved([USE], {}) == pytest.approx(3_000_000 * 3.0 / 1500)
    assert money_saved([ModelUse("free", USE.start, 1, 0, 0, 10, 10, 0.0, 5, 5)], {}) is None


def test_prices_are_read_from_an_address_as_far_as_they_can_be() -> None:
    assert parse("gpt-5:1.25:10,ollama:qwen:0.5:1,nonsense,x:y:z,a:nan:1,b:1:inf,c:1e999:1") == {
        "gpt-5": Price(1.25, 10.0),
        "ollama:qwen": Price(0.5, 1.0),
    }


def test_prices_survive_the_way_through_an_address() -> None:
    prices = {"ollama:qwen": Price(0.5, 1.0), "gpt-5": Price(1.25, 1234567.0), "a,b:5%2C": Price(1e-7, 0.0)}
    assert parse(unparse(prices)) == prices


def test_what_is_no_price_in_an_address_is_left_out() -> None:
    assert parse("a:-3:2,b:1:x,c:nan:1,d:1:2") == {"d": Price(1.0, 2.0)}


def test_prices_in_the_address_make_money_saved(busy_store: Path, run_page: RunPage) -> None:
    app = run_page(busy_store, "overview", prices="gpt-test:1000:2000")
    assert not app.exception
    assert figures(app)["Money saved"] == f"{(1200 * 1000 + 300 * 2000) / 1e6:,.2f}"


def test_prices_are_still_there_when_another_page_was_shown_meanwhile(busy_store: Path, run_page: RunPage) -> None:
    app = run_page(busy_store, "overview", prices="gpt-test:1000:2000,other:1:2")
    money = figures(app)["Money saved"]
    app.query_params.clear()  # as a browser does
    app.switch_page("results.py").run()
    app.switch_page("overview.py").run()
    assert figures(app)["Money saved"] == money
    assert parse(app.query_params["prices"]) == {"gpt-test": Price(1000, 2000), "other": Price(1, 2)}


def test_a_price_without_its_other_half_leaves_that_cell_empty(busy_store: Path, run_page: RunPage) -> None:
    def cells(prices: str) -> list[object]:
        table = run_page(busy_store, "overview", prices=prices).dataframe[0].value.iloc[0]
        return table[["input", "output"]].astype(object).where(table.notna(), None).tolist()

    assert cells("gpt-test:1000:0") == [1000.0, None]
    assert cells("gpt-test:0:0") == [0.0, 0.0]


def test_a_price_that_nobody_gave_is_a_blank(busy_store: Path, run_page: RunPage) -> None:
    [editor] = run_page(busy_store, "overview").data_editor
    assert editor.proto.HasField("placeholder")
    assert editor.proto.placeholder == ""


def test_tokens_over_time_have_one_point_for_each_step(busy_store: Path, run_page: RunPage) -> None:
    with closing(open_db(busy_store)) as db:
        db.add_runs([run._replace(run_id=f"m{run.run_id}", model="other") for run in trace("00") if run.model])
    charts = {each.label: list(each.proto.chart_data) for each in run_page(busy_store, "overview", range="24h").metric}
    assert len(charts["Tokens spent"]) == len(charts["Hits"])
    assert sum(charts["Tokens saved"]) == 24 * 3 * 400


def test_spans_of_time_are_said_in_the_language_of_the_page(busy_store: Path, run_page: RunPage) -> None:
    saved = [figures(run_page(busy_store, "overview", lang=lang)) for lang in ("English", "日本語")]
    assert saved[0]["Time saved"].endswith(" h")
    assert saved[1]["節約した時間"].endswith(" 時間")


def test_names_in_a_chart_are_short_where_that_tells_them_apart() -> None:
    named = leaders({"a.load": 3.0, "b.load": 2.0, "c.save": 1.0})
    assert named == {"a.load": "a.load", "b.load": "b.load", "c.save": "save"}


def test_a_chart_names_those_with_the_most_of_what_it_draws_and_nobody_without_any() -> None:
    waited = {**{f"m.f{number}": float(number) for number in range(9)}, "m.waits": 3600.0}
    named = leaders(waited)
    assert (next(iter(named.values())), named["m.f1"]) == ("waits", "others")
    assert "m.f0" not in named


def test_a_live_page_looks_again_by_itself(busy_store: Path, run_page: RunPage) -> None:
    app = run_page(busy_store, "overview")
    assert not app.toggle(key="live").set_value(True).run().exception


def test_every_name_of_a_chart_is_below_it_the_biggest_first_in_lines_that_fit(
    busy_store: Path, run_page: RunPage
) -> None:
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    with closing(open_db(busy_store)) as db:
        db.add_activity([Activity(f"m.f{number}", now, 1, 0, 0, 1e6 + number, 0.0, 0, 0) for number in range(9)])
    chart = run_page(busy_store, "overview").get("vega_lite_chart")[1]
    colour = json.loads(chart.proto.spec)["encoding"]["color"]
    assert colour["scale"]["domain"] == [*(f"f{number}" for number in range(8, 0, -1)), "others"]
    assert "width" in colour["legend"]["columns"]["expr"]
