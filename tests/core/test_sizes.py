"""Sizes as people write them."""

from typing import Any

import pytest
from beautyspot.errors import ConfigurationError
from beautyspot.sizes import bytes_of, bytes_text


@pytest.mark.parametrize(
    ("size", "size_bytes"),
    [(0, 0), (4_000_000, 4_000_000), ("500MB", 500_000_000), ("5 gb", 5_000_000_000), ("1.5kB", 1500), ("1MiB", 2**20)],
)
def test_a_size_is_read_as_people_write_it(size: int | str, size_bytes: int) -> None:
    assert bytes_of(size) == size_bytes


@pytest.mark.parametrize("size", [-1, "5 apples", "GB", "", "nan", "1e999", None, True, [5], "5GBGB"])
def test_what_is_no_size_is_refused_by_its_name(size: Any) -> None:
    with pytest.raises(ConfigurationError, match="not a size") as caught:
        bytes_of(size)
    assert repr(size) in str(caught.value)


def test_a_size_that_no_float_holds_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="not a size: <int of 16610 bits>"):
        bytes_of(10**5000)


def test_a_size_reads_as_it_is_written() -> None:
    assert [bytes_text(bytes_of(text)) for text in ("999 B", "5.0 GB", "500 MB")] == ["999 B", "5.0 GB", "500 MB"]
