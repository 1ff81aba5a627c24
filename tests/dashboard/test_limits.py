"""The page of limits."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from beautyspot.db import open_db
from beautyspot.records import Activity, LimitRate
from dashboard.busy import add_limit
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest

RunPage = Callable[..., AppTest]
Shown = tuple[list[str], list[str], list[str]]


@pytest.fixture
def show(small_store: Path, run_page: RunPage) -> Callable[..., Shown]:
    """Return what shows one limit, and says its captions, its figures and its bars."""

    def show(*limit: Any, owed: float, **parameters: str) -> Shown:
        with closing(open_db(small_store)) as db:
            add_limit(db, *limit, owed=owed)
        app = run_page(small_store, "limits", **parameters)
        assert not app.exception
        figures = [f"{each.label}: {each.value}" for each in app.metric]
        return [each.value for each in app.caption], figures, [each.proto.text for each in app.get("progress")]

    return show


def test_an_idle_limit_says_what_it_grants(show: Callable[..., Shown]) -> None:
    captions, figures, bars = show("api", LimitRate(60_000, 5), owed=0)
    assert "60,000 per minute, burst 5" in captions
    assert (figures, bars) == (["Wait of a call now: none"], ["0 of 5 in use"])


def test_a_burst_that_is_partly_used_makes_nobody_wait(show: Callable[..., Shown]) -> None:
    captions, figures, bars = show("api", LimitRate(0.001, 2.5), owed=1.2)
    assert "0.001 per minute, burst 2.5" in captions
    assert (figures, bars) == (["Wait of a call now: none"], ["2 of 2.5 in use"])


def test_a_limit_with_calls_in_line_says_how_long_the_next_would_wait(show: Callable[..., Shown]) -> None:
    _, figures, bars = show("api", LimitRate(0.01, 5), owed=6.9)
    assert (figures, bars) == (["Wait of a call now: 4.8 h"], ["all of 5 in use, 2 more reserved"])


def test_a_limit_of_an_earlier_revision_says_how_long_it_is_busy(small_store: Path, show: Callable[..., Shown]) -> None:
    with closing(open_db(small_store)) as db:
        db.advance_limit("old", 4e9, 0.0)
    captions, figures, _ = show("api", LimitRate(60, 1), owed=0)
    assert "Rate not known until its next call" in captions
    assert [figure.partition(":")[0] for figure in figures] == ["Wait of a call now", "Busy for"]


def test_a_name_is_shown_letter_for_letter(small_store: Path, run_page: RunPage) -> None:
    with closing(open_db(small_store)) as db:
        add_limit(db, "<b>[a](x)", LimitRate(60, 1), owed=0)
    names = [each.value for each in run_page(small_store, "limits").markdown]
    assert r"**\<b\>\[a\]\(x\)**" in names


def test_limits_are_told_in_japanese(show: Callable[..., Shown]) -> None:
    captions, figures, bars = show("api", LimitRate(0.01, 5), owed=6.9, lang="日本語")
    assert "毎分 0.01、バースト 5" in captions
    assert (figures, bars) == (["いま呼び出すと待つ時間: 4.8 時間"], ["5 をすべて使用中、さらに 2 を予約済み"])


def test_without_a_shared_limit_the_page_says_where_the_others_show(small_store: Path, run_page: RunPage) -> None:
    app = run_page(small_store, "limits")
    assert any("shows in how long its calls waited" in each.value for each in app.caption)
    assert "shared_limit=True" in app.code[0].value


def test_the_chart_of_waits_names_who_waited_and_not_who_saved(small_store: Path, run_page: RunPage) -> None:
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    savers = [Activity(f"m.f{number}", now, 9, 3, 0, 20.0, 0.0, 0, 0) for number in range(9)]
    with closing(open_db(small_store)) as db:
        db.add_activity([*savers, Activity("m.waits", now, 0, 30, 0, 0.0, 3600.0, 0, 0)])
    [chart] = run_page(small_store, "limits").get("vega_lite_chart")
    [drawn] = chart.proto.datasets
    assert set(convert_arrow_bytes_to_pandas_df(drawn.data.data)["function"]) == {"waits"}
