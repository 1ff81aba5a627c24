"""The dashboard as a person meets it: the real command, a real browser, a real store."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from servers.dashboard import dashboard

pytestmark = pytest.mark.external_service
Shoot = Callable[[str], object]


def rows_of(page: Page, number: int, place: int = 0) -> None:
    """Click the mark before a row; the table is a canvas, so its place is all there is to click."""
    page.get_by_test_id("stDataFrame").nth(place).click(position={"x": 14, "y": 35 * (number + 1) + 17})


def test_every_page_is_reached_and_shows_the_store(busy_store: Path, page: Page, shoot: Shoot) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    with dashboard(str(busy_store), "--storage", str(busy_store.parent / "blobs"), cwd=busy_store.parent) as served:
        page.goto(served.url)
        expect(page.get_by_test_id("stMetric").first).to_be_visible()
        expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
        shoot("overview")
        page.get_by_role("link", name="Results").click()
        rows_of(page, 0)
        expect(page.get_by_text("Input id")).to_be_visible()
        shoot("results")
        page.get_by_role("link", name="Runs", exact=True).click()
        rows_of(page, 0)
        expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
        shoot("runs")
        page.get_by_role("link", name="Limits").click()
        expect(page.get_by_test_id("stMetric").first).to_be_visible()
        shoot("limits")
        page.get_by_role("link", name="Maintenance").click()
        expect(page.get_by_text("Give one condition at least")).to_be_visible()
        shoot("maintenance")
    assert complaints == []
    assert [url for url in requests if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))] == []
