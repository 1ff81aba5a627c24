from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from beautyspot.db import MemoryTaskDB, SQLiteTaskDB, TaskDB
from beautyspot.testing import TaskDBContract


class TestSQLite(TaskDBContract):
    @pytest.fixture
    def db(self, tmp_path: Path) -> Iterator[TaskDB]:
        with closing(SQLiteTaskDB(tmp_path / "a.db")) as db:
            yield db


class TestMemory(TaskDBContract):
    @pytest.fixture
    def db(self) -> TaskDB:
        return MemoryTaskDB()
