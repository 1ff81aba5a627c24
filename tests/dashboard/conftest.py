"""A small store, and what keeps the screenshots."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest
from playwright.sync_api import Page

SCREENSHOTS = "BEAUTYSPOT_SCREENSHOTS"
"""Names the folder that keeps the screenshots; without it they go with the test's own folder."""


@pytest.fixture
def small_store(tmp_path: Path) -> Path:
    """Three results of two functions: two texts and a dict."""
    path = tmp_path / "small.db"
    with bs.Spot("small", db=path, storage=tmp_path / "blobs") as spot:

        @spot.mark(tags=("draft",), version="2", content_type="text/plain")
        def summarise(topic: str) -> str:
            return f"All about {topic}."

        @spot.mark(save_blob=True)
        def fetch(number: int) -> dict[str, object]:
            return {"number": number, "rows": [{"a": 1}, {"a": 2}]}

        summarise("owls")
        summarise("foxes")
        fetch(7)
    return path


@pytest.fixture
def shoot(page: Page, tmp_path: Path) -> Callable[[str], Any]:
    """Return what keeps a screenshot of the whole page under a name."""
    folder = Path(os.environ.get(SCREENSHOTS) or tmp_path / "screenshots")
    return lambda name: page.screenshot(path=folder / f"{name}.png", full_page=True)
