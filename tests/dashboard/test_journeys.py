"""The dashboard as a person meets it: the real command, a real browser, a real store."""

import json
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import urljoin

import pytest
from beautyspot.catalog import Catalog
from playwright.sync_api import Browser, Page, expect
from servers.dashboard import dashboard, page_of

pytestmark = pytest.mark.external_service
Shoot = Callable[[str], object]
PHONE = {"width": 390, "height": 844}


def choose(page: Page, table: str, number: int) -> None:
    """Click the mark before a row; the table is a canvas, so its place is all there is to click."""
    region = page.get_by_role("region", name=table, exact=True)
    expect(region).to_be_visible()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)  # what comes above moves the table down
    region.click(position={"x": 14, "y": 35 * (number + 1) + 17})


def go_back_to(page: Page, address: str) -> None:
    """Go back as often as it takes: Streamlit makes one step or two of leaving a page with filters."""
    for _ in range(4):
        page.go_back()
        expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
        if re.search(address, page.url):
            return
    pytest.fail(f"not on the way back: {address}")


def test_every_page_is_reached_and_shows_the_store(busy_dashboard: str, page: Page, shoot: Shoot) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(busy_dashboard)
    expect(page.get_by_test_id("stMetric").first).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
    shoot("overview")
    page.get_by_text("日本語").click()
    expect(page.get_by_text("ヒット率").first).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "ja")
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
    shoot("overview-ja")
    page.get_by_text("English").click()
    expect(page.get_by_text("Hit rate").first).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.get_by_role("link", name="Results").click()
    choose(page, "Results", 0)
    expect(page.get_by_text("Input id")).to_be_visible()
    shoot("results")
    page.get_by_role("link", name="Runs", exact=True).click()
    choose(page, "Runs", 0)
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
    shoot("runs")
    page.get_by_role("link", name="Limits").click()
    expect(page.get_by_test_id("stMetric").first).to_be_visible()
    expect(page.get_by_role("region", name="Calls that waited")).to_be_visible()
    shoot("limits")
    page.get_by_role("link", name="Maintenance").click()
    expect(page.get_by_text("Give one condition at least")).to_be_visible()
    shoot("maintenance")
    assert complaints == []
    assert [url for url in requests if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))] == []


def test_a_page_says_its_name_to_those_who_hear_it_and_its_rows_are_chosen_on_the_keyboard(
    busy_dashboard: str, page: Page
) -> None:
    page.goto(busy_dashboard)
    for name in ("Limits", "Maintenance", "Results"):
        page.get_by_role("link", name=name).click()
        expect(page).to_have_title(f"{name} · beautyspot")
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.get_by_text("Tick a row")).to_be_visible()
    page.get_by_test_id("data-grid-canvas").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+Space")
    expect(page.get_by_role("heading", level=2)).to_have_text("summarise")


def test_a_chosen_result_is_deleted_after_a_question_and_the_choice_slips_to_no_other(
    small_store: Path, page: Page, shoot: Shoot
) -> None:
    blobs = small_store.parent / "blobs"
    with dashboard(str(small_store), "--storage", str(blobs), cwd=small_store.parent) as served:
        page.goto(served.url)
        page.get_by_role("link", name="Results").click()
        choose(page, "Results", 0)
        page.get_by_role("button", name="Delete 1 …").click()
        expect(page.get_by_role("dialog")).to_contain_text("fetch")
        shoot("delete")
        page.get_by_role("button", name="Delete for good").click()
        expect(page.get_by_text("Deleted 1 result,")).to_be_visible()
        expect(page.get_by_text("Tick a row")).to_be_visible()
    with Catalog.open(small_store) as catalog:
        assert [task.func_name.rpartition(".")[2] for task in catalog.tasks().rows] == ["summarise"] * 2
    assert not list(blobs.rglob("*.bin"))


def test_what_is_old_is_pruned_after_a_look_at_it(small_store: Path, page: Page, shoot: Shoot) -> None:
    with dashboard(str(small_store), cwd=small_store.parent) as served:
        page.goto(served.url)
        page.get_by_role("link", name="Maintenance").click()
        page.get_by_label("Tag").fill("draft")
        page.get_by_label("Tag").press("Enter")
        page.get_by_role("button", name="See what would go").click()
        expect(page.get_by_text("2 results, 33 B, would go")).to_be_visible()
        page.get_by_role("button", name="Delete 2 …").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        shoot("prune")
        page.get_by_role("button", name="Delete for good").click()
        expect(page.get_by_text("Deleted 2 results, 33 B")).to_be_visible()
    with Catalog.open(small_store) as catalog:
        assert [task.func_name.rpartition(".")[2] for task in catalog.tasks().rows] == ["fetch"]


def test_results_are_downloaded_as_text_and_as_json(busy_dashboard: str, page: Page) -> None:
    page.goto(busy_dashboard)
    page.get_by_role("link", name="Results").click()
    choose(page, "Results", 0)
    with page.expect_download() as structure:
        page.get_by_role("button", name="Download as JSON").click()
    assert json.loads(structure.value.path().read_text())["rows"] == [{"a": 1}, {"a": 2}]
    page.get_by_role("button", name="Clear selection: Results").dispatch_event("click")
    choose(page, "Results", 1)
    address = page.get_by_role("link", name="Download").get_attribute("href") or ""
    answer = page.context.request.get(urljoin(busy_dashboard, address))
    assert answer.text() == "All about foxes."
    assert "attachment; filename*=UTF-8''summarise-" in answer.headers["content-disposition"]


