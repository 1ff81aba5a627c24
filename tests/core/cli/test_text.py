"""What a terminal is told of ages."""

from datetime import UTC, datetime, timedelta

import pytest
from beautyspot.cli.text import age_text


@pytest.mark.parametrize(("seconds", "text"), [(5, "5s ago"), (150, "2min ago"), (7200, "2h ago"), (-60, "0s ago")])
def test_an_age_comes_in_whole_units(seconds: float, text: str) -> None:
    assert age_text(datetime.now(UTC) - timedelta(seconds=seconds)) == text
