"""What the tests of databases share."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest


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
