"""The page of observed calls, and how a trace becomes a tree."""

import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgpack
import pytest
from beautyspot.db import open_db
from beautyspot.records import Run
from beautyspot.serializers import MsgpackSerializer
from beautyspot_dashboard.runs.tree import nodes_of, totals_of
from streamlit.testing.v1 import AppTest

RunPage = Callable[..., AppTest]
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def run(run_id: str, parent_id: str | None = None, start_s: float = 0.0, **changes: Any) -> Run:
    blank = dict.fromkeys(Run._fields)
    fixed = {"trace_id": "t", "kind": "chain", "name": run_id, "waited_s": 0.0, "status": "ok", "nested": False}
    own = {"run_id": run_id, "parent_id": parent_id, "started_at": NOON + timedelta(seconds=start_s), "tags": ()}
    return Run(**{**blank, **fixed, **own, **changes})  # type: ignore[arg-type]


def tree(*runs: Run) -> list[tuple[str, int]]:
    return [(node.run.run_id, node.depth) for node in nodes_of(runs)]


def test_children_follow_their_parent_the_earlier_first() -> None:
    runs = run("b", "root", 2), run("a2", "a", 3), run("root"), run("a", "root", 1)
    assert tree(*runs) == [("root", 0), ("a", 1), ("a2", 2), ("b", 1)]


@pytest.mark.parametrize("parent", ["gone", "x"])
def test_a_run_without_its_parent_or_its_own_parent_is_a_root(parent: str) -> None:
    assert tree(run("x", parent)) == [("x", 0)]


def test_a_ring_of_runs_is_shown_once() -> None:
    assert tree(run("a", "b"), run("b", "a", 1)) == [("a", 0), ("b", 1)]


def test_a_chain_deeper_than_pythons_stack_is_a_tree() -> None:
    runs = [run(f"{number:05}", f"{number - 1:05}", number) for number in range(5000)]
    assert tree(*runs)[-1] == ("04999", 4999)


def test_nested_tokens_count_once_and_those_of_hits_apart() -> None:
    spent = {"input_tokens": 10, "output_tokens": 5, "cost": 0.5, "elapsed_s": 2.0}
    runs = run("a", **spent), run("b", "a", 1, nested=True, **spent), run("c", "a", 4, cache_hit=True, **spent)
    totals = totals_of(nodes_of(runs))
    assert (totals.tokens_spent, totals.tokens_saved, totals.cost) == (15, 15, 0.5)
    assert (totals.runs, totals.cache_hits, totals.elapsed_s) == (3, 1, 6.0)


def choose(app: AppTest) -> AppTest:
    app.session_state["runs_0"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    return app.run()


def words(app: AppTest) -> str:
    return "\n".join(each.value for each in (*app.markdown, *app.header, *app.info, *app.caption)).replace("\\", "")


def test_a_trace_is_shown_as_a_tree_with_its_sums(busy_store: Path, run_page: RunPage) -> None:
    app = choose(run_page(busy_store, "runs"))
    assert not app.exception
    assert [name.strip() for name in app.dataframe[1].value["name"]] == ["answer", "chat", "search", "chat"]
    figures = {each.label: each.value for each in app.metric}
    assert (figures["Runs"], figures["Tokens spent"], figures["Tokens saved"], figures["Errors"]) == (
        *("4", "1,500", "1,500", "1"),
    )


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ({}, ["answer"]),
        ({"roots": "false"}, ["chat", "search", "chat", "answer"]),
        ({"model": "gpt-test"}, ["chat", "chat"]),
        ({"status": "error"}, ["search"]),
        ({"trace_id": "r1"}, ["chat", "search", "chat", "answer"]),
        ({"answer": "hit"}, ["chat"]),
    ],
)
def test_the_address_holds_the_filters(
    busy_store: Path, run_page: RunPage, where: dict[str, str], names: list[str]
) -> None:
    app = run_page(busy_store, "runs", **where)
    assert not app.exception
    assert list(app.dataframe[0].value["name"]) == names


def test_a_filter_that_finds_children_switches_off_that_only_beginnings_are_shown(
    busy_store: Path, run_page: RunPage
) -> None:
    app = run_page(busy_store, "runs")
    assert app.toggle(key="roots").value
    app.selectbox(key="status").select("error").run()
    [toggle] = app.toggle
    assert (toggle.value, toggle.disabled, list(app.dataframe[0].value["name"])) == (False, True, ["search"])
    app.selectbox(key="status").select(None).run()
    assert (app.toggle(key="roots").value, list(app.dataframe[0].value["name"])) == (True, ["answer"])


def test_a_run_says_its_tokens_and_what_it_cost(busy_store: Path, run_page: RunPage) -> None:
    shown = words(run_page(busy_store, "runs", run="r2"))
    assert "**Input tokens** 1,200" in shown
    assert "**Cost** 0.012" in shown


def test_captured_inputs_and_outputs_are_shown_and_never_run(small_store: Path, run_page: RunPage) -> None:
    details = msgpack.packb({"inputs": ["<script>alert(1)</script>"]})
    with closing(open_db(small_store)) as db:
        db.add_runs([run("r", name="[x](javascript:1)", details=details)])  # type: ignore[attr-defined]
    app = choose(run_page(small_store, "runs"))
    assert "alert(1)" in app.json[0].value
    assert app.header[0].value == r"\[x\]\(javascript\:1\)"


def test_captured_numbers_and_keys_are_shown_as_they_are(small_store: Path, run_page: RunPage) -> None:
    details = MsgpackSerializer().dumps({"order": 2**60 + 1, 1: "int", "1": "str", (1, 2): "pair"})
    with closing(open_db(small_store)) as db:
        db.add_runs([run("r", details=details)])  # type: ignore[attr-defined]
    shown = json.loads(choose(run_page(small_store, "runs")).json[0].value)
    assert shown == {"order": "1152921504606846977", "1": "int", "1 (2)": "str", "(1, 2)": "pair"}


def test_a_store_without_runs_says_who_writes_them(small_store: Path, run_page: RunPage) -> None:
    app = run_page(small_store, "runs")
    assert "No run is recorded" in words(app)
    assert "record_runs" in app.code[0].value
