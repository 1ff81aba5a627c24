"""The pictures of the documents show a store whose numbers agree with each other."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from beautyspot.catalog import Catalog
from dashboard.conftest import SCREENSHOTS
from dashboard.test_journeys import Shoot, choose
from dashboard.week import make_week
from playwright.sync_api import Page, expect
from servers.dashboard import dashboard


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_week(tmp_path_factory.mktemp("week"))


@pytest.fixture(scope="module")
def url(week: Path) -> Iterator[str]:
    with dashboard(str(week), "--storage", str(week.parent / "blobs"), cwd=week.parent) as served:
        yield served.url


def test_every_miss_left_a_result_and_every_token_has_its_run(week: Path) -> None:
    with Catalog.open(week) as catalog:
        functions, [model] = catalog.functions(), catalog.models()
    assert {each.func_name: each.results for each in functions} == {each.func_name: each.misses for each in functions}
    judged = next(each for each in functions if each.func_name == "reviews.judge")
    assert (model.runs, model.cache_hits) == (judged.hits + judged.misses, judged.hits)
    assert (model.input_tokens + model.output_tokens, model.saved_tokens) == (judged.tokens_spent, judged.tokens_saved)


@pytest.mark.slow
@pytest.mark.external_service
@pytest.mark.skipif(SCREENSHOTS not in os.environ, reason="only takes pictures: make pictures")
def test_the_pages_of_the_documents_are_pictured(url: str, page: Page, shoot: Shoot) -> None:
    page.goto(url)
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
    shoot("overview")
    page.get_by_text("日本語").click()
    expect(page.get_by_text("ヒット率").first).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
    shoot("overview-ja")
    page.get_by_text("English").click()
    page.get_by_role("link", name="Results").click()
    choose(page, "Results", 0)
    expect(page.get_by_text("Input id")).to_be_visible()
    shoot("results")
    page.get_by_role("link", name="Runs", exact=True).click()
    choose(page, "Runs", 1)  # one that asked the model
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
    shoot("runs")
    page.get_by_role("link", name="Limits").click()
    expect(page.get_by_role("region", name="Calls that waited")).to_be_visible()
    shoot("limits")
