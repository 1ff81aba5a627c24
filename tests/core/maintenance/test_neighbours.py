"""Databases beside the one that is cleaned, which can't be read."""

import beautyspot as bs
import pytest
from beautyspot.maintenance.neighbours import telling_why


def test_a_database_that_another_program_holds_is_waited_for_not_repaired() -> None:
    held = "can't read 'a.db': database is locked; another program holds it; wait, or end it"
    with pytest.raises(bs.StorageError) as raised, telling_why("a.db"):
        raise bs.StorageError(held)
    assert "and its rows may name blobs of this storage; wait, or end it" in str(raised.value)
    assert "repair" not in str(raised.value)
