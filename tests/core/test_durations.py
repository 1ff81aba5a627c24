"""Spans of time as people write and read them."""

from datetime import timedelta
from typing import Any

import pytest
from beautyspot.durations import duration_text, seconds
from beautyspot.errors import ConfigurationError


@pytest.mark.parametrize(
    ("duration", "expected_s"),
    [
        (90, 90),
        (0.5, 0.5),
        ("90", 90),
        ("15m", 900),
        ("2h", 7200),
        ("7d", 604_800),
        (" 1.5w ", 907_200),
        (timedelta(hours=1), 3600),
    ],
)
def test_seconds(duration: Any, expected_s: float):
    assert seconds(duration) == expected_s


@pytest.mark.parametrize(
    "duration",
    [0, -1, True, "", "d", "7 days", "inf", float("nan"), None, [], timedelta(0), pytest.param(10**400, id="huge")],
)
def test_what_is_no_span_of_time_is_named(duration: Any):
    with pytest.raises(ConfigurationError, match="span of time"):
        seconds(duration)


@pytest.mark.parametrize("duration", [1e18, "999999w", timedelta.max])
def test_a_span_of_time_that_no_date_can_hold_is_refused_with_the_longest(duration: Any):
    with pytest.raises(ConfigurationError, match="at most '365000d'"):
        seconds(duration)


@pytest.mark.parametrize(
    ("span_s", "text"),
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
def test_a_span_comes_in_its_largest_fitting_unit(span_s: float, text: str) -> None:
    assert duration_text(span_s) == text


def test_text_is_not_told_of_what_no_shell_can_say():
    with pytest.raises(ConfigurationError, match="give seconds above 0, or text like '7d'"):
        seconds("abc")
    with pytest.raises(ConfigurationError, match="give seconds above 0, a timedelta, or text like '7d'"):
        seconds(0)
