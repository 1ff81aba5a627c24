"""What every test of the core stands on."""

from collections.abc import Iterator
from pathlib import Path

import beautyspot as bs
import pytest
from beautyspot.testing import FrozenClock


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def spot(tmp_path: Path, clock: FrozenClock) -> Iterator[bs.Spot]:
    spot = bs.Spot("test", db=tmp_path / "test.db", storage=tmp_path / "blobs", tpm=60, clock=clock)
    yield spot
    spot.shutdown()


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path
