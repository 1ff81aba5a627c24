"""A real PostgreSQL for the tests."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import psycopg
import pytest
from servers.programs import free_port, program

SETTINGS = {
    "fsync": "off",  # a killed server loses nothing by it, only a machine without power does
    "listen_addresses": "127.0.0.1",
    "max_connections": "150",
    "shared_buffers": "16MB",
}
PATIENCE_S = 120.0


class Postgres:
    """One server, with a database of its own for each test that asks."""

    def __init__(self, folder: Path, user: tuple[str, ...]) -> None:
        self._folder = folder
        self._user = user
        """A command in front: the server refuses to run as root."""
        self._numbers = count()
        self.port = free_port()
        self._data = folder / "data"
        initdb = program("initdb", "postgresql")
        self._run(initdb, "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.start()

    def url(self, name: str, *, port: int | None = None) -> str:
        """Return the URL of a database, which a password that the server doesn't ask for is part of."""
        return f"postgresql://postgres:secret@127.0.0.1:{port or self.port}/{name}"

    def create(self) -> str:
        """Make an empty database and return its name."""
        name = f"test_{next(self._numbers)}"
        self.ask(f"CREATE DATABASE {name} TEMPLATE template0")
        return name

    def create_schema(self) -> str:
        """Make an empty schema in the server's first database and return its name."""
        name = f"test_{next(self._numbers)}"
        self.ask(f"CREATE SCHEMA {name}")
        return name

    def ask(self, statement: str, *values: object, database: str = "postgres") -> list[tuple]:
        """Return the rows of one statement, past everything of ours."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        """Start the server, and return once it answers."""
        settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        command = [program("postgres", "postgresql"), "-D", str(self._data), "-p", str(self.port)]
        command += ["-k", str(self._folder), *settings]
        with open(self._folder / "log", "ab") as log:
            self._server = subprocess.Popen([*self._user, *command], stdout=log, stderr=log)
        deadline_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                self.ask("SELECT 1")
                return
            except psycopg.OperationalError:
                assert self._server.poll() is None, (self._folder / "log").read_text()
                assert time.monotonic() < deadline_s
                time.sleep(0.02)

    def stop(self) -> None:
        """End the server as an administrator does who doesn't wait for its clients."""
        self._server.send_signal(signal.SIGINT)
        self._server.wait(PATIENCE_S)

    def kill(self) -> None:
        """Kill every process of the server, as a crash would, and return once they are gone."""
        self._server.send_signal(signal.SIGSTOP)  # else it makes more of them while they are listed
        listed = Path(f"/proc/{self._server.pid}/task/{self._server.pid}/children").read_text()
        children = [int(pid) for pid in listed.split()]
        for pid in (self._server.pid, *children):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._server.wait(PATIENCE_S)
        deadline_s = time.monotonic() + PATIENCE_S
        while any(map(_runs, children)):  # the next server refuses the shared memory that one of them still holds
            assert time.monotonic() < deadline_s
            time.sleep(0.01)

    def restart(self) -> None:
        """Stop it and start it again."""
        self.stop()
        self.start()

    def close(self) -> None:
        """End it, if it runs."""
        if self._server.poll() is None:
            self.stop()

    def _run(self, *command: str) -> None:
        done = subprocess.run([*self._user, *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def _runs(pid: int) -> bool:
    """Say whether a process is there and has not ended; one that nobody waits for stays as a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def as_nobody(folder: Path) -> tuple[str, ...]:
    """Return the command in front that takes root's power away, and let that user have the folder."""
    if os.geteuid():
        return ()
    shutil.chown(folder, "nobody", "nogroup")
    return (program("setpriv", "util-linux"), "--reuid=nobody", "--regid=nogroup", "--clear-groups")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server that runs until the tests are over."""
    # Not below pytest's own folder: that is for one user alone, and the path of a socket must be short.
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        server = Postgres(Path(folder), as_nobody(Path(folder)))
        yield server
        server.close()


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    """The URL of an empty schema, which is made in a tenth of the time that a database takes."""
    return postgres.url("postgres") + f"?options=-csearch_path%3D{postgres.create_schema()}"
