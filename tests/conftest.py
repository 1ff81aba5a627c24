"""What the tests of every package stand on, and the servers that they may ask for: the first that asks starts one."""

import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.db import SQLiteTaskDB
from beautyspot.flight import Flight
from beautyspot.testing import FrozenClock

pytest_plugins: tuple[str, ...] = (
    "servers.dashboard",
    "servers.object_stores",
    "servers.openai_api",
    "servers.postgres",
    "servers.pgbouncer",  # after what it stands on, whose asserts pytest could not rewrite else
    "servers.redis",
)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's background is deaf to Ctrl-C, and so would be the processes that tests press it in.
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Unwritable(SQLiteTaskDB):
    is_full = True

    def add_runs(self, rows: Any, /) -> None:
        if self.is_full:
            raise bs.StorageError("full")
        super().add_runs(rows)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def spot(tmp_path: Path, clock: FrozenClock) -> Iterator[bs.Spot]:
    """A Spot whose time stands still."""
    spot = bs.Spot("test", db=tmp_path / "test.db", storage=tmp_path / "blobs", clock=clock)
    yield spot
    spot.shutdown()


@pytest.fixture
def unwritable(tmp_path: Path) -> Iterator[bs.Spot]:
    """A Spot whose database takes no runs until the end of the test."""
    db = Unwritable(tmp_path / "unwritable.db")
    spot = bs.Spot(db=db, storage=tmp_path / "blobs")
    yield spot
    db.is_full = False  # what is lost at the end is warned of
    spot.shutdown()


@pytest.fixture
def until_waited_for() -> Callable[[Flight, int], None]:
    """Waits until so many wait for what others make, or half a minute."""

    def wait(flight: Flight, count: int) -> None:
        table, tick = flight._table, threading.Event()
        for _ in range(3000):
            with table.mutex:
                if sum(len(call.followers) for call in {*table.calls.values()}) >= count:
                    return
            tick.wait(0.01)

    return wait
