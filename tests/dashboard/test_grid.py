"""How numbers look in a table, and beside it."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from beautyspot.db import open_db
from beautyspot_dashboard.figures import money_text
from dashboard.conftest import trace
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest

RunPage = Callable[..., AppTest]


def said(app: AppTest, column: str) -> list[str]:
    styler = app.dataframe[0].proto.arrow_data.styler
    return list(convert_arrow_bytes_to_pandas_df(styler.display_values)[column])


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0, "0.00"),
        (0.00001, "0.00001"),
        (0.012, "0.012"),
        (0.0123456, "0.0123"),
        (0.5, "0.50"),
        (1234.5678, "1,234.57"),
    ],
)
def test_an_amount_has_as_many_digits_as_it_takes_to_tell_it_from_nothing(amount: float, words: str) -> None:
    assert money_text(amount) == words


@pytest.mark.parametrize("language", ["English", "日本語"])
def test_a_size_is_said_in_a_table_as_it_is_beside_it(small_store: Path, run_page: RunPage, language: str) -> None:
    app = run_page(small_store, "results", lang=language)
    assert said(app, "size") == ["23 B", "17 B", "16 B"]
    assert list(app.dataframe[0].value["size"]) == [23, 17, 16]


def test_a_small_cost_is_seen_in_a_table(small_store: Path, run_page: RunPage) -> None:
    with closing(open_db(small_store)) as db:
        db.add_runs([run._replace(cost=0.00001) for run in trace("00")])
    assert said(run_page(small_store, "runs"), "cost") == ["0.00001"]
