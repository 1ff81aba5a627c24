"""What a page remembers, for a person who doesn't wait for it."""

import re
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, expect
from streamlit.proto.BackMsg_pb2 import BackMsg

pytestmark = pytest.mark.external_service
CHOICES = [
    ("Overview", "overview?range=24h", "30 days", "range=30d"),
    ("Limits", "limits?range=24h", "30 days", "range=30d"),
    ("Maintenance", "maintenance?work=clean", "Verify", "work=verify"),
]
PAUSES_MS = ((0, 0), (40, 0), (100, 30))


def go(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).click()


def show(page: Page, dashboard: str, path: str) -> None:
    page.goto(urljoin(dashboard, path))
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_visible()
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)  # what comes above moves what is to be clicked


def told(page: Page) -> list[BackMsg]:
    """Return a list to which is added, from now on, what the browser tells the server of its own accord by no timer."""
    messages: list[BackMsg] = []

    def add(data: str | bytes) -> None:
        message = BackMsg.FromString(data if isinstance(data, bytes) else data.encode())
        if message.HasField("rerun_script") and not message.rerun_script.is_auto_rerun:
            messages.append(message)

    page.on("websocket", lambda socket: socket.on("framesent", add))
    return messages


def choose(page: Page, label: str, messages: list[BackMsg]) -> None:
    """Click, and return when the server is told: a busy browser shows a choice well before it tells of it."""
    messages.clear()
    page.get_by_text(label, exact=True).click()
    while not messages:
        page.wait_for_timeout(1)


@pytest.mark.parametrize(("name", "path", "label", "said"), CHOICES, ids=[each[0] for each in CHOICES])
def test_a_choice_outlasts_clicks_that_come_before_it_is_shown(
    name: str, path: str, label: str, said: str, busy_dashboard: str, page: Page
) -> None:
    messages = told(page)
    page.goto(busy_dashboard)
    for before_ms, between_ms in PAUSES_MS:
        show(page, busy_dashboard, path)
        choose(page, label, messages)
        page.wait_for_timeout(before_ms)
        go(page, "Results")
        page.wait_for_timeout(between_ms)
        go(page, name)
        expect(page).to_have_title(f"{name} · beautyspot")
        expect(page).to_have_url(re.compile(f"{said}$"))
        expect(page.get_by_role("radio", name=label)).to_be_checked()


@pytest.mark.parametrize("pause_ms", [0, 60])
def test_a_word_outlasts_clicks_that_come_before_its_results(pause_ms: int, busy_dashboard: str, page: Page) -> None:
    messages = told(page)
    page.goto(busy_dashboard)
    show(page, busy_dashboard, "results")
    page.get_by_role("textbox", name="Search").fill("summ")
    page.get_by_role("textbox", name="Search").press("Enter")
    page.wait_for_timeout(pause_ms)
    go(page, "Runs")
    choose(page, "Only the beginnings of traces", messages)
    go(page, "Results")
    expect(page.get_by_role("textbox", name="Search")).to_have_value("summ")
    expect(page).to_have_url(re.compile(r"/results\?text=summ$"))
    go(page, "Runs")
    expect(page).to_have_url(re.compile(r"/runs\?roots=false$"))
    expect(page.get_by_role("switch", name="Only the beginnings of traces")).not_to_be_checked()


@pytest.mark.parametrize(("path", "label", "said"), [each[1:] for each in CHOICES], ids=[each[0] for each in CHOICES])
def test_a_choice_is_one_step_of_the_way_back_and_forth(
    path: str, label: str, said: str, busy_dashboard: str, page: Page
) -> None:
    page.goto(busy_dashboard)
    show(page, busy_dashboard, path)
    page.get_by_text(label, exact=True).click()
    expect(page).to_have_url(re.compile(f"{said}$"))
    page.go_back()
    expect(page.get_by_role("radio", name=label)).not_to_be_checked()
    expect(page).to_have_url(re.compile(re.escape(path) + "$"))
    page.go_forward()
    expect(page.get_by_role("radio", name=label)).to_be_checked()
    page.reload()
    expect(page.get_by_role("radio", name=label)).to_be_checked()


def test_what_was_cleared_stays_cleared(busy_dashboard: str, page: Page) -> None:
    page.goto(busy_dashboard)
    show(page, busy_dashboard, "results?text=owls&order=oldest")
    search = page.get_by_role("textbox", name="Search")
    search.fill("")
    search.press("Enter")
    go(page, "Runs")
    go(page, "Results")
    expect(search).to_have_value("")
    expect(page).to_have_url(re.compile(r"/results\?order=oldest$"))
