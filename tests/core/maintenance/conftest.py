"""A store of known results, and ways to damage it."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest


class Kept:
    """A store in a folder: `load(n)` is inline, `read(n)` a blob."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "test.db"
        self.blobs = bs.LocalStorage(folder / "blobs")

    def fill(self, count: int, *, inline: Callable[[int], object] = lambda number: f"{number}," * 700) -> None:
        with bs.Spot("test", db=self.path, storage=self.blobs) as spot:

            @spot.mark(tags=("red",))
            def load(number: int) -> object:
                return inline(number)

            @spot.mark(save_blob=True)
            def read(number: int) -> bytes:
                return b"x" * number

            for number in range(count):
                load(number)
            read(1), read(2)
            load(0)
            spot.shutdown()

    def ask(self, statement: str) -> list[Any]:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            return connection.execute(statement).fetchall()

    def overwrite_pages(self, share: float, count: int = 1) -> None:
        """Put noise on `count` pages of results, from a `share` of the file on."""
        page_bytes, pages = self.ask("PRAGMA page_size")[0][0], self.ask("PRAGMA page_count")[0][0]
        self.ask("PRAGMA wal_checkpoint(TRUNCATE)")
        with open(self.path, "r+b") as file:
            file.seek(int(pages * share) * page_bytes)
            file.write(b"\xff" * page_bytes * count)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)
