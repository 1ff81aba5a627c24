"""The lines of Python that load a result elsewhere."""

from pathlib import Path
from typing import Any

import pytest
from beautyspot.catalog import Catalog
from beautyspot.records import Task
from beautyspot.storage import create_storage
from beautyspot_dashboard.place import Place
from beautyspot_dashboard.results.loading import loading


@pytest.fixture
def task(small_store: Path) -> Task:
    with Catalog.open(small_store) as catalog:
        return catalog.tasks(function="fetch").rows[0]


def test_the_storage_that_has_the_blob_is_named_though_it_is_not_the_first(small_store: Path, task: Task) -> None:
    folders = ("empty", "blobs", "none")
    place = Place(str(small_store), [create_storage(small_store.parent / name) for name in folders])
    names: dict[str, Any] = {}
    exec(loading(place, task), names)
    assert names["value"]["number"] == 7


def test_a_value_in_its_row_needs_no_storage(small_store: Path) -> None:
    with Catalog.open(small_store) as catalog:
        task = catalog.tasks(function="summarise").rows[0]
    code = loading(Place(str(small_store)), task)
    assert "create_storage" not in code
    exec(code)


def test_a_bucket_is_named(small_store: Path, task: Task) -> None:
    pytest.importorskip("boto3")
    assert "create_storage('s3://box/mine')" in loading(
        Place(str(small_store), [create_storage("s3://box/mine")]), task
    )


def test_a_server_is_named_with_user_and_options_and_a_note_where_the_password_belongs(task: Task) -> None:
    code = loading(Place("postgresql+psycopg://me:p%40ss@host:5432/db?sslmode=require&sslpassword=x"), task)
    assert "me:PASSWORD@host:5432/db?sslmode=require&sslpassword=PASSWORD" in code
    assert code.startswith("# put the password in place of PASSWORD\n")
    assert "ss@" not in code


def test_a_server_without_a_password_needs_no_note(task: Task) -> None:
    assert "PASSWORD" not in loading(Place("postgresql+psycopg://me@host/db"), task)
