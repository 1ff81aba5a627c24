"""The dashboard as a person meets it: the real command, a real browser, a real store."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from servers.dashboard import dashboard

pytestmark = pytest.mark.external_service


def test_a_result_is_chosen_and_shown(small_store: Path, page: Page, shoot: Callable[[str], object]) -> None:
    with dashboard(str(small_store), "--storage", str(small_store.parent / "blobs"), cwd=small_store.parent) as served:
        page.goto(served.url)
        page.get_by_role("link", name="Results").click()
        expect(page.get_by_test_id("stDataFrame")).to_be_visible()
        page.get_by_test_id("stDataFrame").click(position={"x": 14, "y": 35 + 17})
        expect(page.get_by_text("Input id")).to_be_visible()
        shoot("results")
