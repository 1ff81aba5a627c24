from contextlib import closing
from pathlib import Path

import beautyspot as bs
import pytest
from beautyspot.catalog import Catalog
from beautyspot.db import SQLTaskDB
from servers.postgres import Postgres
from sqlalchemy.exc import SQLAlchemyError

pytestmark = pytest.mark.external_service


def test_a_server_is_asked_without_being_changed(postgres: Postgres, tmp_path: Path) -> None:
    name = postgres.create()
    with pytest.raises(bs.ConfigurationError, match="holds no kept results"):
        Catalog.open(postgres.url(name))
    assert postgres.ask("SELECT 1 FROM information_schema.tables WHERE table_schema = 'public'", database=name) == []
    spot = bs.Spot("test", db=postgres.url(name), storage=tmp_path)
    spot.run(lambda: (1, 2))
    spot.shutdown()
    with Catalog.open(postgres.url(name)) as catalog:
        assert catalog.values().read(catalog.tasks().rows[0]) == (1, 2)
        with catalog.source.engine.connect() as sql, pytest.raises(SQLAlchemyError, match="read-only"):
            sql.exec_driver_sql("DELETE FROM tasks")


def test_a_server_of_a_later_release_is_refused(postgres: Postgres) -> None:
    name = postgres.create()
    with closing(SQLTaskDB(postgres.url(name))) as db:
        db.open()
    postgres.ask("INSERT INTO beautyspot_revision VALUES (999)", database=name)
    with pytest.raises(bs.NewerFileError, match="999"):
        Catalog.open(postgres.url(name))


def test_a_server_that_cannot_be_reached_is_said_so_without_its_password(postgres: Postgres) -> None:
    with pytest.raises(bs.StorageError, match="make the database on the server") as caught:
        Catalog.open(postgres.url("nowhere"))
    assert "secret" not in str(caught.value)
