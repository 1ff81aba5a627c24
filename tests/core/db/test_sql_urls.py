"""URLs of SQL databases: one database has one name, however it is spelled."""

from contextlib import closing
from pathlib import Path

import beautyspot as bs
import pytest
from beautyspot.db import SQLTaskDB
from beautyspot.db.sql.urls import address_of, canonical_name, engine_at
from beautyspot.workspace import blob_folder_on_server
from servers.postgres import Postgres
from servers.programs import free_port


def name_of(url: str) -> str:
    return canonical_name(engine_at(address_of(url)))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://h:5432/db",
        "postgres://H/db",
        "postgresql://h/db?connect_timeout=3&statement_timeout=100",
        "postgresql:///db?port=5432&host=h",
        "postgresql:///?host=h&dbname=db",
        "postgresql:///db?host=h:5432",
    ],
)
def test_a_database_has_one_name_however_its_url_is_spelled(url: str) -> None:
    assert name_of(url) == name_of("postgresql://h/db")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://h/other",
        "postgresql://i/db",
        "postgresql://h:5433/db",
        "postgresql:///db?host=h&host=i",
        "postgresql:///db?host=/var/run/postgresql",
        "postgresql://h/db?options=-c%20search_path%3Dmine",
    ],
)
def test_another_database_has_another_name(url: str) -> None:
    assert name_of(url) != name_of("postgresql://h/db")


@pytest.mark.parametrize("url", ["postgresql://me:secret@h/db", "postgresql:///db?port=5432&host=h&user=me"])
def test_a_user_whose_schema_may_be_another_has_another_name_without_the_password(url: str) -> None:
    assert name_of(url) == name_of("postgresql://me@h/db") != name_of("postgresql://you@h/db")
    assert "secret" not in name_of(url)


def test_users_who_are_given_one_schema_share_its_name() -> None:
    told = "h/db?options=-c%20search_path%3Dmine"
    assert name_of(f"postgresql://me@{told}") == name_of(f"postgresql://you@{told}")


def test_databases_of_services_and_of_addresses_are_told_apart() -> None:
    options = ["service=x", "service=y", "hostaddr=10.0.0.1", "hostaddr=10.0.0.2", "service=x&hostaddr=10.0.0.1"]
    assert len({name_of(f"postgresql:///db?{each}") for each in ["", *options]}) == 6


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql://H/db", "postgresql://h:5432/db"),
        ("postgresql:///db?options=-c%20search_path%3Dmine", "postgresql://:5432/db?search_path=mine"),
    ],
)
def test_a_name_stays_what_it_is_as_a_folder_is_named_after_it(url: str, name: str) -> None:
    assert name_of(url) == name


def test_several_hosts_of_one_port_are_named_alike() -> None:
    assert name_of("postgresql:///db?host=a:5433&host=b:5433") == name_of("postgresql:///db?host=A,b&port=5433,5433")


@pytest.mark.parametrize(
    ("url", "servers"),
    [
        ("postgresql://u@/db?host=a,b&port=5433", "a:5433,b:5433"),
        ("postgresql:///db?host=a&host=b&port=5433", "a:5433,b:5433"),
        ("postgresql:///db?host=a,b&port=1,2", "a:1,b:2"),
        ("postgresql://u:p%40@a:1,b:2/db", "a:1,b:2"),
        ("postgres://a,b:5433/db", "a:5432,b:5433"),
        ("postgresql+psycopg://[::1]:1,b/db?connect_timeout=3", "::1:1,b:5432"),
    ],
)
def test_several_hosts_are_those_that_libpq_has(url: str, servers: str) -> None:
    assert name_of(url).startswith(f"postgresql://{servers}/db")


def test_hosts_without_a_port_each_are_refused_with_what_to_give() -> None:
    with pytest.raises(bs.ConfigurationError, match="give one port for all"):
        name_of("postgresql:///db?host=a,b&port=1,2,3")


@pytest.mark.external_service
def test_the_next_host_serves_where_the_first_is_away(postgres: Postgres) -> None:
    away = f"@127.0.0.1:{free_port()},"
    with closing(SQLTaskDB(postgres.url(postgres.create()).replace("@", away))) as db:
        assert db.get("key") is None


def blob() -> bytes:
    return b"blob"


def misses(url: str, storage: str | None = None) -> int:
    with bs.Spot("app", db=url, storage=storage) as spot:
        marked = spot.mark(save_blob=True)(blob)
        assert marked() == b"blob"
        return marked.cache_info().misses


@pytest.mark.external_service
def test_a_blob_that_was_kept_under_one_spelling_is_a_hit_under_another(postgres: Postgres, workspace: Path) -> None:
    url = postgres.url(postgres.create())
    other = url.replace("postgresql://", "postgresql+psycopg://") + "?connect_timeout=5"
    assert [misses(url), misses(other)] == [1, 0]


@pytest.mark.external_service
def test_a_blob_in_a_folder_named_after_the_url_is_found(postgres: Postgres, workspace: Path) -> None:
    url = postgres.url(postgres.create())
    former = blob_folder_on_server("app", SQLTaskDB(url).name)
    assert [misses(url, former), misses(url)] == [1, 0]
