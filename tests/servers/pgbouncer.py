"""A pooler before the PostgreSQL of the tests."""

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from servers.postgres import PATIENCE_S, Postgres, as_nobody
from servers.programs import free_port, program

SETTINGS = """
[databases]
* = host=127.0.0.1 port={server} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
"""


@contextmanager
def running(server: int, mode: str, size: int) -> Iterator[int]:
    """Run a pooler of `size` sessions with the server at the port, and give its own port once it answers."""
    with tempfile.TemporaryDirectory(prefix="pgbouncer-", dir="/tmp") as folder:
        port, settings = free_port(), Path(folder) / "settings.ini"
        settings.write_text(SETTINGS.format(server=server, port=port, mode=mode, size=size))
        command = [*as_nobody(Path(folder)), program("pgbouncer", "pgbouncer"), "--quiet", str(settings)]
        pooler = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            deadline_s = time.monotonic() + PATIENCE_S
            while not _listens(port):
                assert pooler.poll() is None, f"pgbouncer ended with {pooler.returncode}"
                assert time.monotonic() < deadline_s
                time.sleep(0.01)
            yield port
        finally:
            pooler.terminate()
            pooler.wait(PATIENCE_S)


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == os.EX_OK


@pytest.fixture
def pooled_url(postgres: Postgres) -> Iterator[Callable[[str, int], str]]:
    """Makes the URL of an empty database behind a pooler, which works in a mode and has so many sessions."""
    with ExitStack() as poolers:

        def make(mode: str, size: int) -> str:
            return postgres.url(postgres.create(), port=poolers.enter_context(running(postgres.port, mode, size)))

        yield make
