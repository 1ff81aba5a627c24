"""How two kept values differ: no difference is said only of what is the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import beautyspot as bs
import numpy as np
import pandas as pd
import polars as pl
import pytest
from beautyspot.catalog import Catalog
from beautyspot_dashboard.results.differences import Difference, difference, lines_of

Compare = Callable[[Any, Any], Difference]


@pytest.fixture
def compare(tmp_path: Path) -> Compare:
    def compare(one: Any, other: Any) -> Difference:
        path = tmp_path / f"{len(list(tmp_path.glob('*.db')))}.db"
        with bs.Spot("t", db=path, storage=tmp_path / "blobs") as spot:
            for name, value in (("one", one), ("other", other)):
                spot.mark(named(name, value))()
        with Catalog.open(path) as catalog:
            tasks = [catalog.tasks(function=f"app.{name}").rows[0] for name in ("one", "other")]
            return difference(catalog.values(bs.LocalStorage(tmp_path / "blobs")), *tasks)

    return compare


def text_frame(word: str) -> pd.DataFrame:
    return pd.DataFrame({"v": pd.Series([word], dtype=object)})


def named(name: str, value: Any) -> Callable[[], Any]:
    def function() -> Any:
        return value

    function.__module__, function.__qualname__ = "app", name
    return function


@pytest.mark.parametrize("value", ["owls", b"owls", {"a": [1]}, None, "x" * 2_000_000, pd.DataFrame({"a": [1]})])
def test_the_same_value_has_no_difference(compare: Compare, value: Any) -> None:
    assert compare(value, value).how == "same"


def test_lines_that_differ_are_told_as_diff_does(compare: Compare) -> None:
    found = compare("a\nb\nc", "a\nx\nc")
    assert (found.how, found.at) == ("lines", 2)
    assert "-b\n+x\n c" in found.lines


def test_a_row_in_the_middle_of_a_long_frame_is_found(compare: Compare) -> None:
    frame = pd.DataFrame({"a": range(2000)})
    found = compare(frame, frame.assign(a=frame["a"].replace(1000, -7)))
    assert found.how == "lines"
    assert "@@ -1000,7 +1000,7 @@\n 997,997" in found.lines
    assert "-1000,1000\n+1000,-7" in found.lines


def test_only_so_many_lines_are_compared_and_that_is_said(compare: Compare) -> None:
    found = compare("\n".join(map(str, range(5000))), "\n".join(map(str, range(1, 5001))))
    assert found.how == "some_lines"
    assert "4999" not in found.lines


def test_an_item_in_the_middle_of_a_long_array_is_found_also_within_a_dict(compare: Compare) -> None:
    one, other = np.arange(5000), np.arange(5000)
    other[2500] = -1
    assert "-1" in compare(one, other).lines
    assert compare({"x": [one]}, {"x": [other]}).how == "some_lines"


def test_ends_of_lines_are_told(compare: Compare) -> None:
    found = compare("x\r\ny", "x\ny\n")
    assert found.how == "lines"
    assert r"-'x\r\n'" in found.lines


def test_long_texts_are_compared_from_their_first_difference_on(compare: Compare) -> None:
    found = compare("x\n" * 600_000, "x\n" * 600_000 + "y")
    assert (found.how, found.at) == ("some_lines", 1_200_000)
    assert "+y" in found.lines


def test_bytes_tell_where_they_differ_first(compare: Compare) -> None:
    assert compare(b"abc" * 200_000, b"abc" * 199_999 + b"abd") == Difference("bytes", at=599_999)
    assert compare(b"abc", b"abcd") == Difference("bytes", at=3)


@pytest.mark.parametrize(("one", "other"), [("owls", b"owls"), ("1", 1), (b"", [])])
def test_a_text_is_never_the_same_as_another_kind_of_value(compare: Compare, one: Any, other: Any) -> None:
    assert compare(one, other).how == "kinds"


def test_what_lines_do_not_show_is_a_difference(compare: Compare) -> None:
    assert compare({"a": 1, "b": np.float32(0.1)}, {"a": 1, "b": np.float64(0.1)}).how != "same"
    assert "int32" in compare(np.arange(3, dtype="int32"), np.arange(3, dtype="int64")).lines


def test_long_structures_that_differ_say_so_without_lines(compare: Compare) -> None:
    assert compare(["x" * 900_000, "a", "y" * 200_000], ["x" * 900_000, "b", "y" * 200_000]) == Difference("long")


def test_a_frame_in_lines_has_its_types_and_every_row() -> None:
    lines = lines_of(pd.DataFrame({"a": range(500)}))
    assert (lines[0], len(lines)) == ("a: int64", 502)


@pytest.mark.parametrize(
    ("one", "other", "line"),
    [
        ([10**5000], [10**5000 + 1], f"+['{hex(10**5000 + 1)}']"),
        ({(1, 10**5000): 1}, {(1, 10**5000): 2}, f"+{{(1, '{hex(10**5000)}'): 2}}"),
        (pd.DataFrame({"v": [[1, 2]]}), pd.DataFrame({"v": [[1, 3]]}), '+0,"[1, 3]"'),
        (np.array([b"a"]), np.array([b"b"]), "+[b'b']"),
        (text_frame("y"), text_frame("\ud800"), "+0,\\ud800"),
    ],
    ids=["integer", "key", "lists", "bytes", "half a letter"],
)
def test_values_that_are_hard_to_write_are_compared(compare: Compare, one: Any, other: Any, line: str) -> None:
    assert line in compare(one, other).lines.splitlines()


def test_a_column_that_arrow_does_not_know_is_compared() -> None:
    frames = [pl.DataFrame({"v": [2**70 + more]}, schema={"v": pl.Int128}) for more in (0, 1)]
    assert [lines_of(frame)[-1] for frame in frames] == [f"0,{2**70}", f"0,{2**70 + 1}"]
