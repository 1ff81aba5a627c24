"""Each page runs over a store without a browser."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

RunPage = Callable[..., AppTest]
PAGES = ("overview", "results", "runs", "limits", "maintenance")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("store", ["busy_store", "small_store"])
def test_a_page_runs_over_a_store(page: str, store: str, run_page: RunPage, request: pytest.FixtureRequest) -> None:
    app = run_page(request.getfixturevalue(store), page)
    assert not app.exception
    assert not app.error
