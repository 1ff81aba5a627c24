"""What the caches of embedding models warn of."""

import warnings

import pytest
from beautyspot.errors import CacheReadWarning, CacheSaveWarning
from beautyspot.notices import Notices
from beautyspot.vectors import warn_of_another_model, warn_of_no_vectors


def test_another_model_of_that_name_is_told_with_the_way_out() -> None:
    with pytest.warns(CacheReadWarning, match=r"'a\.b' have other dimensions .*; give it model="):
        warn_of_another_model(Notices(), "a.b", "give it model=")


def test_what_is_no_vector_is_told_with_its_number() -> None:
    with pytest.warns(CacheSaveWarning, match=r"'a\.b' gave 2 of 5 vectors that are empty"):
        warn_of_no_vectors(Notices(), "a.b", bad=2, count=5)


def test_each_trouble_of_each_model_is_told_once() -> None:
    notices = Notices()
    with warnings.catch_warnings(record=True, action="always") as told:
        for name in ("a", "b", "a"):
            warn_of_another_model(notices, name, "give it model=")
            warn_of_no_vectors(notices, name, bad=1, count=1)
    assert len(told) == 4
