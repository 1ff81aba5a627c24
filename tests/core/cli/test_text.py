"""What a terminal is told of times."""

from datetime import UTC, datetime, timedelta

import pytest
from beautyspot.cli.text import age_text, duration_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (4e-6, "4 µs"),
        (0.25, "250 ms"),
        (59, "59 s"),
        (132, "2.2 min"),
        (5400, "1.5 h"),
        (172_800, "2.0 d"),
    ],
)
def test_a_span_comes_in_its_largest_fitting_unit(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(5, "5s ago"), (150, "2min ago"), (7200, "2h ago"), (-60, "0s ago")])
def test_an_age_comes_in_whole_units(seconds: float, text: str) -> None:
    assert age_text(datetime.now(UTC) - timedelta(seconds=seconds)) == text
