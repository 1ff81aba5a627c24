"""Databases behind a SQLAlchemy URL: PostgreSQL first, and a SQLite file as proof that another dialect will do."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from beautyspot.db import TaskDB
from beautyspot.db.sql import SQLTaskDB
from beautyspot.testing import TaskDBContract


@pytest.mark.external_service
class TestPostgreSQL(TaskDBContract):
    @pytest.fixture
    def db(self, postgres_url: str) -> Iterator[TaskDB]:
        with closing(SQLTaskDB(postgres_url)) as db:
            yield db


class TestSQLiteThroughSQLAlchemy(TaskDBContract):
    @pytest.fixture
    def db(self, tmp_path: Path) -> Iterator[TaskDB]:
        with closing(SQLTaskDB(f"sqlite:///{tmp_path}/a.db")) as db:
            yield db
