"""The programs that the servers of the tests are: found, or the test is skipped, but never in CI."""

import os
import shutil
import socket
import sys
from pathlib import Path

import pytest

DEBIAN = Path("/usr/lib/postgresql")
"""Debian keeps PostgreSQL's programs off the PATH, one folder for each version."""


def program(name: str, package: str) -> str:
    """Return the path of the program; without it the test is skipped, and in CI it fails."""
    beside_python = str(Path(sys.executable).parent)
    found = shutil.which(name) or shutil.which(name, path=beside_python)
    found = found or next(map(str, sorted(DEBIAN.glob(f"*/bin/{name}"), reverse=True)), None)
    if found is None:
        missing = f"{name} is not installed; apt-get install {package}"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
