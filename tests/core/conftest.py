"""What every test of the core stands on."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import beautyspot as bs
import pytest
from beautyspot.testing import FrozenClock


@pytest.fixture
def spot(tmp_path: Path, clock: FrozenClock) -> Iterator[bs.Spot]:
    spot = bs.Spot("test", db=tmp_path / "test.db", storage=tmp_path / "blobs", tpm=60, clock=clock)
    yield spot
    spot.shutdown()


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def without_power() -> Callable[..., str]:
    """Run code in a process that file modes bind, which they don't for root, and return what it prints."""
    command = [sys.executable, "-W", "error", "-c"]
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            pytest.skip("root may write everywhere, and setpriv is not here")
        command = [setpriv, "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all", *command]

    def run(code: str, *args: str) -> str:
        done = subprocess.run([*command, code, *args], capture_output=True, text=True, check=False, timeout=60)
        assert done.stderr == ""
        return done.stdout

    return run
