"""Two results side by side."""

from pathlib import Path

import beautyspot as bs
from streamlit.testing.v1 import AppTest


def script(folder: str) -> None:
    from pathlib import Path

    from beautyspot.storage.local import LocalStorage
    from beautyspot_dashboard.place import Place
    from beautyspot_dashboard.results.comparison import show_comparison

    place = Place(str(Path(folder) / "t.db"), (LocalStorage(Path(folder) / "blobs"),))
    one, other = place.catalog().tasks().rows
    show_comparison(place, one, other)
    place.close()


def test_values_that_can_not_be_compared_are_shown_and_that_is_said(tmp_path: Path) -> None:
    with bs.Spot("t", db=tmp_path / "t.db", storage=tmp_path / "blobs") as spot:
        for power in (5000, 6000):  # Python writes no number of so many digits
            spot.mark(lambda power: {10**power})(power)
    app = AppTest.from_function(script, args=(str(tmp_path),), default_timeout=120).run()
    assert not app.exception
    assert "can't be compared" in app.warning[0].value
    assert sorted(hex(10**power) in "".join(each.value for each in app.json) for power in (5000, 6000)) == [True, True]