def test_filters_are_there_again_when_a_page_is_come_back_to(busy_dashboard: str, page: Page) -> None:
    page.goto(busy_dashboard)
    page.get_by_role("link", name="Results").click()
    page.get_by_role("textbox", name="Search").fill("summ")
    page.get_by_role("textbox", name="Search").press("Enter")
    expect(page).to_have_url(re.compile(r"/results\?text=summ"))
    page.get_by_role("link", name="Maintenance").click()
    expect(page.get_by_text("Give one condition at least")).to_be_visible()
    page.get_by_role("link", name="Results").click()
    expect(page.get_by_role("textbox", name="Search")).to_have_value("summ")
    expect(page).to_have_url(re.compile(r"/results\?text=summ"))
    go_back_to(page, "/maintenance")
    go_back_to(page, r"/results\?text=summ")
    expect(page.get_by_role("textbox", name="Search")).to_have_value("summ")


def test_a_link_opens_its_own_page_in_a_new_tab(busy_dashboard: str, page: Page) -> None:
    page.goto(busy_dashboard)
    page.get_by_role("link", name="Runs", exact=True).click()
    expect(page).to_have_title("Runs · beautyspot")
    for name in ("Overview", "Results"):
        with page.context.expect_page() as opened:
            page.get_by_role("link", name=name).click(button="middle")
        expect(opened.value).to_have_title(f"{name} · beautyspot")


def test_what_is_ticked_is_in_the_address_which_leads_to_it_again(busy_dashboard: str, page: Page) -> None:
    page.goto(busy_dashboard)
    page.get_by_role("link", name="Results").click()
    choose(page, "Results", 0)
    expect(page).to_have_url(re.compile("key=[0-9a-f]{32}$"))
    first = page.url
    page.get_by_role("button", name="Clear selection: Results").dispatch_event("click")
    expect(page.get_by_text("Tick a row")).to_be_visible()
    expect(page).not_to_have_url(re.compile("key="))
    choose(page, "Results", 1)
    expect(page.get_by_role("heading", name="summarise")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="summarise")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("Tick a row")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="fetch")).to_be_visible()
    expect(page).to_have_url(first)


def test_a_run_leads_to_the_result_that_it_read_and_back(busy_dashboard: str, page: Page) -> None:
    page.goto(busy_dashboard)
    page.get_by_role("link", name="Runs", exact=True).click()
    choose(page, "Runs", 0)
    choose(page, "Trace", 3)
    page.get_by_role("link", name="Its kept result").click()
    expect(page.get_by_role("heading", name="fetch")).to_be_visible()
    expect(page.get_by_text("Input id")).to_be_visible()
    page.get_by_role("link", name="Runs that read or wrote it").click()
    choose(page, "Runs", 0)
    expect(page.get_by_role("heading", name="answer")).to_be_visible()


def test_it_reads_in_japanese_on_a_phone(busy_dashboard: str, browser: Browser, tmp_path: Path) -> None:
    with page_of(browser, **PHONE, locale="ja-JP", color_scheme="dark") as page:
        page.goto(busy_dashboard)
        expect(page.get_by_text("ヒット率").first).to_be_visible()
        expect(page.locator("html")).to_have_attribute("lang", "ja")
        expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        keep(page, tmp_path, "phone-overview")
        page.goto(busy_dashboard.partition("?")[0] + "results")
        choose(page, "結果", 0)
        expect(page.get_by_text('"number"')).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        keep(page, tmp_path, "phone-results")
        page.get_by_text("English").click()
        expect(page.get_by_text("Input id")).to_be_visible()


def test_times_are_those_of_the_zone_that_the_browser_is_in(busy_dashboard: str, browser: Browser) -> None:
    with page_of(browser, timezone_id="Asia/Dhaka") as page:
        page.goto(busy_dashboard)
        page.get_by_role("link", name="Results").click()
        choose(page, "Results", 0)
        facts = page.get_by_test_id("stMarkdown").filter(has_text="Input id")
        expect(facts).to_contain_text("Asia/Dhaka")
        said = datetime.fromisoformat(re.findall(r"Kept (.*) \(", facts.inner_text())[0])
    here = said.replace(tzinfo=timezone(timedelta(hours=6)))
    assert abs(datetime.now(UTC) - here) < timedelta(hours=1)


def test_a_page_that_is_come_back_to_leaves_nothing_in_the_terminal(small_store: Path, page: Page) -> None:
    with dashboard(str(small_store), cwd=small_store.parent) as served:
        page.goto(served.url)
        page.get_by_role("link", name="Runs").click()
        page.get_by_text("Only the beginnings of traces").click()
        expect(page).to_have_url(re.compile("roots=false"))
        page.get_by_role("link", name="Limits").click()
        expect(page.get_by_text("Shared limits")).to_be_visible()
        page.get_by_role("link", name="Runs").click()
        expect(page).to_have_url(re.compile("roots=false"))
        served.process.terminate()
        assert served.process.stderr is not None
        assert served.process.stderr.read() == "Ctrl-C stops it\n"


def test_on_a_phone_nothing_lies_over_a_page_that_was_chosen_or_loaded_again(
    busy_dashboard: str, browser: Browser
) -> None:
    with page_of(browser, **PHONE) as page:
        page.goto(busy_dashboard)
        for name in ("Limits", "Maintenance", "Overview", "Runs", "Results"):  # each is seen and can be clicked
            page.get_by_role("link", name=name, exact=True).click()
            expect(page).to_have_title(f"{name} · beautyspot")
        choose(page, "Results", 0)
        page.reload()
        choose(page, "Results", 0)


def keep(page: Page, tmp_path: Path, name: str) -> None:
    page.set_viewport_size({"width": 390, "height": 1800})
    page.screenshot(path=Path(os.environ.get("BEAUTYSPOT_SCREENSHOTS") or tmp_path) / f"{name}.png")
