"""The address names what is shown, so that it can be shared, kept and come back to."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

RunPage = Callable[..., AppTest]


def tick(app: AppTest, *rows: int, table: str = "results_0") -> AppTest:
    app.session_state[table] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    return app.run()


def named(app: AppTest, name: str = "key") -> list[str]:
    said = app.query_params.get(name, [])
    return [said] if isinstance(said, str) else list(said)


def heading(app: AppTest) -> str | None:
    return app.header[0].value if app.header else None


@pytest.fixture
def keys(small_store: Path, run_page: RunPage) -> list[str]:
    """Those of the table's rows."""
    return list(run_page(small_store, "results").dataframe[0].value["key"])


def test_a_tick_is_named_instead_of_what_a_link_named(small_store: Path, keys: list[str], run_page: RunPage) -> None:
    app = run_page(small_store, "results", key=keys[2])
    assert named(tick(app, 0)) == [keys[0]]
    assert heading(app) == "fetch"


def test_what_is_not_ticked_any_more_is_not_named(small_store: Path, run_page: RunPage) -> None:
    app = tick(tick(run_page(small_store, "results"), 0))
    assert (named(tick(app)), heading(app)) == ([], None)


def test_two_ticks_are_a_comparison_that_the_address_leads_to(
    small_store: Path, keys: list[str], run_page: RunPage
) -> None:
    app = tick(run_page(small_store, "results"), 0, 1)
    assert named(app) == keys[:2]
    again = run_page(small_store, "results", key=named(app))  # type: ignore[arg-type]
    assert [each.value for each in again.header] == [each.value for each in app.header]


def test_on_the_way_back_the_address_goes_before_a_tick(small_store: Path, keys: list[str], run_page: RunPage) -> None:
    app = tick(run_page(small_store, "results"), 0)
    app.query_params["key"] = keys[1]
    app.run()
    assert (named(app), heading(app)) == ([keys[1]], "summarise")
    assert (named(app.run()), heading(app)) == ([keys[1]], "summarise")


def test_a_tick_soon_after_a_tick_goes_before_the_address_of_before(
    small_store: Path, keys: list[str], run_page: RunPage
) -> None:
    app = tick(run_page(small_store, "results"), 0)
    del app.query_params["key"]  # as the browser has it that hasn't taken over the new one
    assert named(tick(app, 0, 1)) == keys[:2]


def test_a_result_that_was_ticked_is_there_again_after_another_page(
    small_store: Path, keys: list[str], run_page: RunPage
) -> None:
    app = tick(run_page(small_store, "results"), 0)
    app.switch_page("limits.py").run()
    app.query_params["key"] = keys[0]  # as a browser that goes back
    app.switch_page("results.py").run()
    assert (named(app), heading(app)) == ([keys[0]], "fetch")


def test_a_run_is_named_and_found_again(busy_store: Path, run_page: RunPage) -> None:
    app = tick(run_page(busy_store, "runs"), 0, table="runs_0")
    assert named(app, "run") == ["r1"]
    assert heading(run_page(busy_store, "runs", run="r1")) == "answer"
    assert "No run r9 is recorded" in run_page(busy_store, "runs", run="r9").warning[0].value


def test_a_link_leads_to_the_answers_of_now_and_not_to_an_address_that_no_run_has_seen_since() -> None:
    def shown() -> None:
        import streamlit as st
        from beautyspot_dashboard.address import LEFT, left

        st.session_state[LEFT] = {"results": {"text": ["owls"], "order": ["oldest"], "tag": ["a"], "key": ["k", "l"]}}
        st.session_state.update({"text": "", "order": "newest", "tag": "a", "key": None})
        st.json(left("results"))

    app = AppTest.from_function(shown).run(timeout=60)
    assert json.loads(app.json[0].value) == {"order": ["newest"], "tag": ["a"], "key": ["k", "l"]}
