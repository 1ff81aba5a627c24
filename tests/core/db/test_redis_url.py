"""URLs of Redis servers: one database has one name, however it is spelled."""

import pytest
from beautyspot.db.redis_url import parse


@pytest.mark.parametrize(
    "url",
    ["redis://H", "redis://h:6379/0", "redis://me:secret@h/?db=0", "redis://h/3?db=0&socket_timeout=1", "rediss://h"],
)
def test_a_database_has_one_name_however_its_url_is_spelled(url: str) -> None:
    assert parse(url).canonical_name == parse("redis://h").canonical_name


@pytest.mark.parametrize("url", ["redis://h/1", "redis://h:6380", "redis://i", "redis://h?prefix=mine", "unix:///h"])
def test_another_database_has_another_name(url: str) -> None:
    assert parse(url).canonical_name != parse("redis://h").canonical_name


def test_a_socket_is_a_name_whoever_asks() -> None:
    names = {parse(url).canonical_name for url in ("unix:///a/b", "unix://me:secret@/a/b", "unix:///a/b?db=0")}
    assert len(names) == 1
